"""Upstreams for tests: they do with each query what a script says, and remember what they were sent.

A script is called with a query and returns what to send back, in order: octets at once, a number to wait
that many seconds, `RST` to abort the stream, `END` to close it.
"""

import asyncio
import errno
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager

import dns.flags
import dns.message
import dns.rrset

from kdns.upstreams.options import Address
from kdns.wire.replies import Reply

PATIENCE = 20.0  # seconds after which something that should have happened never will

RST, END = "rst", "end"
Script = Callable[[bytes], Iterable[bytes | float | str]]


def query(name: str = "www.Example.org.", rtype: str = "A", id: int = 0x1234, **options: object) -> bytes:
    message = dns.message.make_query(name, rtype, id=id, **options)  # type: ignore[arg-type]
    return message.to_wire()


def answer(query: bytes, *addresses: str, rcode: int = 0, ttl: int = 300) -> bytes:
    """Return a well-formed reply: these addresses, 192.0.2.1 if there are none and the RCODE is NOERROR."""
    asked = dns.message.from_wire(query)
    message = dns.message.make_response(asked)
    message.set_rcode(dns.rcode.Rcode(rcode))
    if not rcode:
        texts = addresses or ("192.0.2.1",)
        message.answer.append(dns.rrset.from_text(asked.question[0].name, ttl, "IN", "A", *texts))
    return message.to_wire()


def with_id(octets: bytes, change: int = 1) -> bytes:
    """Return the message with another id."""
    return struct.pack("!H", struct.unpack("!H", octets[:2])[0] ^ change) + octets[2:]


def truncated(query: bytes) -> bytes:
    message = dns.message.make_response(dns.message.from_wire(query))
    message.flags |= dns.flags.TC
    return message.to_wire()


def good(query: bytes) -> list[bytes | float | str]:
    return [answer(query)]


def silent(query: bytes) -> list[bytes | float | str]:
    return []


def addresses_in(reply: Reply) -> list[str]:
    message = dns.message.from_wire(reply.octets)
    return sorted(rdata.to_text() for rrset in message.answer for rdata in rrset)


async def until(condition: Callable[[], object]) -> None:
    """Wait until `condition()` holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what is waited for does not know of it
            await asyncio.sleep(0.005)


def soon() -> float:
    """A deadline that no test should reach."""
    return asyncio.get_running_loop().time() + PATIENCE


class Dummy:
    """What both kinds share. `script` may be replaced; `queries` are those that came, `peers` from where."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.queries: list[bytes] = []
        self.peers: list[tuple[str, int]] = []
        self.address = Address("127.0.0.1", 0)
        self._tasks: set[asyncio.Task[None]] = set()

    def _take(self, query: bytes, peer: tuple[str, int], act: Callable[[bytes | str], None]) -> None:
        self.queries.append(query)
        self.peers.append(peer)
        task = asyncio.get_running_loop().create_task(self._perform(self.script(query), act))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @staticmethod
    async def _perform(steps: Iterable[bytes | float | str], act: Callable[[bytes | str], None]) -> None:
        for step in steps:
            if isinstance(step, bytes | str):
                act(step)
            else:
                await asyncio.sleep(step)

    async def _stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)


class UdpDummy(Dummy, asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport
        self.address = Address(*transport.get_extra_info("sockname")[:2])

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        def act(step: bytes | str) -> None:
            assert isinstance(step, bytes)
            self.transport.sendto(step, addr)

        self._take(data, addr, act)


class StreamDummy(Dummy):
    """Remembers its connections, each by the queries that came over it."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self.connections: list[list[bytes]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine: list[bytes] = []
        self.connections.append(mine)

        def act(step: bytes | str) -> None:
            if step == RST:
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
            elif step == END:
                writer.close()
            elif isinstance(step, bytes):
                writer.write(len(step).to_bytes(2, "big") + step)

        try:
            while True:
                size = int.from_bytes(await reader.readexactly(2), "big")
                packet = await reader.readexactly(size)
                mine.append(packet)
                self._take(packet, writer.get_extra_info("peername")[:2], act)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.transport.abort()


@asynccontextmanager
async def udp_dummy(script: Script = good, port: int = 0) -> AsyncIterator[UdpDummy]:
    loop = asyncio.get_running_loop()
    transport, dummy = await loop.create_datagram_endpoint(
        lambda: UdpDummy(script), local_addr=("127.0.0.1", port)
    )
    try:
        yield dummy
    finally:
        await dummy._stop()
        transport.close()


@asynccontextmanager
async def stream_dummy(
    script: Script = good, tls: ssl.SSLContext | None = None
) -> AsyncIterator[StreamDummy]:
    dummy = StreamDummy(script)
    sessions: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sessions.add(asyncio.current_task())  # type: ignore[arg-type]
        try:
            await dummy.serve(reader, writer)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", ssl=tls)
    dummy.address = Address(*server.sockets[0].getsockname()[:2])
    try:
        yield dummy
    finally:
        server.close()
        await dummy._stop()
        for session in sessions:
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)


@asynccontextmanager
async def both_dummies(
    udp: Script = good, stream: Script = good
) -> AsyncIterator[tuple[UdpDummy, StreamDummy]]:
    """Two dummies at the same port, which has to be found."""
    while True:
        async with stream_dummy(stream) as second:
            try:
                async with udp_dummy(udp, second.address.port) as first:
                    yield first, second
                    return
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise


@contextmanager
def closed_port() -> Iterator[Address]:
    """Give an address at which nothing listens, over UDP or TCP, and nobody else begins to."""
    while True:
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            stream.bind(("127.0.0.1", 0))
            address = Address(*stream.getsockname())
            try:
                datagrams.bind(address)
            except OSError:
                continue
            datagrams.connect(address)  # what comes from anywhere else is refused
            yield address
            return
