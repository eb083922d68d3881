import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from kdns.upstreams.errors import Closed, NoHealthyUpstream, NoReply, Overloaded, Unreachable
from kdns.upstreams.group import Group, GroupOptions
from kdns.upstreams.options import Address, Options
from kdns.upstreams.upstream import Upstream
from kdns.wire.compression import Malformed
from tests.upstreams.dummies import (
    Dummy,
    addresses_in,
    answer,
    both_dummies,
    closed_port,
    good,
    query,
    silent,
    truncated,
    udp_dummy,
    until,
)

QUIET = Options(read_timeout=0.5, probe_interval=0.01, probe_timeout=0.05)
DEAD = Options(read_timeout=0.05, probe_interval=0.01, probe_timeout=0.05)  # where nothing answers
SEQUENTIAL = GroupOptions(policy="sequential")


@asynccontextmanager
async def group_of(
    *members: Dummy | Address, options: GroupOptions | None = None, each: Options = QUIET
) -> AsyncIterator[Group]:
    addresses = [member.address if isinstance(member, Dummy) else member for member in members]
    group = Group([Upstream(address, "dns", each) for address in addresses], options)
    try:
        yield group
    finally:
        await group.close()


def asked(dummy: Dummy) -> int:
    """How many queries came, probes not counted."""
    return sum(octets[12] != 0 for octets in dummy.queries)


def number(index: int, id: int = 0x1234) -> bytes:
    return query(f"n{index}.example.org.", id=id)


async def test_a_reply_comes_back_under_the_id_of_the_query() -> None:
    async with udp_dummy() as dummy, group_of(dummy) as group:
        reply = await group.exchange(query(id=0x4242))
        assert reply.octets[:2] == b"\x42\x42"
        assert group.waiting == 0


@pytest.mark.parametrize(
    ("force_tcp", "prefer_udp", "over_tcp", "expected"),
    [
        (False, False, False, "udp"),
        (False, False, True, "tcp"),
        (True, False, False, "tcp"),
        (False, True, True, "udp"),
        (True, True, False, "tcp"),
    ],
)
async def test_the_protocol_is_the_clients_unless_told_otherwise(
    force_tcp: bool, prefer_udp: bool, over_tcp: bool, expected: str
) -> None:
    options = GroupOptions(force_tcp=force_tcp, prefer_udp=prefer_udp)
    async with both_dummies() as (udp, tcp):
        async with group_of(udp, options=options) as group:
            await group.exchange(query(), over_tcp=over_tcp)
        assert (len(udp.queries), len(tcp.queries)) == ((1, 0) if expected == "udp" else (0, 1))


async def test_prefer_udp_asks_again_over_tcp_for_what_is_truncated() -> None:
    async with (
        both_dummies(lambda asked: [truncated(asked)]) as (udp, _),
        group_of(udp, options=GroupOptions(prefer_udp=True)) as group,
    ):
        assert addresses_in(await group.exchange(query())) == ["192.0.2.1"]


# Failing upstreams


async def test_the_next_upstream_is_asked_when_one_fails() -> None:
    with closed_port() as dead:
        async with udp_dummy() as dummy, group_of(dead, dummy, options=SEQUENTIAL) as group:
            assert addresses_in(await group.exchange(query())) == ["192.0.2.1"]


async def test_a_dead_upstream_costs_its_timeout_once() -> None:
    async with (
        udp_dummy(silent) as dead,
        udp_dummy() as alive,
        group_of(dead, alive, options=SEQUENTIAL) as group,
    ):
        for index in range(20):
            await group.exchange(number(index))
        assert (asked(dead), asked(alive)) == (1, 20)


async def test_while_the_first_timeout_runs_others_are_asked_after_a_moment() -> None:
    patient = Options(read_timeout=99)
    async with (
        udp_dummy(silent) as dead,
        udp_dummy() as alive,
        group_of(dead, alive, options=SEQUENTIAL, each=patient) as group,
    ):
        first = asyncio.create_task(group.exchange(number(0)))
        await until(lambda: group.upstreams[0].health.is_doubtful(asyncio.get_running_loop().time()))
        for index in range(1, 20):
            await group.exchange(number(index))
        assert (asked(dead), first.done()) == (1, False)
        first.cancel()
        await asyncio.wait([first])


async def test_an_upstream_that_is_alive_again_is_asked_again() -> None:
    async with (
        udp_dummy(silent) as first,
        udp_dummy() as second,
        group_of(first, second, options=SEQUENTIAL) as group,
    ):
        await group.exchange(number(0))
        await until(lambda: group.upstreams[0].is_down)
        first.script = good
        await until(lambda: not group.upstreams[0].is_down)
        await group.exchange(number(1))
        assert (asked(first), asked(second)) == (2, 1)


