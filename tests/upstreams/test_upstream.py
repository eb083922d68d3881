import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import pytest

from kdns.upstreams.errors import Closed, NoReply, Unreachable, UpstreamError
from kdns.upstreams.health import SHORTEST_INTERVAL
from kdns.upstreams.options import Address, Options
from kdns.upstreams.upstream import Upstream
from kdns.wire import names
from tests.servers.script import need_ipv6
from tests.upstreams.dummies import (
    UdpDummy,
    addresses_in,
    answer,
    both_dummies,
    closed_port,
    good,
    query,
    silent,
    soon,
    truncated,
    udp_dummy,
    until,
)

HASTY = Options(read_timeout=0.05, probe_interval=0.01, probe_timeout=0.05)
LIVELY = Options(read_timeout=0.5, probe_interval=0.01, probe_timeout=5.0)


@asynccontextmanager
async def upstream_at(address: Address, options: Options | None = None) -> AsyncIterator[Upstream]:
    upstream = Upstream(address, "dns", options)
    try:
        yield upstream
    finally:
        await upstream.close()


def probes(queries: list[bytes]) -> list[dns.message.Message]:
    messages = [dns.message.from_wire(octets) for octets in queries]
    return [message for message in messages if message.question[0].rdtype == 2]


async def test_udp_unless_told_otherwise() -> None:
    async with (
        both_dummies() as (udp, tcp),
        upstream_at(udp.address) as upstream,
    ):
        await upstream.exchange(query(), deadline=soon())
        assert (len(udp.queries), len(tcp.queries)) == (1, 0)
        await upstream.exchange(query(), force_tcp=True, deadline=soon())
        assert (len(udp.queries), len(tcp.queries)) == (1, 1)


@pytest.mark.parametrize("prefer_udp", [False, True])
async def test_a_truncated_reply_is_asked_for_over_tcp_only_if_udp_was_preferred(prefer_udp: bool) -> None:
    async with (
        both_dummies(lambda asked: [truncated(asked)]) as (udp, _),
        upstream_at(udp.address) as upstream,
    ):
        reply = await upstream.exchange(query(), prefer_udp=prefer_udp, deadline=soon())
        assert reply.is_truncated != prefer_udp
        assert addresses_in(reply) == ["192.0.2.1"] * prefer_udp


async def test_over_tls_there_is_no_udp() -> None:
    options = Options(tls=ssl.create_default_context())
    with closed_port() as address:
        upstream = Upstream(address, "tls", options)
        with pytest.raises(Unreachable, match=r"^dial tcp "):
            await upstream.exchange(query(), deadline=soon())
    assert list(upstream.counters.sockets) == ["tcp-tls"]
    await upstream.close()


@pytest.mark.parametrize("host", ["dns.google", "", "1.2.3", "fe80::1%nosuch0", "300.1.1.1"])
def test_a_host_that_is_no_address_is_an_error(host: str) -> None:
    with pytest.raises(ValueError, match="is no IP address of an upstream"):
        Upstream(Address(host))


def test_an_address_prints_as_in_go() -> None:
    assert str(Address("192.0.2.1")) == "192.0.2.1:53"
    assert str(Address("fe80::1%eth0", 5353)) == "[fe80::1%eth0]:5353"


async def test_ipv6() -> None:
    loop = asyncio.get_running_loop()
    need_ipv6()
    transport, dummy = await loop.create_datagram_endpoint(lambda: UdpDummy(good), local_addr=("::1", 0))
    async with upstream_at(dummy.address, LIVELY) as upstream:
        await upstream.exchange(query(), deadline=soon())
        dummy.script = silent
        with pytest.raises(NoReply, match=r"^read udp \[::1\]:\d+->\[::1\]:\d+: i/o timeout$"):
            await upstream.exchange(query(), deadline=soon())
    transport.close()


# Health


async def test_a_failure_starts_probing_until_something_comes_back() -> None:
    async with udp_dummy(silent) as dummy, upstream_at(dummy.address, HASTY) as upstream:
        with pytest.raises(NoReply):
            await upstream.exchange(query(), deadline=soon())
        assert not upstream.is_down
        await until(lambda: upstream.is_down)
        assert upstream.health.fails > 2
        assert upstream.counters.failed_probes >= upstream.health.fails
        first = probes(dummy.queries)[0]
        assert first.question[0].to_text() == ". IN NS"
        assert first.flags & dns.flags.RD
        dummy.script = lambda asked: [answer(asked, rcode=5)]
        await until(lambda: not upstream.is_down)
        assert upstream.health.fails == 0
        await until(lambda: upstream.health._probing.done())
        asked = len(dummy.queries)
        await asyncio.sleep(0.05)
        assert len(dummy.queries) == asked
        assert not upstream.counters.durations  # of probes, nobody wants to know


