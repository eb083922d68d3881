import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from kdns.upstreams import datagram
from kdns.upstreams.counters import SocketCounters
from kdns.upstreams.errors import BadReply, Closed, NoReply, Unreachable
from kdns.upstreams.options import Address, Options
from kdns.upstreams.udp import UdpTransport
from tests.upstreams.dummies import (
    addresses_in,
    answer,
    closed_port,
    good,
    query,
    silent,
    soon,
    truncated,
    udp_dummy,
    until,
    with_id,
)

SHORT = Options(read_timeout=0.05)


@asynccontextmanager
async def transport_to(address: Address, options: Options | None = None) -> AsyncIterator[UdpTransport]:
    transport = UdpTransport(address, options or Options(), SocketCounters())
    try:
        yield transport
    finally:
        await transport.close()


async def test_a_reply_comes_back_under_the_id_of_the_query() -> None:
    async with udp_dummy() as dummy, transport_to(dummy.address) as transport:
        reply = await transport.exchange(query(id=0x4242), soon())
    assert reply.octets[:2] == b"\x42\x42"
    assert addresses_in(reply) == ["192.0.2.1"]
    assert dummy.queries[0][2:] == query()[2:]


async def test_ids_are_not_the_clients() -> None:
    async with udp_dummy() as dummy, transport_to(dummy.address) as transport:
        for _ in range(8):
            await transport.exchange(query(id=7), soon())
    assert len({octets[:2] for octets in dummy.queries}) > 4


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(with_id, id="another id"),
        pytest.param(lambda octets: octets.replace(b"Example", b"eXample"), id="another case"),
        pytest.param(lambda octets: octets.replace(b"Example", b"Evilish"), id="another name"),
        pytest.param(lambda octets: octets[:2] + b"\1" + octets[3:], id="a query"),
        pytest.param(lambda octets: b"x", id="one octet"),
        pytest.param(lambda octets: b"garbage garbage garbage", id="garbage"),
    ],
)
async def test_wrong_replies_are_counted_and_waiting_goes_on(wrong: Callable[[bytes], bytes]) -> None:
    def script(asked: bytes) -> list[bytes | float | str]:
        return [wrong(answer(asked, "198.51.100.66")), wrong(answer(asked)), 0.01, answer(asked)]

    counters = SocketCounters()
    async with udp_dummy(script) as dummy:
        transport = UdpTransport(dummy.address, Options(), counters)
        reply = await transport.exchange(query(), soon())
        assert addresses_in(reply) == ["192.0.2.1"]
        assert counters.wrong == 2
        await transport.exchange(query(), soon())
        await transport.close()
    assert dummy.peers[0] != dummy.peers[1]  # a port at which anything wrong arrived is given up


async def test_a_reply_from_elsewhere_is_never_seen() -> None:
    async with udp_dummy(silent) as dummy, transport_to(dummy.address) as transport:
        asking = asyncio.create_task(transport.exchange(query(), soon()))
        await until(lambda: dummy.queries)
        with socket.socket(type=socket.SOCK_DGRAM) as forger:
            forger.bind(("127.0.0.1", 0))
            forger.sendto(answer(dummy.queries[0], "198.51.100.66"), dummy.peers[0])
        await asyncio.sleep(0.02)
        assert not asking.done()
        dummy.transport.sendto(answer(dummy.queries[0]), dummy.peers[0])
        assert addresses_in(await asking) == ["192.0.2.1"]


async def test_silence_ends_with_the_read_timeout() -> None:
    async with udp_dummy(silent) as dummy, transport_to(dummy.address, SHORT) as transport:
        with pytest.raises(NoReply, match=r"read udp 127\.0\.0\.1:\d+->127\.0\.0\.1:\d+: i/o timeout$"):
            await transport.exchange(query(), soon())


async def test_silence_ends_with_the_deadline_if_that_is_sooner() -> None:
    async with udp_dummy(silent) as dummy, transport_to(dummy.address, Options(read_timeout=99)) as transport:
        with pytest.raises(NoReply):
            await transport.exchange(query(), asyncio.get_running_loop().time() + 0.05)


async def test_a_late_reply_does_not_answer_the_next_query() -> None:
    late = query("late.example.org.")

    def script(asked: bytes) -> list[bytes | float | str]:
        return [0.1 if b"late" in asked else 0.2, answer(asked)]

    async with udp_dummy(script) as dummy, transport_to(dummy.address, Options(read_timeout=5)) as transport:
        with pytest.raises(NoReply):
            await transport.exchange(late, asyncio.get_running_loop().time() + 0.02)
        assert addresses_in(await transport.exchange(query(), soon())) == ["192.0.2.1"]
    assert dummy.peers[0] != dummy.peers[1]


async def test_a_closed_port_fails_at_once() -> None:
    with closed_port() as address:
        async with transport_to(address, Options(read_timeout=99)) as transport:
            with pytest.raises(Unreachable, match=r"connection refused$"):
                await transport.exchange(query(), soon())