async def test_if_all_are_down_one_is_asked_all_the_same() -> None:
    async with udp_dummy(silent) as one, udp_dummy(silent) as two, group_of(one, two, each=DEAD) as group:
        with pytest.raises(NoReply):
            await group.exchange(query())
        await until(lambda: all(upstream.is_down for upstream in group.upstreams))
        before = asked(one) + asked(two)
        with pytest.raises(NoReply):
            await group.exchange(query())
        assert asked(one) + asked(two) == before + 1
        assert group.broken == 1


async def test_if_all_are_down_failfast_asks_none() -> None:
    options = GroupOptions(failfast_all_unhealthy=True)
    async with udp_dummy(silent) as dummy, group_of(dummy, options=options, each=DEAD) as group:
        with pytest.raises(NoReply):
            await group.exchange(query())
        await until(lambda: group.upstreams[0].is_down)
        before = asked(dummy)
        with pytest.raises(NoHealthyUpstream, match=r"^no healthy proxies$"):
            await group.exchange(query())
        assert (asked(dummy), group.broken) == (before, 1)


@pytest.mark.parametrize(("attempts", "expected"), [(None, 4), (1, 1), (3, 3)])
async def test_attempts_are_bounded(attempts: int | None, expected: int) -> None:
    each = Options(read_timeout=0.02, max_fails=0)
    options = GroupOptions(attempts=attempts)
    async with (
        udp_dummy(silent) as one,
        udp_dummy(silent) as two,
        group_of(one, two, options=options, each=each) as group,
    ):
        with pytest.raises(NoReply):
            await group.exchange(query())
        await until(lambda: asked(one) + asked(two) == expected)


async def test_without_a_bound_to_attempts_the_deadline_ends_them() -> None:
    each = Options(max_fails=0)
    options = GroupOptions(attempts=0, deadline=0.2)
    with closed_port() as dead:
        async with group_of(dead, options=options, each=each) as group:
            with pytest.raises(Unreachable, match=r"connection refused$"):
                await group.exchange(query())
            assert group.upstreams[0].counters.sockets["udp"].misses < 20  # and not in a hot loop


async def test_the_deadline_is_the_whole_querys() -> None:
    each = Options(read_timeout=99)
    async with (
        udp_dummy(silent) as one,
        udp_dummy(silent) as two,
        group_of(one, two, options=GroupOptions(deadline=0.1), each=each) as group,
    ):
        with pytest.raises(NoReply):
            await group.exchange(query())
        assert asked(one) + asked(two) == 1


async def test_failover_asks_the_next_after_certain_rcodes() -> None:
    options = GroupOptions(policy="sequential", failover=frozenset({2, 5}))
    async with (
        udp_dummy(lambda asked: [answer(asked, rcode=2)]) as failing,
        udp_dummy(lambda asked: [answer(asked, rcode=5)]) as refusing,
        udp_dummy() as alive,
    ):
        async with group_of(failing, refusing, alive, options=options) as group:
            assert addresses_in(await group.exchange(query())) == ["192.0.2.1"]
        async with group_of(failing, refusing, options=options) as group:
            assert (await group.exchange(query())).rcode == 5
        async with group_of(failing, alive, options=SEQUENTIAL) as group:
            assert (await group.exchange(query())).rcode == 2


async def test_a_reply_that_failover_did_not_like_is_better_than_none() -> None:
    options = GroupOptions(policy="sequential", failover=frozenset({2}), attempts=1)
    with closed_port() as dead:
        async with (
            udp_dummy(lambda asked: [answer(asked, rcode=2)]) as failing,
            group_of(failing, dead, options=options) as group,
        ):
            assert (await group.exchange(query())).rcode == 2


async def test_what_is_no_query_is_the_callers_mistake() -> None:
    async with udp_dummy() as dummy, group_of(dummy) as group:
        with pytest.raises(Malformed):
            await group.exchange(b"\0" * 12)
        assert group.upstreams[0].health._probing is None
        assert not group.upstreams[0].health.is_doubtful(float("inf"))


# Many at once


async def test_the_same_question_of_many_clients_goes_upstream_once() -> None:
    async with (
        udp_dummy(lambda asked: [0.05, answer(asked)]) as dummy,
        group_of(dummy, each=Options()) as group,
    ):
        replies = await asyncio.gather(*[group.exchange(query(id=index)) for index in range(50)])
        assert asked(dummy) == 1
        assert [int.from_bytes(reply.octets[:2], "big") for reply in replies] == list(range(50))
        assert len({reply.octets[2:] for reply in replies}) == 1
        assert group.joined == 49