async def test_a_malformed_reply_to_a_probe_is_life() -> None:
    async with (
        udp_dummy(lambda asked: [answer(asked)[:-1]]) as dummy,
        upstream_at(dummy.address, LIVELY) as upstream,
    ):
        with pytest.raises(UpstreamError):
            await upstream.exchange(query(), deadline=soon())
        await until(lambda: upstream.health._probing.done())
        assert upstream.counters.failed_probes == 0


async def test_probes_are_what_the_options_say() -> None:
    options = Options(
        read_timeout=0.05,
        probe_interval=0.01,
        probe_timeout=5.0,
        probe_name=names.from_text("example.org."),
        probe_recursion=False,
        probe_over_tcp=True,
    )
    async with (
        both_dummies(silent) as (udp, tcp),
        upstream_at(udp.address, options) as upstream,
    ):
        with pytest.raises(NoReply):
            await upstream.exchange(query(), deadline=soon())
        await until(lambda: upstream.health._probing.done())
        assert probes(udp.queries) == []
        (probe,) = probes(tcp.queries)
        assert probe.question[0].to_text() == "example.org. IN NS"
        assert not probe.flags & dns.flags.RD


async def test_with_max_fails_0_it_is_never_down_nor_probed() -> None:
    options = Options(read_timeout=0.02, max_fails=0, probe_interval=0.01, probe_timeout=0.01)
    async with udp_dummy(silent) as dummy, upstream_at(dummy.address, options) as upstream:
        for _ in range(4):
            with pytest.raises(NoReply):
                await upstream.exchange(query(), deadline=soon())
        assert not upstream.is_down
        assert not upstream.health.is_doubtful(asyncio.get_running_loop().time())
        await asyncio.sleep(0.05)
        assert probes(dummy.queries) == []


async def test_an_upstream_that_keeps_silent_is_doubtful_before_the_timeout() -> None:
    now = asyncio.get_running_loop().time
    async with udp_dummy(silent) as dummy, upstream_at(dummy.address) as upstream:
        asking = asyncio.create_task(upstream.exchange(query(), deadline=soon()))
        await until(lambda: dummy.queries)
        await until(lambda: upstream.health.is_doubtful(now()))
        assert not asking.done()
        dummy.script = good
        await upstream.exchange(query(), deadline=soon())
        assert not upstream.health.is_doubtful(now())
        asking.cancel()
        await asyncio.wait([asking])


async def test_a_query_that_is_given_up_says_nothing_about_the_upstream() -> None:
    async with udp_dummy(silent) as dummy, upstream_at(dummy.address) as upstream:
        asking = asyncio.create_task(upstream.exchange(query(), deadline=soon()))
        await until(lambda: dummy.queries)
        asking.cancel()
        await asyncio.wait([asking])
        assert upstream.health._probing is None
        assert not upstream.health.is_doubtful(float("inf"))


async def test_closing_ends_the_probing_and_what_waits() -> None:
    async with udp_dummy(silent) as dummy, upstream_at(dummy.address, LIVELY) as upstream:
        with pytest.raises(NoReply):
            await upstream.exchange(query(), deadline=soon())
        asking = asyncio.create_task(upstream.exchange(query(), deadline=soon()))
        await asyncio.sleep(0)
        await upstream.close()
        with pytest.raises(Closed):
            await asking
        assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_replies_are_counted_by_rcode() -> None:
    async with udp_dummy() as dummy, upstream_at(dummy.address) as upstream:
        await upstream.exchange(query(), deadline=soon())
        dummy.script = lambda asked: [answer(asked, rcode=3)]
        for _ in range(2):
            await upstream.exchange(query(), deadline=soon())
        counted = {rcode: sum(each.counts) for rcode, each in upstream.counters.durations.items()}
        assert counted == {0: 1, 3: 2}
        assert all(each.total > 0 for each in upstream.counters.durations.values())


async def test_probes_keep_a_distance_whatever_the_interval() -> None:
    options = Options(probe_interval=0.0)
    with closed_port() as dead:
        async with upstream_at(dead, options) as upstream:
            with pytest.raises(Unreachable):
                await upstream.exchange(query(), deadline=soon())
            now = asyncio.get_running_loop().time
            await until(lambda: upstream.health.fails)
            begun, before = now(), upstream.health.fails
            await until(lambda: upstream.health.fails >= before + 5)
            assert now() - begun > 3 * SHORTEST_INTERVAL
