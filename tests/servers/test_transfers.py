"""Transfers in turn: with fake receivers, and over connections."""

import asyncio
import contextlib
import itertools
import socket
from collections.abc import AsyncIterator, Awaitable, Iterator

import pytest

from kdns.answering.clients import Answer, Client
from kdns.servers.addresses import parse_listen
from kdns.servers.binding import bind_all
from kdns.servers.limits import Limits, Quota
from kdns.servers.tcp import TcpListener
from kdns.servers.transfers import Transfers
from tests.servers.script import PATIENCE, until


class Fake:
    """A receiver that notes what happens to it."""

    def __init__(self, blocks_after: int = 1 << 30) -> None:
        self.is_blocked = False
        self.messages: list[bytes] = []
        self.pauses = 0
        self.ends: list[Exception | None] = []
        self.blocks_after = blocks_after

    def take(self, message: bytes) -> None:
        self.messages.append(message)
        self.is_blocked = len(self.messages) % self.blocks_after == 0

    def paused(self) -> None:
        self.pauses += 1

    def transferred(self, error: Exception | None) -> None:
        self.ends.append(error)


class Made:
    """Messages that note how many of them were asked for, and whether they were given up."""

    def __init__(self, *messages: bytes) -> None:
        self.asked = 0
        self.is_closed = False
        self._messages = messages

    def __iter__(self) -> Iterator[bytes]:
        try:
            for message in self._messages:
                self.asked += 1
                yield message
        finally:
            self.is_closed = True


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each look at the clock be two milliseconds after the one before: a slice is one message."""
    ticks = itertools.count(0, 0.0021)
    monkeypatch.setattr("kdns.servers.transfers.time.perf_counter", lambda: next(ticks))


async def test_transfers_take_turns_and_so_do_others(turns: None) -> None:
    transfers, order = Transfers(limit=10), list[str]()
    receivers = {name: Fake() for name in "abc"}
    for name, receiver in receivers.items():
        receiver.paused = lambda name=name: order.append(name)  # type: ignore[method-assign, misc]
        transfers.add(receiver, iter(Made(b"1", b"", b"2")))
    while not all(receiver.ends for receiver in receivers.values()):
        order.append("other")
        await asyncio.sleep(0)
    assert [receiver.messages for receiver in receivers.values()] == [[b"1", b"2"]] * 3
    assert [receiver.ends for receiver in receivers.values()] == [[None]] * 3
    assert "".join(order).replace("other", ".")[:19] == ".a.b.c.a.b.c.a.b.c."


async def test_without_the_clock_a_slice_is_as_long_as_it_takes() -> None:
    transfers, receiver = Transfers(limit=1), Fake()
    transfers.add(receiver, iter([b"1", b"2"]))
    assert receiver.messages == []
    await until(lambda: receiver.ends)
    assert (receiver.messages, receiver.ends) == ([b"1", b"2"], [None])


async def test_as_many_as_the_limit_are_begun_and_the_others_in_their_order() -> None:
    transfers = Transfers(limit=2)
    receivers = [Fake(blocks_after=1) for _ in range(4)]
    made = [Made(b"1", b"2") for _ in receivers]
    for receiver, messages in zip(receivers, made, strict=True):
        transfers.add(receiver, iter(messages))
    await until(lambda: receivers[1].messages)
    assert [messages.asked for messages in made] == [1, 1, 0, 0]
    assert [transfers.is_waiting(receiver) for receiver in receivers] == [False, False, True, True]
    transfers.drop(receivers[0])
    await until(lambda: receivers[2].messages)
    assert [messages.asked for messages in made] == [1, 1, 1, 0]
    transfers.drop(receivers[3])
    transfers.drop(receivers[1])
    await asyncio.sleep(0.01)
    assert made[3].asked == 0
    assert [messages.is_closed for messages in made] == [True, True, False, False]


async def test_a_blocked_receiver_costs_nothing_until_it_is_resumed() -> None:
    transfers, receiver, made = Transfers(limit=1), Fake(blocks_after=1), Made(b"1", b"2", b"3")
    transfers.resume(receiver)
    transfers.add(receiver, iter(made))
    for number in (1, 2, 3):
        await until(lambda number=number: len(receiver.messages) == number)  # type: ignore[misc]
        await asyncio.sleep(0.01)
        assert (made.asked, receiver.ends) == (number, [])
        receiver.is_blocked = False
        transfers.resume(receiver)
    await until(lambda: receiver.ends)
    transfers.resume(receiver)
    transfers.drop(receiver)
    assert receiver.ends == [None]


async def test_a_defect_ends_one_transfer_only() -> None:
    def broken() -> Iterator[bytes]:
        yield b"1"
        raise RuntimeError("a defect")

    transfers, receivers = Transfers(limit=2), [Fake(), Fake()]
    transfers.add(receivers[0], broken())
    transfers.add(receivers[1], iter([b"1", b"2"]))
    await until(lambda: all(receiver.ends for receiver in receivers))
    assert [str(error) for error in receivers[0].ends] == ["a defect"]
    assert receivers[1].ends == [None]


# Over connections


class World:
    """A listener whose `respond` begins a transfer of `N SIZE` messages; other queries come back."""

    def __init__(self) -> None:
        self.begun = self.ended = self.made = 0
        self.others = asyncio.Event()

    def respond(self, packet: bytes, client: Client) -> Answer | Awaitable[Answer]:
        if packet.startswith(b"late "):
            return self._late(packet[5:])
        if packet[:1].isdigit():
            return self._messages(*map(int, packet.split()))
        return b"re " + packet

    async def _late(self, packet: bytes) -> Answer:
        await asyncio.sleep(0)
        return self._messages(*map(int, packet.split()))

    def _messages(self, number: int, size: int) -> Iterator[bytes]:
        self.begun += 1
        try:
            for index in range(number):
                self.made += 1
                yield b""
                yield index.to_bytes(4, "big") + bytes(size - 4)
            if number == 13:
                raise RuntimeError("a defect in a transfer")
        finally:
            self.ended += 1

    @contextlib.asynccontextmanager
    async def listening(self, **limits: float) -> AsyncIterator[TcpListener]:
        udp, tcp = bind_all(parse_listen("127.0.0.1:0"))
        udp.close()
        quota = Quota(Limits(**{"sweep": 0.02, **limits}))  # type: ignore[arg-type]
        listener = TcpListener(tcp, self.respond, quota)
        await listener.start()
        self.listener = listener
        yield listener
        listener.close()
        await until(lambda: not quota.connections)
        await until(lambda: self.begun == self.ended)

    async def connect(self, receive_buffer: int = 0) -> "Stream":
        sock = socket.socket()
        sock.setblocking(False)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        await asyncio.get_running_loop().sock_connect(sock, self.listener.address)
        return Stream(*await asyncio.open_connection(sock=sock, limit=1024))


class Stream:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def ask(self, *packets: bytes) -> None:
        self.writer.write(b"".join(len(packet).to_bytes(2, "big") + packet for packet in packets))

    async def receive(self) -> bytes:
        async with asyncio.timeout(PATIENCE):
            length = int.from_bytes(await self.reader.readexactly(2), "big")
            return await self.reader.readexactly(length)

    async def numbers(self, count: int) -> list[int]:
        return [int.from_bytes((await self.receive())[:4], "big") for _ in range(count)]

    async def is_closed(self) -> bool:
        async with asyncio.timeout(PATIENCE):
            try:
                await self.reader.read()
            except ConnectionError:
                return True
            return self.reader.at_eof()


@pytest.fixture
async def world() -> World:
    return World()


async def test_a_transfer_comes_whole_and_what_was_asked_after_it_after_it(world: World) -> None:
    async with world.listening() as listener:
        client = await world.connect()
        client.ask(b"before", b"40 65535", b"3 5", b"after")
        assert await client.receive() == b"re before"
        assert await client.numbers(40) == [*range(40)]
        assert await client.numbers(3) == [*range(3)]
        assert await client.receive() == b"re after"
        assert (listener.counters.received, listener.counters.sent) == (4, 45)
        client.writer.close()


async def test_a_transfer_may_have_to_be_waited_for(world: World) -> None:
    async with world.listening():
        client = await world.connect()
        client.ask(b"late 3 60000")
        assert await client.numbers(3) == [*range(3)]
        client.writer.close()


async def test_a_client_that_has_stopped_sending_gets_all_of_it(world: World) -> None:
    async with world.listening():
        client = await world.connect()
        client.ask(b"20 60000")
        client.writer.write_eof()
        assert await client.numbers(20) == [*range(20)]
        assert await client.is_closed()


async def test_draining_lets_a_transfer_end(world: World) -> None:
    async with world.listening() as listener:
        client = await world.connect(receive_buffer=4096)
        client.ask(b"100 60000")
        await until(lambda: world.made)
        draining = asyncio.create_task(listener.drain(PATIENCE))
        assert await client.numbers(100) == [*range(100)]
        await draining
        assert await client.is_closed()


async def test_who_does_not_read_holds_little_and_loses_the_connection_after_a_while(world: World) -> None:
    async with world.listening(write=0.3) as listener:
        client = await world.connect(receive_buffer=4096)
        client.ask(b"10000 60000")
        await until(lambda: listener.counters.closed.get("slow"))
        assert world.made < 200, "of ten thousand"
        await until(lambda: world.ended == 1)
        client.writer.close()


async def test_who_reads_slowly_keeps_the_connection(world: World) -> None:
    async with world.listening(write=1.0):
        client = await world.connect(receive_buffer=4096)
        client.ask(b"100 60000")
        for number in range(100):
            assert await client.numbers(1) == [number]
            await asyncio.sleep(0.02)
        client.writer.close()


async def test_who_goes_away_ends_the_transfer(world: World) -> None:
    async with world.listening():
        client = await world.connect(receive_buffer=4096)
        client.ask(b"10000 60000")
        await client.receive()
        client.writer.transport.abort()
        await until(lambda: world.ended == 1)
        assert world.made < 1000


async def test_a_defect_in_a_transfer_aborts_it_so_that_nobody_takes_it_for_whole(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async with world.listening() as listener:
        client = await world.connect()
        client.ask(b"13 100", b"after")
        assert await client.numbers(13) == [*range(13)]
        assert await client.is_closed()
        assert listener.counters.dropped == {"raised": 1}
        assert "a defect in a transfer" in caplog.text


async def test_hundreds_at_once_are_all_served_a_few_at_a_time(world: World) -> None:
    async with world.listening(transfers=4):
        most, number = 0, 300

        async def one() -> None:
            nonlocal most
            client = await world.connect()
            client.ask(b"5 60000")
            assert await client.numbers(5) == [*range(5)]
            most = max(most, world.begun - world.ended)
            client.writer.close()

        await asyncio.gather(*(one() for _ in range(number)))
        assert world.begun == number
        assert most <= 4


async def test_queries_are_answered_between_the_messages_of_transfers(world: World, turns: None) -> None:
    async with world.listening():
        clients = [await world.connect() for _ in range(5)]
        other = await world.connect()
        for client in clients:
            client.ask(b"500 100")
        made = list[int]()
        while len(made) < 20:
            other.ask(b"x")
            assert await other.receive() == b"re x"
            made.append(world.made)
        assert made[0] < 2500, "it did not wait for the transfers"
        assert max(after - before for before, after in itertools.pairwise(made)) < 50
        for client in clients:
            assert await client.numbers(500) == [*range(500)]
            client.writer.close()
        other.writer.close()


async def test_a_connection_whose_transfer_waits_goes_for_a_new_one(world: World) -> None:
    async with world.listening(transfers=1, connections=2) as listener:
        busy, waiting = await world.connect(receive_buffer=4096), await world.connect()
        busy.ask(b"10000 60000")
        await until(lambda: world.made)
        waiting.ask(b"5 100")
        await until(lambda: listener.counters.received == 2)
        other = await world.connect()
        other.ask(b"x")
        assert await other.receive() == b"re x"
        assert await waiting.is_closed()
        assert listener.counters.closed == {"evicted": 1}
        for client in (busy, other):
            client.writer.close()
