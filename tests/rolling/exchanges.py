"""One exchange with a DNS server: a query out, its answer in, over UDP and TCP."""

import asyncio
import itertools
import socket
from collections.abc import Sequence

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_numbers = itertools.count()


def outside_name() -> str:
    """Return a name outside the cluster that nobody has asked for yet."""
    return f"n{next(_numbers)}.example.com"


def query(name: str) -> bytes:
    """Return a query for the A records of a name."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    header = (next(_numbers) % 65536).to_bytes(2, "big") + b"\x01\x00\0\1\0\0\0\0\0\0"
    return header + labels + b"\0\0\1\0\1"


def is_answer(response: bytes, packet: bytes) -> bool:
    """Tell whether `response` answers a query, with at least one record and no error."""
    return (
        response[:2] == packet[:2]
        and response[2] & 0x80 != 0
        and response[3] & 0xF == 0
        and response[6:8] != b"\0\0"
    )


async def ask(
    sock: socket.socket, packet: bytes, patience: float, where: tuple[str, int] | None = None
) -> None:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(patience):
        if where is None:
            sock.send(packet)
        else:
            sock.sendto(packet, where)
        while (response := await loop.sock_recv(sock, 4096))[:2] != packet[:2]:
            continue
    if not is_answer(response, packet):
        raise ConnectionError(f"RCODE {response[3] & 0xF}")


async def exchange(streams: Streams, queries: Sequence[bytes]) -> list[bytes]:
    """Ask everything in one piece and return what is not answered when the connection ends."""
    reader, writer = streams
    left = {packet[:2]: packet for packet in queries}
    writer.write(b"".join(len(packet).to_bytes(2, "big") + packet for packet in queries))
    while left:
        try:
            length = int.from_bytes(await reader.readexactly(2), "big")
            response = await reader.readexactly(length)
        except asyncio.IncompleteReadError:
            break
        packet = left.pop(response[:2])
        if not is_answer(response, packet):
            raise ConnectionError(f"RCODE {response[3] & 0xF}")
    return list(left.values())


def close(streams: Streams | None) -> None:
    if streams is not None:
        streams[1].close()
