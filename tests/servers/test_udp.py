"""Both ways to read a UDP socket must behave alike: every test here runs with each of them."""

import asyncio
import errno
import socket
from collections.abc import Iterator

import pytest

from kdns.servers import mmsg
from kdns.servers.addresses import parse_listen
from kdns.servers.binding import bind_all
from kdns.servers.limits import Limits, Quota
from kdns.servers.udp import UdpListener
from kdns.servers.udp_batched import BatchedUdpListener
from kdns.servers.udp_plain import PlainUdpListener
from tests.servers.script import PATIENCE, Script, need_ipv6, receive, udp_client, until

KINDS = {"batched": BatchedUdpListener, "plain": PlainUdpListener}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> type[UdpListener]:
    if request.param == "batched" and not mmsg.is_available():
        pytest.skip("no recvmmsg here: the C library or the kernel lacks it")
    return KINDS[request.param]


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def open_udp(kind: type[UdpListener], script: Script) -> Iterator:  # type: ignore[type-arg]
    opened: list[UdpListener] = []

    def open_one(text: str = "127.0.0.1:0", limits: Limits | None = None) -> UdpListener:
        udp, tcp = bind_all(parse_listen(text))
        tcp.close()
        opened.append(kind(udp, script.respond, Quota(limits)))
        return opened[-1]

    yield open_one
    for listener in opened:
        listener.close()


@pytest.fixture(params=["127.0.0.1", "::1"])
async def listener(request: pytest.FixtureRequest, open_udp) -> UdpListener:  # type: ignore[no-untyped-def]
    if request.param == "::1":
        need_ipv6()
    opened: UdpListener = open_udp(f"[{request.param}]:0" if ":" in request.param else f"{request.param}:0")
    await opened.start()
    return opened


async def ask(listener: UdpListener, *packets: bytes, responses: int | None = None) -> list[bytes]:
    """Send packets from one socket, in one go; return as many responses as are asked for (one each)."""
    with udp_client(listener.address) as client:
        for packet in packets:
            client.send(packet)
        return [await receive(client) for _ in range(len(packets) if responses is None else responses)]


async def test_a_datagram_gets_its_response(listener: UdpListener) -> None:
    assert await ask(listener, b"hello") == [b"re hello"]
    assert (listener.counters.received, listener.counters.sent) == (1, 1)


async def test_more_datagrams_than_a_batch_holds_are_all_answered_in_order(listener: UdpListener) -> None:
    packets = [b"number %d" % number for number in range(3 * mmsg.SLOTS + 7)]
    assert await ask(listener, *packets) == [b"re " + packet for packet in packets]
    assert listener.counters.sent == len(packets)
    assert listener.counters.dropped == {}


async def test_one_turn_serves_one_batch_at_most(open_udp) -> None:  # type: ignore[no-untyped-def]
    listener = open_udp()
    with udp_client(listener.address) as client:
        for _ in range(mmsg.SLOTS + 6):
            client.send(b"hello")
        assert [listener.serve_batch() for _ in range(3)] == [mmsg.SLOTS, 6, 0]


async def test_each_client_gets_the_response_to_its_own_query(listener: UdpListener) -> None:
    clients = [udp_client(listener.address) for _ in range(50)]
    for turn in range(2):
        for number, client in enumerate(clients):
            client.send(b"%d of %d" % (turn, number))
        for number, client in enumerate(clients):
            assert await receive(client) == b"re %d of %d" % (turn, number)
    for client in clients:
        client.close()


async def test_respond_can_ask_who_the_client_is(listener: UdpListener) -> None:
    with udp_client(listener.address) as client:
        client.send(b"who")
        host, port = client.getsockname()[:2]
        assert await receive(client) == f"False {host} {port}".encode()


