import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import AsyncIterator

import pytest

from kdns.servers.addresses import parse_listen
from kdns.servers.binding import bind_all
from kdns.servers.limits import Limits, Quota
from kdns.servers.tcp import TcpListener
from kdns.servers.tcp_shared import READ_OCTETS
from tests.servers.script import PATIENCE, Script, need_ipv6, until


class TcpClient:
    """A connection that speaks frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, *packets: bytes) -> None:
        """Send packets in one go, each in its frame."""
        self.send_raw(b"".join(frame(packet) for packet in packets))

    def send_raw(self, octets: bytes) -> None:
        self.writer.write(octets)

    async def receive(self) -> bytes:
        async with asyncio.timeout(PATIENCE):
            length = int.from_bytes(await self.reader.readexactly(2), "big")
            return await self.reader.readexactly(length)

    async def is_closed(self) -> bool:
        """Wait for the end of the connection; tell whether nothing more came before it."""
        async with asyncio.timeout(PATIENCE):
            try:
                return await self.reader.read() == b""
            except ConnectionResetError:
                return True


def frame(packet: bytes) -> bytes:
    return len(packet).to_bytes(2, "big") + packet


@pytest.fixture
def script() -> Script:
    return Script()


class Serving:
    """Opens listeners and clients, and closes them in the end."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.listeners: list[TcpListener] = []
        self.clients: list[TcpClient] = []

    async def listen(self, text: str = "127.0.0.1:0", **limits: float) -> TcpListener:
        udp, tcp = bind_all(parse_listen(text))
        udp.close()
        quota = Quota(Limits(**{"sweep": 0.02, **limits}))  # type: ignore[arg-type]
        listener = TcpListener(tcp, self.script.respond, quota)
        self.listeners.append(listener)
        await listener.start()
        return listener

    async def connect(self, receive_buffer: int | None = None) -> TcpClient:
        host, port = self.listeners[0].address
        sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        sock.setblocking(False)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            await asyncio.get_running_loop().sock_connect(sock, (host, port))
        except OSError:
            sock.close()
            raise
        reader, writer = await asyncio.open_connection(sock=sock, limit=1024)
        self.clients.append(TcpClient(reader, writer))
        return self.clients[-1]


@pytest.fixture
async def serving(script: Script) -> AsyncIterator[Serving]:
    made = Serving(script)
    yield made
    for client in made.clients:
        client.writer.close()
        with contextlib.suppress(OSError):
            await client.writer.wait_closed()
    for listener in made.listeners:
        listener.close()
    quotas = [listener._shared.quota for listener in made.listeners]
    await until(lambda: not any(quota.connections or quota.waiting for quota in quotas))


async def test_a_connection_brings_as_many_queries_as_it_may(serving: Serving) -> None:
    await serving.listen(queries=2)
    client = await serving.connect()
    client.send(b"one", b"two", b"three")
    assert [await client.receive(), await client.receive()] == [b"re one", b"re two"]
    assert await client.is_closed()


async def test_what_was_asked_last_is_waited_for(serving: Serving, script: Script) -> None:
    await serving.listen(queries=1)
    client = await serving.connect()
    client.send(b"later one", b"two")
    await until(lambda: script.packets)
    script.gate.set()
    assert await client.receive() == b"late one"
    assert await client.is_closed()
    assert script.packets == [b"later one"]


async def test_limits_can_change_while_there_are_connections(serving: Serving) -> None:
    listener = await serving.listen()
    client = await serving.connect()
    client.send(b"one")
    assert await client.receive() == b"re one"
    listener.limits = Limits(idle=0.01, sweep=0.02)
    client.send(b"two")
    assert await client.receive() == b"re two"
    assert await client.is_closed()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_query_gets_its_response(serving: Serving, host: str) -> None:
    if host == "::1":
        need_ipv6()
    listener = await serving.listen(f"[{host}]:0" if ":" in host else f"{host}:0")
    client = await serving.connect()
    client.send(b"hello")
    assert await client.receive() == b"re hello"
    client.send(b"who")
    own_host, own_port = client.writer.get_extra_info("sockname")[:2]
    assert await client.receive() == f"True {own_host} {own_port}".encode()
    assert (listener.counters.opened, listener.counters.received, listener.counters.sent) == (1, 2, 2)


