"""What listeners do with those who ask while they are being closed."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Iterator

import pytest

from kdns.servers.addresses import parse_listen
from kdns.servers.binding import bind_all
from kdns.servers.limits import Limits, Quota
from kdns.servers.tcp import TcpListener
from kdns.servers.udp_plain import PlainUdpListener
from tests.servers.script import PATIENCE, Script, receive, udp_client, until

Open = Callable[..., TcpListener]


def frame(packet: bytes) -> bytes:
    return len(packet).to_bytes(2, "big") + packet


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def open_tcp(script: Script) -> Iterator[Open]:
    opened: list[TcpListener] = []

    def open_one(**limits: float) -> TcpListener:
        udp, tcp = bind_all(parse_listen("127.0.0.1:0"))
        udp.close()
        quota = Quota(Limits(**{"sweep": 0.02, **limits}))  # type: ignore[arg-type]
        opened.append(TcpListener(tcp, script.respond, quota))
        return opened[-1]

    yield open_one
    for listener in opened:
        listener.close()


@contextlib.contextmanager
def connected(listener: TcpListener) -> Iterator[socket.socket]:
    """Yield a connection that the kernel has made, whatever the listener knows of it."""
    with socket.create_connection(listener.address) as client:
        client.setblocking(False)
        yield client


async def read_all(client: socket.socket) -> bytes:
    """Return all that comes until the server has finished. A reset is an error."""
    octets = b""
    loop = asyncio.get_running_loop()
    while more := await asyncio.wait_for(loop.sock_recv(client, 65_535), PATIENCE):
        octets += more
    return octets


async def ended(draining: "asyncio.Task[None]") -> None:
    await asyncio.wait_for(draining, PATIENCE)


async def test_who_has_connected_but_is_not_accepted_yet_is_served(open_tcp: Open) -> None:
    listener = open_tcp()
    await listener.start()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connected(listener)) for _ in range(200)]
        for client in clients:
            client.send(frame(b"a"))
        draining = asyncio.create_task(listener.drain(PATIENCE))
        for client in clients:
            assert await read_all(client) == frame(b"re a")
        stack.close()
        await ended(draining)


async def test_who_has_connected_is_served_if_there_is_no_room_for_all_at_once(open_tcp: Open) -> None:
    listener = open_tcp(connections=100)
    await listener.start()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connected(listener)) for _ in range(300)]
        for client in clients:
            client.send(frame(b"a"))
        draining = asyncio.create_task(listener.drain(PATIENCE))
        for client in clients:
            assert await read_all(client) == frame(b"re a")
        stack.close()
        await ended(draining)
    assert listener.counters.closed == {}


@pytest.mark.parametrize("begun", [b"", b"\0", frame(b"query")[:-1]])
async def test_a_first_message_is_waited_for(open_tcp: Open, begun: bytes) -> None:
    listener = open_tcp()
    await listener.start()
    with connected(listener) as client:
        client.send(begun)
        await until(lambda: listener.counters.opened)
        draining = asyncio.create_task(listener.drain(PATIENCE))
        await until(lambda: listener._shared.finishing)
        client.send(frame(b"query")[len(begun) :])
        assert await read_all(client) == frame(b"re query")
    await ended(draining)


async def test_a_first_message_is_not_waited_for_longer_than_usual(open_tcp: Open) -> None:
    listener = open_tcp(message=0.1)
    await listener.start()
    with connected(listener) as client:
        await until(lambda: listener.counters.opened)
        await ended(asyncio.create_task(listener.drain(PATIENCE)))
        assert await read_all(client) == b""
    assert listener.counters.closed == {"incomplete": 1}


async def test_who_asks_on_while_a_response_is_awaited_gets_all_of_them(
    open_tcp: Open, script: Script
) -> None:
    listener = open_tcp()
    await listener.start()
    with connected(listener) as client:
        client.send(frame(b"later a"))
        await until(lambda: script.packets)
        draining = asyncio.create_task(listener.drain(PATIENCE))
        await until(lambda: listener._shared.finishing)
        client.send(frame(b"b"))
        await until(lambda: len(script.packets) == 2)
        script.gate.set()
        assert await read_all(client) == frame(b"re b") + frame(b"late a")
    await ended(draining)


async def test_a_query_that_crosses_the_end_is_no_reason_for_a_reset(open_tcp: Open) -> None:
    listener = open_tcp()
    await listener.start()
    with connected(listener) as client:
        client.send(frame(b"a"))
        await until(lambda: listener.counters.sent)
        draining = asyncio.create_task(listener.drain(PATIENCE))
        await until(lambda: any(each._closing for each in listener._shared.connections))
        client.send(frame(b"b"))
        await asyncio.sleep(0.05)  # long enough for a reset to arrive
        client.send(frame(b"c"))
        assert await read_all(client) == frame(b"re a")
        client.shutdown(socket.SHUT_WR)
        await ended(draining)
    assert listener.counters.received == 1


async def test_a_client_that_does_not_notice_the_end_holds_it_up_for_a_moment_only(open_tcp: Open) -> None:
    listener = open_tcp()
    await listener.start()
    with connected(listener) as client:
        client.send(frame(b"a"))
        await until(lambda: listener.counters.sent)
        await ended(asyncio.create_task(listener.drain(2 * PATIENCE)))


async def test_one_query_too_many_does_not_cost_the_response_to_another(open_tcp: Open) -> None:
    listener = open_tcp(queries=1)
    await listener.start()
    with connected(listener) as client:
        client.send(frame(b"size 60000") + 1000 * frame(b"too many"))
        assert await read_all(client) == frame(60_000 * b"x")


async def test_a_client_that_resets_its_connection_meanwhile_ends_only_that(
    open_tcp: Open, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    """The kernel refuses to finish a connection that is not there any more (ENOTCONN)."""
    listener = open_tcp(pipelined=1)
    await listener.start()
    with connected(listener) as other, socket.create_connection(listener.address) as client:
        client.send(frame(b"later silent"))
        await until(lambda: script.packets)
        other.send(frame(b"a"))
        await until(lambda: listener.counters.sent)
        draining = asyncio.create_task(listener.drain(PATIENCE))
        await until(lambda: listener._shared.finishing)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()  # while nothing is read from it
        script.gate.set()
        assert await read_all(other) == frame(b"re a")
    await ended(draining)
    assert caplog.messages == []


async def test_a_reset_just_before_the_end_does_not_keep_others_from_theirs(open_tcp: Open) -> None:
    listener = open_tcp()
    await listener.start()
    clients = [socket.create_connection(listener.address) for _ in range(3)]
    for client in clients:
        client.send(frame(b"a"))
    await until(lambda: listener.counters.sent == 3)
    listener._shared.finishing = True
    for client in clients:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    for connection in list(listener._shared.connections):
        connection.finish()  # in the same turn of the loop, so that nothing has noticed
    await until(lambda: not listener._shared.connections)


async def test_who_was_finished_with_makes_room_before_all_others(open_tcp: Open) -> None:
    listener = open_tcp(queries=1, connections=2)
    await listener.start()
    with connected(listener) as waiting, contextlib.ExitStack() as stack:
        await until(lambda: listener.counters.opened == 1)
        for _ in range(5):
            client = stack.enter_context(connected(listener))
            client.send(frame(b"a"))
            assert await read_all(client) == frame(b"re a")
        waiting.send(frame(b"b"))
        assert await read_all(waiting) == frame(b"re b")
    assert listener.counters.closed == {}


async def test_datagrams_that_come_while_a_response_is_awaited_are_served(script: Script) -> None:
    udp, tcp = bind_all(parse_listen("127.0.0.1:0"))
    tcp.close()
    listener = PlainUdpListener(udp, script.respond, Quota())
    await listener.start()
    with udp_client(listener.address) as client:
        client.send(b"later a")
        await until(lambda: script.packets)
        draining = asyncio.create_task(listener.drain(PATIENCE))
        await asyncio.sleep(0)
        client.send(b"b")
        assert await receive(client) == b"re b"
        script.gate.set()
        assert await receive(client) == b"late a"
        await ended(draining)