async def test_silence_leaves_the_rest_of_the_batch_alone(open_udp) -> None:  # type: ignore[no-untyped-def]
    listener = open_udp()
    packets = [b"silent", b"a", b"silent", b"silent", b"b", b"c", b"silent"]
    with udp_client(listener.address) as client:
        for packet in packets:
            client.send(packet)
        assert listener.serve_batch() == len(packets)
        assert [await receive(client) for _ in range(3)] == [b"re a", b"re b", b"re c"]
    assert listener.counters.sent == 3
    assert listener.counters.dropped == {}


async def test_respond_raising_costs_only_its_own_query(
    listener: UdpListener, caplog: pytest.LogCaptureFixture
) -> None:
    answered = await ask(listener, b"a", b"raise", b"raise", b"b", responses=2)
    assert answered == [b"re a", b"re b"]
    assert listener.counters.dropped == {"raised": 2}
    assert len([record for record in caplog.records if record.exc_info]) == 1  # one log line for any number


@pytest.mark.parametrize("size", [0, 1, 512, 1231, 1232, 1233, 4096, 65507])
async def test_a_response_of_any_legal_size_arrives_between_its_neighbours(
    listener: UdpListener, size: int
) -> None:
    assert sorted(await ask(listener, b"a", b"size %d" % size, b"b"), key=len) == sorted(
        [b"re a", b"x" * size, b"re b"], key=len
    )


async def test_a_short_response_is_not_followed_by_the_rest_of_a_long_one(listener: UdpListener) -> None:
    for size in (1232, 3, 700):
        assert await ask(listener, b"size %d" % size) == [b"x" * size]


async def test_a_response_that_no_datagram_can_hold_is_dropped_and_counted(
    listener: UdpListener, script: Script
) -> None:
    script.gate.set()
    assert await ask(listener, b"size 65508", b"latersize 65508", b"a", responses=1) == [b"re a"]
    await until(lambda: listener.counters.dropped == {"overlong": 2})


@pytest.mark.parametrize("size", [4095, 4096, 4097, 60000])
async def test_of_an_overlong_datagram_the_first_4096_octets_are_seen(
    listener: UdpListener, script: Script, size: int
) -> None:
    packet = b"silent " + bytes(range(256)) * 250
    await ask(listener, packet[:size], b"a", responses=1)
    assert script.packets == [packet[: min(size, 4096)], b"a"]


async def test_an_empty_datagram_is_a_packet_like_any_other(listener: UdpListener) -> None:
    assert await ask(listener, b"") == [b"re "]


async def test_a_response_that_comes_later_goes_to_the_client_that_asked(
    listener: UdpListener, script: Script
) -> None:
    clients = [udp_client(listener.address) for _ in range(4)]
    for number, client in enumerate(clients):
        client.send(b"later %d" % number)
    await until(lambda: len(script.packets) == len(clients))
    await ask(listener, *[b"now"] * (2 * mmsg.SLOTS))  # every slot has another client by now
    script.gate.set()
    for number, client in enumerate(clients):
        assert await receive(client) == b"late %d" % number
        client.close()


async def test_waiting_for_one_response_does_not_hold_up_another(
    listener: UdpListener, script: Script
) -> None:
    with udp_client(listener.address) as client:
        for packet in (b"a", b"later b", b"c"):
            client.send(packet)
        assert [await receive(client) for _ in range(2)] == [b"re a", b"re c"]
        script.gate.set()
        assert await receive(client) == b"late b"


async def test_silence_and_failure_may_come_later_too(listener: UdpListener, script: Script) -> None:
    script.gate.set()
    assert await ask(listener, b"later silent", b"fail", b"later a", responses=1) == [b"late a"]
    await until(lambda: listener.counters.dropped == {"raised": 1})


