"""A DNS server that answers from a table, over UDP and TCP: what lies beyond the server that is tested.

It answers the same to the same question, whatever was asked before. Owner names have the query's case.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

DATAGRAM = 512
"""Octets of a response that a query without OPT may get over UDP."""


@dataclass(frozen=True)
class Reply:
    """What is said: sections as zone-file lines, absolute names; `@` is the name as it was asked.

    `flags` are those beside QR, RD and CD, such as `AA RA`.
    """

    answer: tuple[str, ...] = ()
    authority: tuple[str, ...] = ()
    additional: tuple[str, ...] = ()
    rcode: str = "NOERROR"
    flags: str = "RA"


Table = Mapping[tuple[str, str], Reply]
"""Name in lower case and type → reply. The type `*` stands for all others; a name `*.x.` for all below x."""


@dataclass
class Upstream:
    """`port` is where it listens, UDP and TCP; `tls_port` where it speaks TLS, if it has a context for it."""

    table: Table
    otherwise: Reply
    tls: ssl.SSLContext | None = None
    port: int = 0
    tls_port: int = 0

    def respond(self, packet: bytes, *, is_stream: bool) -> bytes:
        query = dns.message.from_wire(packet)
        (asked,) = query.question
        name, rtype = asked.name.to_text(), dns.rdatatype.to_text(asked.rdtype)
        reply = self._find(name.lower(), rtype)
        response = dns.message.make_response(query, our_payload=4096)
        response.flags = query.flags & (dns.flags.RD | dns.flags.CD) | dns.flags.QR
        response.flags |= dns.flags.from_text(reply.flags)
        response.set_rcode(dns.rcode.from_text(reply.rcode))
        for section, lines in (
            (response.answer, reply.answer),
            (response.authority, reply.authority),
            (response.additional, reply.additional),
        ):
            section.extend(_record(line, name) for line in lines)
        size = 65535 if is_stream else max(query.payload, DATAGRAM)
        return _cut(response, size)

    def _find(self, name: str, rtype: str) -> Reply:
        for place in _places(name):
            for key in ((place, rtype), (place, "*")):
                if key in self.table:
                    return self.table[key]
        return self.otherwise


def _places(name: str) -> list[str]:
    labels = name.split(".")
    return [name, *(".".join(["*", *labels[start:]]) for start in range(1, len(labels)))]


def _record(line: str, name: str) -> dns.rrset.RRset:
    owner, ttl, rtype, rdata = line.split(maxsplit=3)
    return dns.rrset.from_text(name if owner == "@" else owner, int(ttl), "IN", rtype, rdata)


def _cut(response: dns.message.Message, size: int) -> bytes:
    """Return the response whole, or its header and question with TC set if it is larger than `size`."""
    whole = response.to_wire(max_size=65535)
    if len(whole) <= size:
        return whole
    for section in (response.answer, response.authority, response.additional):
        section.clear()
    response.flags |= dns.flags.TC
    return response.to_wire()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(self._upstream.respond(data, is_stream=False), addr)


class _Connections:
    """Streams that are being answered."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._open: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while True:
                packet = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
                response = self._upstream.respond(packet, is_stream=True)
                writer.write(len(response).to_bytes(2, "big") + response)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.transport.abort()
        finally:
            self._open.discard(writer)

    def close(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()


@asynccontextmanager
async def running(upstream: Upstream) -> AsyncIterator[Upstream]:
    """Serve on ports of 127.0.0.1, the first of which is free for UDP and TCP."""
    connections = _Connections(upstream)
    async with AsyncExitStack() as stack:
        stack.callback(connections.close)
        upstream.port = await _listen(upstream, connections, stack)
        if upstream.tls:
            secure = await asyncio.start_server(connections.serve, "127.0.0.1", ssl=upstream.tls)
            stack.callback(secure.close)
            upstream.tls_port = secure.sockets[0].getsockname()[1]
        yield upstream


async def _listen(upstream: Upstream, connections: _Connections, stack: AsyncExitStack) -> int:
    while True:
        server = await asyncio.start_server(connections.serve, "127.0.0.1")
        port: int = server.sockets[0].getsockname()[1]
        try:
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Datagrams(upstream), local_addr=("127.0.0.1", port)
            )
        except OSError:  # another program has the port for UDP
            server.close()
            continue
        stack.callback(server.close)
        stack.callback(transport.close)
        return port