async def test_many_queries_in_one_segment_are_answered_in_order(serving: Serving) -> None:
    await serving.listen()
    client = await serving.connect()
    packets = [b"number %d" % number for number in range(2000)]
    client.send(*packets)
    for packet in packets:
        assert await client.receive() == b"re " + packet


async def test_queries_may_be_cut_anywhere(serving: Serving) -> None:
    await serving.listen()
    client = await serving.connect()
    octets = frame(b"one") + frame(b"two") + frame(b"three")
    for octet in octets:
        client.send_raw(bytes([octet]))
        await client.writer.drain()
        await asyncio.sleep(0.001)
    assert [await client.receive() for _ in range(3)] == [b"re one", b"re two", b"re three"]
    for cut in range(1, len(octets)):
        client.send_raw(octets[:cut])
        await asyncio.sleep(0.001)
        client.send_raw(octets[cut:])
        assert [await client.receive() for _ in range(3)] == [b"re one", b"re two", b"re three"]


async def test_messages_of_any_size_fit(serving: Serving) -> None:
    await serving.listen()
    client = await serving.connect()
    longest = b"y" * 65532
    client.send(b"x", longest, b"size 65535", b"size 0", b"z")
    assert [await client.receive() for _ in range(5)] == [
        b"re x",
        b"re " + longest,
        b"x" * 65535,
        b"",
        b"re z",
    ]


async def test_a_response_that_no_frame_can_hold_is_dropped_and_counted(serving: Serving) -> None:
    listener = await serving.listen()
    client = await serving.connect()
    client.send(b"size 65536", b"a")
    assert await client.receive() == b"re a"
    assert listener.counters.dropped == {"overlong": 1}


async def test_a_response_that_is_ready_overtakes_one_that_is_not(serving: Serving) -> None:
    await serving.listen()
    client = await serving.connect()
    client.send(b"later a", b"b")
    assert await client.receive() == b"re b"
    serving.script.gate.set()
    assert await client.receive() == b"late a"


async def test_silence_and_failure_leave_the_connection_alone(serving: Serving) -> None:
    listener = await serving.listen()
    serving.script.gate.set()
    client = await serving.connect()
    client.send(b"silent", b"raise", b"later silent", b"fail", b"a")
    assert await client.receive() == b"re a"
    await until(lambda: listener.counters.dropped == {"raised": 2})
    client.send(b"b")
    assert await client.receive() == b"re b"


async def test_no_more_queries_are_taken_than_may_be_awaited_at_once(serving: Serving) -> None:
    await serving.listen(pipelined=4)
    client = await serving.connect()
    client.send(*[b"later %d" % number for number in range(10)], b"now")
    await until(lambda: len(serving.script.packets) >= 4)
    await asyncio.sleep(0.05)
    assert len(serving.script.packets) == 4
    serving.script.gate.set()
    received = {await client.receive() for _ in range(11)}
    assert received == {b"late %d" % number for number in range(10)} | {b"re now"}


async def test_beyond_the_limit_of_the_process_queries_are_dropped_and_counted(serving: Serving) -> None:
    listener = await serving.listen(waiting=2)
    client = await serving.connect()
    client.send(b"later 1", b"later 2", b"later 3", b"now")
    assert await client.receive() == b"re now"
    assert listener.counters.dropped == {"busy": 1}
    serving.script.gate.set()
    assert {await client.receive(), await client.receive()} == {b"late 1", b"late 2"}


async def test_respond_can_be_replaced_while_a_connection_is_open(serving: Serving) -> None:
    listener = await serving.listen()
    client = await serving.connect()
    client.send(b"a")
    assert await client.receive() == b"re a"
    listener.respond = lambda packet, client: b"new " + packet
    client.send(b"a")
    assert await client.receive() == b"new a"


async def test_an_idle_connection_is_closed(serving: Serving) -> None:
    listener = await serving.listen(idle=0.1)
    client = await serving.connect()
    client.send(b"a")
    assert await client.receive() == b"re a"
    assert await client.is_closed()
    assert listener.counters.closed == {"idle": 1}


