"""The DNS server outside, to which the Pods forward: one address for any name, after a while."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from tests.rolling.namespaces import Namespace
from tests.rolling.network import OUTSIDE

DELAY = 0.3
"""Seconds that an answer takes: so long are queries under way."""


@contextlib.asynccontextmanager
async def answering(namespace: Namespace) -> AsyncIterator[None]:
    """Answer over UDP and TCP."""
    udp, tcp = namespace.socket(socket.SOCK_DGRAM), namespace.socket(socket.SOCK_STREAM)
    for sock in (udp, tcp):
        sock.bind((OUTSIDE, 53))
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(_Datagrams, sock=udp)
    server = await asyncio.start_server(_serve, sock=tcp)
    try:
        yield
    finally:
        transport.close()
        server.close()


def _response(packet: bytes) -> bytes:
    has_answer = packet.endswith(b"\0\1\0\1")  # not to `loop`, which asks for HINFO, nor with an OPT
    answer = b"\xc0\x0c\0\1\0\1\0\0\0\x1e\0\4\xc0\0\2\1" if has_answer else b""
    return packet[:2] + b"\x81\x80\0\1\0" + bytes([has_answer]) + b"\0\0\0\0" + packet[12:] + answer


class _Datagrams(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        asyncio.get_running_loop().call_later(DELAY, self._transport.sendto, _response(data), addr)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    # Cancelled when the loop ends, which asyncio would call an error.
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
        while True:
            length = int.from_bytes(await reader.readexactly(2), "big")
            response = _response(await reader.readexactly(length))
            await asyncio.sleep(DELAY)
            writer.write(len(response).to_bytes(2, "big") + response)
    writer.close()