async def test_a_source_address_that_is_not_ours_fails() -> None:
    options = Options(source_address="192.0.2.1")
    async with transport_to(Address("127.0.0.1", 53), options) as transport:
        with pytest.raises(Unreachable, match=r"^dial udp 127\.0\.0\.1:53: connect: cannot assign requested"):
            await transport.exchange(query(), soon())


async def test_the_source_address_is_used() -> None:
    options = Options(source_address="127.0.0.3")
    async with udp_dummy() as dummy, transport_to(dummy.address, options) as transport:
        await transport.exchange(query(), soon())
    assert dummy.peers[0][0] == "127.0.0.3"


async def test_a_malformed_reply_fails_at_once() -> None:
    def script(asked: bytes) -> list[bytes | float | str]:
        return [answer(asked)[:-2]]

    async with udp_dummy(script) as dummy, transport_to(dummy.address) as transport:
        with pytest.raises(BadReply, match="cut off"):
            await transport.exchange(query(), soon())


async def test_a_truncated_reply_is_a_reply() -> None:
    async with (
        udp_dummy(lambda asked: [truncated(asked)]) as dummy,
        transport_to(dummy.address) as transport,
    ):
        assert (await transport.exchange(query(), soon())).is_truncated


async def test_a_reply_of_any_size_is_whole() -> None:
    many = [f"10.1.{index >> 8}.{index & 255}" for index in range(3000)]
    async with (
        udp_dummy(lambda asked: [answer(asked, *many)]) as dummy,
        transport_to(dummy.address) as transport,
    ):
        reply = await transport.exchange(query(), soon())
    assert len(reply.octets) > 40_000 and reply.counts[0] == 3000


async def test_a_flood_of_guesses_ends_the_query() -> None:
    def script(asked: bytes) -> list[bytes | float | str]:
        return [with_id(answer(asked), guess) for guess in range(1, datagram.MOST_WRONG + 5)]

    async with udp_dummy(script) as dummy, transport_to(dummy.address) as transport:
        with pytest.raises(BadReply, match="replies to other queries"):
            await transport.exchange(query(), soon())


async def test_each_query_has_a_socket_of_its_own_while_it_waits() -> None:
    def script(asked: bytes) -> list[bytes | float | str]:
        return [0.05, answer(asked)]

    async with udp_dummy(script) as dummy, transport_to(dummy.address) as transport:
        await asyncio.gather(*[transport.exchange(query(), soon()) for _ in range(20)])
    assert len(set(dummy.peers)) == 20


async def test_a_port_takes_a_bounded_number_of_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datagram, "MOST_QUERIES", 4)
    monkeypatch.setattr(datagram, "LIFETIME", 99.0)
    counters = SocketCounters()
    async with udp_dummy() as dummy:
        transport = UdpTransport(dummy.address, Options(), counters)
        for _ in range(10):
            await transport.exchange(query(), soon())
        await transport.close()
    assert (counters.hits, counters.misses) == (7, 3)
    assert [dummy.peers.count(peer) for peer in dict.fromkeys(dummy.peers)] == [4, 4, 2]


async def test_a_port_takes_queries_for_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datagram, "LIFETIME", 0.02)
    async with udp_dummy() as dummy, transport_to(dummy.address) as transport:
        for _ in range(2):
            await transport.exchange(query(), soon())
            await asyncio.sleep(0.03)
    assert len(set(dummy.peers)) == 2


async def test_an_idle_port_is_closed_without_being_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kdns.upstreams.udp.LIFETIME", 0.01)
    monkeypatch.setattr(datagram, "LIFETIME", 0.01)
    async with udp_dummy() as dummy, transport_to(dummy.address) as transport:
        await transport.exchange(query(), soon())
        await until(lambda: not transport._idle)


async def test_what_arrives_at_an_idle_port_closes_it() -> None:
    def script(asked: bytes) -> list[bytes | float | str]:
        return [answer(asked), 0.02, b"unasked"]

    counters = SocketCounters()
    async with udp_dummy(script) as dummy:
        transport = UdpTransport(dummy.address, Options(), counters)
        await transport.exchange(query(), soon())
        await until(lambda: counters.wrong)
        await transport.exchange(query(), soon())
        await transport.close()
    assert len(set(dummy.peers)) == 2


async def test_a_query_that_nobody_waits_for_gives_up_its_port() -> None:
    async with udp_dummy(silent) as dummy, transport_to(dummy.address) as transport:
        asking = asyncio.create_task(transport.exchange(query(), soon()))
        await until(lambda: dummy.queries)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        dummy.script = good
        await transport.exchange(query(), soon())
    assert dummy.peers[0] != dummy.peers[1]


async def test_closing_fails_what_waits() -> None:
    async with udp_dummy(silent) as dummy, transport_to(dummy.address) as transport:
        asking = asyncio.create_task(transport.exchange(query(), soon()))
        await until(lambda: dummy.queries)
        await transport.close()
        with pytest.raises(Closed):
            await asking
        with pytest.raises(Closed):
            await transport.exchange(query(), soon())