async def test_questions_that_differ_in_anything_are_not_the_same() -> None:
    different = [
        query("www.example.org."),
        query("WWW.example.org."),
        query("www.example.org.", "AAAA"),
        query("www.example.org.", use_edns=0),
        query("www.example.org.", want_dnssec=True),
        query("www.example.org.", flags=0),
    ]
    async with (
        udp_dummy(lambda asked: [0.05, answer(asked)]) as dummy,
        group_of(dummy, each=Options()) as group,
    ):
        replies = await asyncio.gather(*[group.exchange(octets) for octets in different])
        assert asked(dummy) == len(different)
        for octets, reply in zip(different, replies, strict=True):
            assert reply.octets[12:33] == octets[12:33]


async def test_over_udp_and_over_tcp_is_not_the_same() -> None:
    async with (
        both_dummies(lambda asked: [0.05, answer(asked)]) as (udp, tcp),
        group_of(udp, each=Options()) as group,
    ):
        await asyncio.gather(group.exchange(query()), group.exchange(query(), over_tcp=True))
        assert (asked(udp), asked(tcp)) == (1, 1)


async def test_an_error_is_everybodys() -> None:
    async with udp_dummy(silent) as dummy, group_of(dummy, options=GroupOptions(attempts=1)) as group:
        results = await asyncio.gather(
            *[group.exchange(query(id=index)) for index in range(5)], return_exceptions=True
        )
        assert [type(result) for result in results] == [NoReply] * 5
        assert asked(dummy) == 1


async def test_if_the_first_client_goes_away_another_asks() -> None:
    async with udp_dummy(silent) as dummy, group_of(dummy, each=Options()) as group:
        asking = [asyncio.create_task(group.exchange(query(id=index))) for index in range(4)]
        await until(lambda: asked(dummy))
        dummy.script = good
        asking[0].cancel()
        replies = await asyncio.gather(*asking[1:])
        assert [reply.octets[1] for reply in replies] == [1, 2, 3]
        assert asked(dummy) == 2
        assert group.waiting == 0


async def test_a_follower_that_goes_away_disturbs_nobody() -> None:
    async with (
        udp_dummy(lambda asked: [0.05, answer(asked)]) as dummy,
        group_of(dummy, each=Options()) as group,
    ):
        asking = [asyncio.create_task(group.exchange(query(id=index))) for index in range(3)]
        await until(lambda: asked(dummy))
        asking[1].cancel()
        assert addresses_in(await asking[0]) == addresses_in(await asking[2]) == ["192.0.2.1"]


async def test_over_max_concurrent_is_refused_and_counted() -> None:
    options = GroupOptions(max_concurrent=3)
    async with (
        udp_dummy(lambda asked: [0.05, answer(asked)]) as dummy,
        group_of(dummy, options=options, each=Options()) as group,
    ):
        asking = [group.exchange(number(index)) for index in range(5)]
        results = await asyncio.gather(*asking, return_exceptions=True)
        assert [isinstance(result, Overloaded) for result in results] == [False] * 3 + [True] * 2
        assert str(results[4]) == "concurrent queries exceeded maximum 3"
        assert group.rejected == 2
        await group.exchange(query())


# The end


async def test_closing_with_grace_lets_what_waits_finish() -> None:
    async with (
        udp_dummy(lambda asked: [0.05, answer(asked)]) as dummy,
        group_of(dummy, each=Options()) as group,
    ):
        asking = asyncio.create_task(group.exchange(query()))
        await until(lambda: asked(dummy))
        await group.close(grace=10.0)
        assert addresses_in(await asking) == ["192.0.2.1"]
        with pytest.raises(Closed):
            await group.exchange(query())


async def test_closing_without_grace_fails_what_waits() -> None:
    async with udp_dummy(silent) as dummy, group_of(dummy, each=Options()) as group:
        asking = [asyncio.create_task(group.exchange(query())) for _ in range(3)]
        await until(lambda: asked(dummy))
        await group.close()
        results = await asyncio.gather(*asking, return_exceptions=True)
        assert [type(result) for result in results] == [Closed] * 3


async def test_grace_ends() -> None:
    async with udp_dummy(silent) as dummy, group_of(dummy, each=Options()) as group:
        asking = asyncio.create_task(group.exchange(query()))
        await until(lambda: asked(dummy))
        await group.close(grace=0.02)
        with pytest.raises(Closed):
            await asking


@pytest.mark.parametrize(
    ("upstreams", "policy", "text"),
    [
        ([], "random", "no upstreams"),
        ([Upstream(Address("127.0.0.1"))], "fastest", "unknown policy 'fastest'"),
    ],
)
def test_a_group_that_cannot_be_is_an_error(upstreams: list[Upstream], policy: str, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Group(upstreams, GroupOptions(policy=policy))