async def test_beyond_the_limit_of_awaited_responses_queries_are_dropped_and_counted(
    open_udp, script: Script
) -> None:  # type: ignore[no-untyped-def]
    listener = open_udp(limits=Limits(waiting=2))
    await listener.start()
    with udp_client(listener.address) as client:
        for packet in (b"later 1", b"later 2", b"later 3", b"now"):
            client.send(packet)
        assert await receive(client) == b"re now"
        script.gate.set()
        assert {await receive(client), await receive(client)} == {b"late 1", b"late 2"}
        assert listener.counters.dropped == {"busy": 1}
        client.send(b"later 4")
        assert await receive(client) == b"late 4"


async def test_respond_can_be_replaced_while_serving(listener: UdpListener) -> None:
    assert await ask(listener, b"a") == [b"re a"]
    listener.respond = lambda packet, client: b"new " + packet
    assert await ask(listener, b"a") == [b"new a"]


async def test_one_batch_sees_one_respond(open_udp) -> None:  # type: ignore[no-untyped-def]
    listener = open_udp()

    def first(packet: bytes, client: object) -> bytes:
        listener.respond = lambda packet, client: b"new"
        return b"old"

    listener.respond = first
    with udp_client(listener.address) as client:
        client.send(b"1")
        client.send(b"2")
        listener.serve_batch()
        client.send(b"3")
        listener.serve_batch()
        assert [await receive(client) for _ in range(3)] == [b"old", b"old", b"new"]


@pytest.mark.parametrize("packet", [b"a", b"later a", b"size 5000"])
async def test_the_response_leaves_from_the_address_that_was_asked(
    open_udp, script: Script, packet: bytes
) -> None:  # type: ignore[no-untyped-def]
    script.gate.set()
    listener = open_udp("0.0.0.0:0")
    await listener.start()
    for asked in ("127.0.0.2", "127.0.0.1", "127.9.9.9"):
        # Bound to 127.0.0.1: left to itself, the kernel would answer it from 127.0.0.1.
        with udp_client((asked, listener.address[1]), bound_to="127.0.0.1") as client:
            for _ in range(3):
                client.send(packet)
            for _ in range(3):
                assert await receive(client)


@pytest.mark.parametrize("packet", [b"a", b"later a", b"size 5000"])
async def test_the_ipv6_wildcard_answers_from_the_address_that_was_asked(
    open_udp, script: Script, packet: bytes
) -> None:  # type: ignore[no-untyped-def]
    need_ipv6()
    script.gate.set()
    listener = open_udp("[::]:0")
    await listener.start()
    for asked in ("::1", *other_ipv6_addresses()):
        with udp_client((asked, listener.address[1]), bound_to="" if "%" in asked else "::1") as client:
            client.send(packet)
            assert await receive(client), asked


def other_ipv6_addresses() -> list[str]:
    """Return this machine's own addresses beside ::1: global ones as they are, link-local ones with scope."""
    found = []
    with open("/proc/net/if_inet6", encoding="ascii") as table:
        for packed, _, _, scope, flags, interface in map(str.split, table):
            address = socket.inet_ntop(socket.AF_INET6, bytes.fromhex(packed))
            settled = not int(flags, 16) & 0x48  # neither tentative nor found to be another's
            if settled and scope in ("00", "20"):
                found.append(f"{address}%{interface}" if scope == "20" else address)
    return found


async def test_many_batches_leave_the_headers_of_the_kernel_as_they_were(script: Script) -> None:
    if not mmsg.is_available():
        pytest.skip("no recvmmsg here: the C library or the kernel lacks it")
    for text in ("127.0.0.1:0", "0.0.0.0:0"):
        udp, tcp = bind_all(parse_listen(text))
        tcp.close()
        listener = BatchedUdpListener(udp, script.respond, Quota())
        lengths = header_lengths(listener)
        with udp_client(("127.0.0.1", listener.address[1])) as client:
            for number in range(2 * mmsg.SLOTS):
                client.send(b"x" * (number * 80))
            while listener.serve_batch():
                pass
        assert header_lengths(listener) == lengths
        listener.close()


def header_lengths(listener: BatchedUdpListener) -> list[tuple[int, int]]:
    headers = [entry.header for entry in listener._batch._headers_in]
    return [(header.name_length, header.control_length) for header in headers]