async def test_a_connection_that_waits_for_a_response_is_not_idle(serving: Serving) -> None:
    await serving.listen(idle=0.05, message=0.05)
    client = await serving.connect()
    client.send(b"later a")
    await asyncio.sleep(0.4)
    serving.script.gate.set()
    assert await client.receive() == b"late a"
    assert await client.is_closed()


async def test_a_connection_that_never_says_anything_is_closed(serving: Serving) -> None:
    listener = await serving.listen(message=0.1)
    client = await serving.connect()
    assert await client.is_closed()
    assert listener.counters.closed == {"incomplete": 1}


@pytest.mark.parametrize("before", [[], [b"a"]], ids=["first", "second"])
async def test_a_message_that_trickles_in_gets_no_more_time_for_it(
    serving: Serving, before: list[bytes]
) -> None:
    listener = await serving.listen(message=0.2)
    client = await serving.connect()
    client.send(*before)
    for packet in before:
        assert await client.receive() == b"re " + packet
    client.send_raw(b"\xff\xff")

    async def trickle() -> None:
        while True:
            client.send_raw(b"x")
            await asyncio.sleep(0.02)

    trickling = asyncio.create_task(trickle())
    assert await client.is_closed()
    trickling.cancel()
    assert listener.counters.closed == {"incomplete": 1}


async def test_a_client_that_does_not_read_is_not_read_from_and_loses_its_connection(
    serving: Serving,
) -> None:
    listener = await serving.listen(write=0.3)
    client = await serving.connect(receive_buffer=4096)
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    query = b"size 60000".ljust(1000)
    client.send(*[query] * 3000)  # asks for 180 MB, far more than any kernel buffers
    held = 0

    def is_over() -> bool:
        nonlocal held
        held = max([held, *[len(connection._inbox) for connection in listener._shared.connections]])
        return bool(listener.counters.closed)

    await until(is_over)
    assert held <= READ_OCTETS + len(query)
    assert listener.counters.closed == {"slow": 1}
    assert len(serving.script.packets) < 1000
    other = await serving.connect()
    other.send(b"a")
    assert await other.receive() == b"re a"


async def test_a_slow_client_that_reads_in_the_end_gets_everything(serving: Serving) -> None:
    await serving.listen()
    client = await serving.connect(receive_buffer=4096)
    client.send(*[b"size 60000"] * 300)
    await until(lambda: len(serving.script.packets) >= 2)
    await asyncio.sleep(0.05)
    for _ in range(300):
        assert await client.receive() == b"x" * 60000


async def test_a_client_that_leaves_its_last_octets_unread_loses_its_connection_too(serving: Serving) -> None:
    listener = await serving.listen(idle=0.1, write=0.1)
    listener._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # its connections inherit that
    client = await serving.connect(receive_buffer=4096)
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    client.send(b"size 60000")  # more than the kernel takes, less than makes the connection slow
    await until(lambda: listener.counters.opened and not listener._shared.connections)
    assert listener.counters.closed == {"idle": 1, "slow": 1}


async def test_the_connection_that_has_been_idle_longest_makes_room_for_a_new_one(serving: Serving) -> None:
    listener = await serving.listen(connections=3)
    clients = []
    for _ in range(3):
        clients.append(await serving.connect())
        clients[-1].send(b"a")
        assert await clients[-1].receive() == b"re a"
    clients[0].send(b"again")
    assert await clients[0].receive() == b"re again"
    new = await serving.connect()
    new.send(b"b")
    assert await new.receive() == b"re b"
    assert await clients[1].is_closed()
    for client in (clients[0], clients[2]):
        client.send(b"c")
        assert await client.receive() == b"re c"
    assert listener.counters.closed == {"evicted": 1}


async def test_a_new_connection_is_refused_while_all_are_busy(serving: Serving) -> None:
    listener = await serving.listen(connections=1)
    busy = await serving.connect()
    busy.send(b"later a")
    await until(lambda: serving.script.packets)
    assert await (await serving.connect()).is_closed()
    assert listener.counters.closed == {"refused": 1}
    serving.script.gate.set()
    assert await busy.receive() == b"late a"


