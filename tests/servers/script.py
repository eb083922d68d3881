"""A `respond` that does what the packet tells it to, and clients that give up after a while."""

import asyncio
import socket

import pytest

from kdns.answering.clients import Client

PATIENCE = 20.0  # seconds after which something that should have happened never will


class Script:
    """Responds by the first word of a packet, see `respond`; with "re " and the packet to any other.

    What is to come later comes when `gate` is set.
    """

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.packets: list[bytes] = []

    def respond(self, packet: bytes, client: Client):  # type: ignore[no-untyped-def]
        self.packets.append(packet)
        word, _, rest = packet.partition(b" ")
        match word:
            case b"silent":
                return None
            case b"raise":
                raise RuntimeError("as the packet says")
            case b"size":
                return b"x" * int(rest)
            case b"later" | b"fail" | b"latersize":
                return self._later(word, rest)
            case b"who":
                return f"{client.is_stream} {client.address[0]} {client.address[1]}".encode()
        return b"re " + packet

    async def _later(self, word: bytes, rest: bytes) -> bytes | None:
        await self.gate.wait()
        if word == b"fail":
            raise RuntimeError("as the packet says")
        if word == b"latersize":
            return b"x" * int(rest)
        return None if rest == b"silent" else b"late " + rest


def udp_client(address: tuple[str, int], bound_to: str = "") -> socket.socket:
    """Return a socket connected to `address`: it hears what comes from there and nothing else."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    client = socket.socket(family, socket.SOCK_DGRAM)
    client.setblocking(False)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    if bound_to:
        client.bind((bound_to, 0))
    client.connect(socket.getaddrinfo(*address, family, client.type)[0][4])  # which reads "%eth0", too
    return client


async def receive(client: socket.socket) -> bytes:
    return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(client, 65535), PATIENCE)


async def until(condition) -> None:  # type: ignore[no-untyped-def]
    """Wait until `condition()` holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what is waited for does not know of it
            await asyncio.sleep(0.005)


def need_ipv6() -> None:
    """Skip the test, with one line, on a machine without ::1."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError as error:
        pytest.skip(f"no IPv6 here: ::1 cannot be bound ({error.strerror})")