async def test_a_datagram_that_the_kernel_refuses_is_skipped_and_counted(
    open_udp, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    listener = open_udp()
    refuse_second(listener, monkeypatch)
    with udp_client(listener.address) as client:
        for packet in (b"1", b"2", b"3", b"4"):
            client.send(packet)
        listener.serve_batch()
        assert [await receive(client) for _ in range(3)] == [b"re 1", b"re 3", b"re 4"]
    assert listener.counters.dropped == {"EPERM": 1}
    assert listener.counters.sent == 3


def refuse_second(listener: UdpListener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the kernel send everything but the response "re 2", as a firewall would."""
    import ctypes

    if isinstance(listener, BatchedUdpListener):
        real = listener._batch.send

        def send(first: int, count: int) -> int:
            if first == 1:
                ctypes.set_errno(errno.EPERM)
                return -1
            return real(first, 1 if first == 0 else count)  # a short count is how the kernel reports it

        monkeypatch.setattr(listener._batch, "send", send)
        return

    class Refusing(socket.socket):
        def sendmsg(self, buffers, *rest):  # type: ignore[no-untyped-def]
            if buffers == [b"re 2"]:
                raise PermissionError(errno.EPERM, "refused")
            return super().sendmsg(buffers, *rest)

    listener._sock = Refusing(fileno=listener._sock.detach())


async def test_a_socket_that_cannot_be_read_is_counted_and_survived(
    open_udp, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    import ctypes

    listener = open_udp()
    if isinstance(listener, BatchedUdpListener):

        def recvmmsg(*arguments: object) -> int:
            ctypes.set_errno(errno.ECONNREFUSED)
            return -1

        monkeypatch.setattr("kdns.servers.udp_batched.recvmmsg", recvmmsg)
    else:

        class Failing(socket.socket):
            def recvmsg(self, *arguments):  # type: ignore[no-untyped-def]
                raise ConnectionRefusedError(errno.ECONNREFUSED, "refused")

        listener._sock = Failing(fileno=listener._sock.detach())
    assert listener.serve_batch() == 0
    assert listener.counters.receive_errors == {"ECONNREFUSED": 1}


async def test_an_empty_socket_is_no_error(open_udp) -> None:  # type: ignore[no-untyped-def]
    listener = open_udp()
    assert listener.serve_batch() == 0
    assert listener.counters.receive_errors == {}


async def test_draining_serves_what_the_socket_has_queued_and_what_is_awaited(
    open_udp, script: Script
) -> None:  # type: ignore[no-untyped-def]
    listener = open_udp()
    await listener.start()
    with udp_client(listener.address) as client:
        client.send(b"later a")
        await until(lambda: script.packets)
        for _ in range(3 * mmsg.SLOTS):
            client.send(b"queued")
        draining = asyncio.create_task(listener.drain(PATIENCE))
        for _ in range(3 * mmsg.SLOTS):
            assert await receive(client) == b"re queued"
        script.gate.set()
        assert await receive(client) == b"late a"
        await draining
        client.send(b"too late")
        with pytest.raises(ConnectionRefusedError):
            await receive(client)


async def test_draining_gives_up_on_what_does_not_come_within_the_grace(open_udp, script: Script) -> None:  # type: ignore[no-untyped-def]
    listener = open_udp()
    await listener.start()
    with udp_client(listener.address) as client:
        client.send(b"later a")
        await until(lambda: script.packets)
        await asyncio.wait_for(listener.drain(0.05), PATIENCE)
    await until(lambda: listener._awaited._quota.waiting == 0)
    assert listener.counters.sent == 0


async def test_closing_twice_is_once(open_udp, script: Script) -> None:  # type: ignore[no-untyped-def]
    listener = open_udp()
    await listener.start()
    listener.close()
    listener.close()
    await listener.drain(0.1)