async def test_after_a_half_close_the_client_still_gets_what_it_asked_for(serving: Serving) -> None:
    await serving.listen()
    client = await serving.connect()
    client.send(b"a", b"later b", b"c", b"later d")
    client.writer.write_eof()
    assert [await client.receive() for _ in range(2)] == [b"re a", b"re c"]
    await asyncio.sleep(0.05)
    serving.script.gate.set()
    assert {await client.receive(), await client.receive()} == {b"late b", b"late d"}
    assert await client.is_closed()


async def test_after_a_half_close_even_a_slow_client_gets_what_it_asked_for(serving: Serving) -> None:
    await serving.listen(pipelined=2)
    client = await serving.connect(receive_buffer=4096)
    client.send(*[b"size 60000", b"later a"] * 50)
    client.writer.write_eof()
    serving.script.gate.set()
    received = [await client.receive() for _ in range(100)]
    assert sorted(received) == [b"late a"] * 50 + [b"x" * 60000] * 50
    assert await client.is_closed()


@pytest.mark.parametrize("octets", [b"", b"\x00", b"\x00\x05abc", frame(b"silent") + b"\x01"])
async def test_a_client_that_stops_in_the_middle_is_closed_at_once(serving: Serving, octets: bytes) -> None:
    await serving.listen(idle=PATIENCE * 2, message=PATIENCE * 2)
    client = await serving.connect()
    client.send_raw(octets)
    client.writer.write_eof()
    assert await client.is_closed()


async def test_a_frame_of_length_zero_closes_the_connection_after_what_came_before(serving: Serving) -> None:
    listener = await serving.listen()
    client = await serving.connect()
    client.send_raw(frame(b"a") + b"\x00\x00" + frame(b"b"))
    assert await client.receive() == b"re a"
    assert await client.is_closed()
    assert listener.counters.closed == {"empty frame": 1}
    assert serving.script.packets == [b"a"]


async def test_garbage_leaves_the_server_answering(serving: Serving) -> None:
    await serving.listen(message=0.1)
    noise = random.Random(7)
    for _ in range(100):
        client = await serving.connect()
        client.send_raw(noise.randbytes(noise.randrange(1, 3000)))
        if noise.random() < 0.5:
            client.writer.close()
    client = await serving.connect()
    client.send(b"a")
    assert await client.receive() == b"re a"


async def test_a_reset_by_the_client_gives_up_what_was_awaited_for_it(serving: Serving) -> None:
    listener = await serving.listen()
    client = await serving.connect()
    client.send(b"later a", b"later b")
    await until(lambda: len(serving.script.packets) == 2)
    sock = client.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.writer.transport.abort()
    await until(lambda: not listener._shared.connections and listener._shared.quota.waiting == 0)


async def test_draining_closes_idle_connections_and_finishes_what_is_awaited(serving: Serving) -> None:
    listener = await serving.listen()
    idle, busy = await serving.connect(), await serving.connect()
    idle.send(b"a")
    assert await idle.receive() == b"re a"
    busy.send(b"later b")
    await until(lambda: b"later b" in serving.script.packets)
    draining = asyncio.create_task(listener.drain(PATIENCE))
    assert await idle.is_closed()
    with pytest.raises(OSError):
        await serving.connect()
    serving.script.gate.set()
    assert await busy.receive() == b"late b"
    assert await busy.is_closed()
    await asyncio.wait_for(draining, PATIENCE)


async def test_draining_answers_what_has_arrived_already(serving: Serving) -> None:
    listener = await serving.listen()
    client = await serving.connect()
    client.send(b"a")
    assert await client.receive() == b"re a"
    client.send(b"b")  # is in the server's socket before the loop can look there
    await listener.drain(PATIENCE)
    assert await client.receive() == b"re b"
    assert await client.is_closed()


async def test_draining_gives_up_on_what_does_not_come_within_the_grace(serving: Serving) -> None:
    listener = await serving.listen()
    client = await serving.connect()
    client.send(b"later a")
    await until(lambda: serving.script.packets)
    await asyncio.wait_for(listener.drain(0.05), PATIENCE)
    assert await client.is_closed()


async def test_closing_twice_is_once(serving: Serving) -> None:
    listener = await serving.listen()
    client = await serving.connect()
    listener.close()
    listener.close()
    assert await client.is_closed()
    await listener.drain(0.05)
