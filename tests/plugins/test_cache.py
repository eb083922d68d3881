"""What clients get from a cache. What the rows about stale answers and prefetches say, CoreDNS 1.14.7 did in
the same order, too, with the same upstream."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import dns.edns
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.answering.queries import AD
from kdns.answering.responses import Response
from kdns.plugins.cache import Cache
from kdns.wire import codes
from kdns.wire.names import from_text
from kdns.wire.rrsets import RRset
from tests.plugins.caching import (
    NAME,
    SERVFAIL,
    SOA,
    A,
    Says,
    World,
    address,
    asking,
    replying,
    sent,
    settle,
    ttl,
)
from tests.plugins.lent import lent, refusal

SHORT = "success 1024 3600 1\ndenial 1024 1800 1\n"


def a(last: int, ttl: int = 1) -> str:
    return f"{NAME} {ttl} IN A 192.0.2.{last}"


NXDOMAIN = replying(rcode="NXDOMAIN", authority=[SOA])
NXDOMAIN_WITHOUT_SOA = replying(rcode="NXDOMAIN")
FAILING = replying(rcode="SERVFAIL")
REFUSING = replying(rcode="REFUSED")


# Misses and hits.


def test_a_miss_is_said_as_it_came_with_one_ttl_and_is_kept() -> None:
    world = World()
    world.behind.says = replying(a(1, 20), authority=["example. 10 IN NS ns.example."])
    miss = world.ask()
    assert (ttl(miss), miss.authoritative, miss.remember, miss.lifetime) == (10, False, False, None)
    hit = world.ask()
    assert (ttl(hit), hit.authoritative, hit.remember, hit.lifetime) == (10, True, True, 10)
    assert hit.recursion_available
    assert world.upstream() == 1


def test_a_hit_counts_down_and_lasts_for_the_whole_seconds_that_are_left() -> None:
    world = World()
    world.ask()
    for later, shown, lifetime in ((0.5, 300, 299), (10, 290, 290), (299, 1, 1)):
        world.now = 1_000_000 + later
        hit = world.ask()
        assert (ttl(hit), hit.lifetime, hit.keeps_ttl) == (shown, lifetime, False)
    assert world.upstream() == 1


def test_what_has_less_than_a_second_left_is_not_remembered() -> None:
    world = World()
    world.ask()
    world.now += 299.5
    hit = world.ask()
    assert (ttl(hit), hit.remember, hit.lifetime) == (1, False, None)
    world.now += 0.5
    assert ttl(world.ask()) == 300
    assert world.upstream() == 2


def test_keepttl_shows_the_first_ttl_to_the_end() -> None:
    world = World("keepttl")
    world.ask()
    world.now += 200
    hit = world.ask()
    assert (ttl(hit), hit.keeps_ttl, hit.lifetime) == (300, True, 100)


@pytest.mark.parametrize(
    ("query", "on_miss", "on_hit"),
    [
        ({}, False, False),
        ({"ad": True}, True, True),
        ({"edns": 1232, "do": True}, True, True),
        ({"edns": 1232}, False, False),
    ],
)
def test_authentic_is_for_those_who_understand_it(query: dict[str, Any], on_miss: bool, on_hit: bool) -> None:
    world = World()
    world.behind.says = replying(A, flags="RA AD")
    assert world.ask(**query).authentic is on_miss
    assert world.ask(**query).authentic is on_hit


def test_upstreams_are_asked_whether_it_is_authentic() -> None:
    world = World()
    world.ask()
    assert world.behind.asked[0].flags & AD


def test_what_another_client_was_told_is_told_by_what_one_understands() -> None:
    world = World()
    world.behind.says = replying(A, flags="RA AD")
    world.ask()
    assert world.ask(ad=True).authentic
    assert not world.ask().authentic


def test_the_upstream_may_have_recursion_denied() -> None:
    world = World()
    world.behind.says = replying(A, flags="AA")
    for _ in range(2):
        found = world.ask()
        assert (found.recursion_available, found.authoritative) == (False, True)


@pytest.mark.parametrize(
    "query", [{"cd": True}, {"edns": 1232, "do": True}, {"qtype": "AAAA"}, {"name": "x.example."}]
)
def test_each_key_is_kept_by_itself(query: dict[str, Any]) -> None:
    world = World()
    world.behind.says = replying()
    world.ask()
    world.ask(**query)
    world.ask(**query)
    assert world.upstream() == 2


def test_case_and_edns_do_not_matter() -> None:
    world = World()
    world.ask()
    assert ttl(world.ask("wWw.Example.", edns=4096)) == 300
    assert world.upstream() == 1


def unknown(code: int) -> dns.edns.Option:
    """Return an option of eight octets that dnspython does not look into."""
    return dns.edns.GenericOption(dns.edns.OptionType.make(code), bytes(8))


@pytest.mark.parametrize(
    ("option", "upstream"),
    [
        (dns.edns.ECSOption("192.0.2.0", 24), 3),
        (unknown(65001), 3),
        (unknown(10), 1),
        (unknown(12), 1),
    ],
)
def test_options_that_an_answer_may_depend_on_go_past_the_cache(
    option: dns.edns.Option, upstream: int
) -> None:
    world = World()
    world.behind.says = replying(a(1, 0))
    for options in ([], [option], [option], []):
        assert ttl(world.ask(edns=1232, options=options)) == 5
    assert world.upstream() == upstream


def test_only_queries_are_answered_from_the_cache() -> None:
    world = World()
    world.ask()
    notify = asking()._replace(flags=4 << 11)
    world.cache.respond(notify, world.rest)
    assert world.upstream() == 2


def test_other_zones_are_left_alone() -> None:
    world = World(arguments="other.example")
    world.behind.says = replying(a(1, 0), flags="RA AD")
    found = world.ask()
    assert (ttl(found), found.authentic, found.counts) == (0, True, ())
    assert not world.behind.asked[0].flags & AD
    assert world.figures() == {}


@pytest.mark.parametrize(
    ("says", "text", "upstream"),
    [
        (replying(A), "", 1),
        (NXDOMAIN, "", 1),
        (FAILING, "", 1),
        (NXDOMAIN_WITHOUT_SOA, "", 2),
        (REFUSING, "", 2),
        (replying(A, flags="TC RA"), "", 2),
        (lambda query: SERVFAIL, "", 2),
        (FAILING, "servfail 0", 2),
        (replying(a(1, 0)), "success 1024 60 0", 2),
        (replying(A), "disable success", 2),
        (replying(A), "disable success other.example", 1),
        (NXDOMAIN, "disable success", 1),
        (NXDOMAIN, "disable denial example", 2),
    ],
)
def test_what_is_kept(says: Says, text: str, upstream: int) -> None:
    world = World(text)
    world.behind.says = says
    world.ask()
    world.ask()
    assert world.upstream() == upstream


def test_what_has_no_time_is_not_kept_to_be_said_when_it_is_over() -> None:
    world = World("success 1024 60 0\nserve_stale")
    world.behind.says = replying(a(1, 0))
    assert ttl(world.ask()) == 0
    assert "entries success" not in world.figures()


def test_a_failure_that_is_kept_ends_after_its_time() -> None:
    world = World("servfail 2s")
    world.behind.says = FAILING
    world.ask()
    world.now += 1.9
    assert world.ask().rcode == codes.SERVFAIL
    world.now += 0.1
    world.behind.says = replying(A)
    assert world.ask().rcode == codes.NOERROR


def test_a_reply_to_another_question_is_not_kept() -> None:
    world = World()
    world.behind.says = lambda query: replying()(asking("other.example."))
    world.ask()
    world.ask()
    assert world.upstream() == 2
    assert world.figures()["drops_total"] == 2


@given(
    first=st.integers(0, 2**31 - 1),
    most=st.integers(1, 4000),
    least=st.integers(0, 4000),
    pauses=st.lists(st.floats(0, 2000), max_size=20),
)
def test_a_ttl_never_grows_nor_exceeds_its_bound_nor_outlives_itself(
    first: int, most: int, least: int, pauses: list[float]
) -> None:
    world = World(f"success 1024 {most} {least}")
    world.behind.says = replying(a(1, first))
    clamped = min(max(first, least), most)
    kept_at = world.now
    for pause in pauses:
        world.now += pause
        found = world.ask()
        if world.upstream():
            kept_at = world.now
        age = world.now - kept_at
        assert ttl(found) == clamped - int(age)
        assert found.lifetime is None or 0 < found.lifetime <= clamped - age
        assert found.remember is (found.lifetime is not None)


# Answers of the server's own.

OWN = RRset(from_text(NAME), codes.A, 30, (b"\xc0\0\2\1",))


def test_answers_of_our_own_pass_unchanged_and_are_not_kept() -> None:
    world = World()
    response = Response(answer=(OWN,), authoritative=True, tags=frozenset({("a", "tag")}))
    world.behind.says = lambda query: response
    for _ in range(2):
        found = world.ask()
        assert found._replace(counts=()) == response
    assert world.upstream() == 2


def test_answers_of_our_own_get_one_ttl_and_stay_remembered() -> None:
    world = World("success 1024 20")
    extra = OWN._replace(type=codes.AAAA, ttl=60)
    world.behind.says = lambda query: Response(answer=(OWN,), additional=(extra,), lifetime=90)
    found = world.ask()
    assert (ttl(found), found.lifetime, found.remember) == (20, 20, True)


@pytest.mark.parametrize(("rcode", "is_over"), [(codes.NXDOMAIN, True), (codes.SERVFAIL, False)])
def test_an_answer_of_our_own_ends_what_others_said(rcode: int, is_over: bool) -> None:
    world = World("serve_stale")
    world.ask()
    world.now += 300
    soa = OWN._replace(type=codes.SOA)
    world.behind.says = lambda query: Response(rcode, authority=(soa,), remember=False)
    assert world.ask().rcode == (rcode if is_over else codes.NOERROR)
    world.behind.says = lambda query: SERVFAIL
    assert world.ask().rcode == (codes.SERVFAIL if is_over else codes.NOERROR)


# Tags: what falls through a plugin that may get to know the name holds until it does.


def tagged(*answer: str) -> Says:
    says = replying(*answer)
    return lambda query: says(query)._replace(tags=frozenset({("hosts", "1")}))


def test_a_hit_has_the_tags_that_came_with_it() -> None:
    world = World()
    world.behind.says = tagged(A)
    assert world.ask().tags == world.ask().tags == {("hosts", "1")}


def test_what_a_tag_that_is_forgotten_was_on_is_asked_for_anew() -> None:
    world = World()
    world.behind.says = tagged(A)
    world.ask()
    world.cache.forget(frozenset({("hosts", "2")}))
    world.ask()
    assert world.upstream() == 1
    world.cache.forget(frozenset({("hosts", "1")}))
    world.ask()
    world.ask()
    assert world.upstream() == 1


async def test_what_was_asked_before_its_tag_was_forgotten_is_not_kept() -> None:
    world = World()
    world.behind.says = tagged(A)
    world.behind.is_slow = True
    outcome = world.outcome()
    assert isinstance(outcome, Awaitable)
    waiting = asyncio.ensure_future(outcome)
    await settle()
    world.cache.forget(frozenset({("hosts", "1")}))
    await world.behind.release()
    assert ttl(await waiting) == 300
    world.behind.is_slow = False
    world.ask()
    assert world.upstream() == 2


# Stale answers: what a client gets, and how often the rest was asked by then.


def expired(text: str, says: Says = FAILING, kept: Says | None = None) -> World:
    """Return a world whose cache has 192.0.2.1 that is over since a second, and what is said since then."""
    world = World(SHORT + text)
    world.behind.says = kept or replying(a(1))
    world.ask()
    world.upstream()
    world.now += 2
    world.behind.says = says
    return world


async def immediately(world: World) -> list[int]:
    """Ask, let the upstream answer, ask again; return which address was said with which TTL."""
    world.behind.is_slow = True
    found = [world.ask()]
    await world.behind.release()
    found.append(world.ask())
    assert not found[0].remember
    return [part for each in found for part in (said(each), ttl(each) or 0)]


def said(response: Response) -> int:
    """Return the last octet of the one address; a negative number is an RCODE without an answer."""
    return -response.rcode or address(response)


@pytest.mark.parametrize(
    ("text", "says", "expected"),
    [
        ("serve_stale", replying(a(2)), [1, 0, 2, 1]),
        ("serve_stale", FAILING, [1, 0, 1, 0]),
        ("serve_stale", REFUSING, [1, 0, 1, 0]),
        ("serve_stale", lambda query: SERVFAIL, [1, 0, 1, 0]),
        ("serve_stale", replying(a(2), flags="TC"), [1, 0, 1, 0]),
        ("serve_stale", NXDOMAIN, [1, 0, -3, 60]),
        ("serve_stale", NXDOMAIN_WITHOUT_SOA, [1, 0, 1, 0]),
        ("serve_stale 1h immediate 30s", FAILING, [1, 30, 1, 30]),
        ("serve_stale\nkeepttl", FAILING, [1, 1, 1, 1]),
        ("serve_stale\nserve_stale_policy prefer_positive", NXDOMAIN, [1, 0, 1, 0]),
        ("serve_stale\nserve_stale_policy prefer_positive", replying(), [1, 0, 1, 0]),
        ("serve_stale\nserve_stale_policy prefer_positive", replying(a(2)), [1, 0, 2, 1]),
    ],
)
async def test_immediate(text: str, says: Says, expected: list[int]) -> None:
    world = expired(text, says)
    assert await immediately(world) == expected
    await world.behind.release()


async def test_a_stale_denial_is_replaced_by_what_came_into_being() -> None:
    world = expired("serve_stale", replying(a(2)), NXDOMAIN)
    world.now += 60
    assert await immediately(world) == [-3, 0, 2, 1]


async def test_a_stale_item_is_fetched_by_one_at_a_time_over_tcp() -> None:
    world = expired("serve_stale")
    world.behind.is_slow = True
    world.ask()
    world.ask()
    assert [query.is_stream for query in world.behind.asked] == [True]
    await world.behind.release()
    world.ask()
    assert world.upstream() == 2
    await world.behind.release()


async def test_after_a_failure_nobody_asks_for_a_while() -> None:
    world = expired("serve_stale 1h immediate 30s 10s")
    world.ask()
    world.now += 9
    world.ask()
    assert world.upstream() == 1
    world.now += 1
    world.ask()
    assert world.upstream() == 1


def test_what_is_there_at_once_is_better_than_what_is_stale() -> None:
    world = expired("serve_stale", lambda query: Response(answer=(OWN,)))
    found = world.ask()
    assert (found.answer, found.remember) == ((OWN,), True)


def test_what_is_over_for_too_long_is_a_miss() -> None:
    world = expired("serve_stale 10s")
    world.now += 9
    assert world.ask().rcode == codes.SERVFAIL
    assert world.figures()["misses_total"] == 2


@pytest.mark.parametrize(
    ("text", "says", "expected", "ttl_said", "is_authoritative"),
    [
        ("verify", replying(a(2)), 2, 1, False),
        ("verify", FAILING, 1, 0, True),
        ("verify", REFUSING, 1, 0, True),
        ("verify", lambda query: SERVFAIL, 1, 0, True),
        ("verify", replying(a(2), flags="TC"), 1, 0, True),
        ("verify", replying(a(2), rcode="NXDOMAIN", authority=[SOA]), 1, 0, True),
        ("verify", NXDOMAIN, -3, 60, False),
        ("verify", NXDOMAIN_WITHOUT_SOA, -3, None, False),
        ("verify 0 30s", FAILING, 1, 30, True),
        ("verify 10s", replying(a(2)), 2, 1, True),
        ("verify 10s", NXDOMAIN_WITHOUT_SOA, -3, None, False),
        ("verify\nserve_stale_policy prefer_positive", NXDOMAIN, 1, 0, True),
        ("verify\nserve_stale_policy prefer_positive", replying(a(2)), 2, 1, False),
    ],
)
@pytest.mark.parametrize("is_slow", [False, True])
async def test_verify(
    is_slow: bool, text: str, says: Says, expected: int, ttl_said: int | None, is_authoritative: bool
) -> None:
    world = expired(f"serve_stale 1h {text}", says)
    world.behind.is_slow = is_slow
    if is_slow:
        waiting = asyncio.ensure_future(world.wait())
        await world.behind.release()
        found = await waiting
    else:
        found = world.ask()
    assert said(found) == expected
    assert (ttl(found), found.authoritative) == (ttl_said, is_authoritative)


def test_what_is_less_welcome_than_a_positive_response_is_kept_beside_it() -> None:
    world = expired("serve_stale 10s verify\nserve_stale_policy prefer_positive", NXDOMAIN)
    assert said(world.ask()) == 1
    world.now += 10
    world.upstream()
    assert said(world.ask()) == -3
    assert world.upstream() == 0


async def test_a_verification_that_takes_too_long_goes_on() -> None:
    world = expired("serve_stale 1h verify 1ms", replying(a(2)))
    world.behind.is_slow = True
    assert address(await world.wait()) == 1
    assert address(await world.wait()) == 1
    assert world.upstream() == 1
    await world.behind.release()
    assert address(world.ask()) == 2


async def test_while_one_verifies_the_others_get_what_is_stale_if_failures_are_checked_rarely() -> None:
    world = expired("serve_stale 1h verify 0 30s 10s")
    world.behind.is_slow = True
    waiting = asyncio.ensure_future(world.wait())
    await settle()
    assert address(world.ask()) == 1
    await world.behind.release()
    assert address(await waiting) == 1
    assert address(world.ask()) == 1
    assert world.upstream() == 1


async def test_closing_ends_what_is_being_fetched() -> None:
    world = expired("serve_stale 1h verify", replying(a(2)))
    world.behind.is_slow = True
    waiting = asyncio.ensure_future(world.wait())
    await settle()
    await world.cache.close()
    assert address(await waiting) == 1
    await world.cache.close()


# Prefetching.


def popular(text: str, queries: int = 2) -> World:
    """Return a world whose cache has an item of 100 seconds that was asked for as often."""
    world = World(text)
    world.behind.says = replying(a(1, 100))
    for _ in range(1 + queries):
        world.ask()
    world.upstream()
    world.behind.says = replying(a(2, 100))
    return world


@pytest.mark.parametrize(
    ("text", "later", "upstream", "next_one"),
    [
        ("prefetch 3 10m 20%", 79, 0, 1),
        ("prefetch 3 10m 20%", 80, 1, 2),
        ("prefetch 4 10m 20%", 80, 0, 1),
        ("prefetch 3 10m", 89, 0, 1),
        ("prefetch 3 10m", 90, 1, 2),
        ("prefetch 3 1m 20%", 85, 0, 1),
        ("prefetch 1 1m 20%", 85, 1, 2),
        ("prefetch 0", 95, 0, 1),
    ],
)
def test_what_is_popular_is_fetched_shortly_before_it_ends(
    text: str, later: float, upstream: int, next_one: int
) -> None:
    world = popular(text)
    world.now += later
    assert address(world.ask()) == 1
    assert world.upstream() == upstream
    assert address(world.ask()) == next_one


def test_a_hit_is_remembered_until_it_may_have_to_be_fetched() -> None:
    world = popular("prefetch 3 10m 20%")
    assert world.ask().lifetime == 80
    world.now += 80
    assert not world.ask().remember


def test_a_hit_is_remembered_no_longer_than_a_pause() -> None:
    assert popular("prefetch 3 30s 20%").ask().lifetime == 30
    assert not popular("prefetch 3 -1s 20%").ask().remember


def test_queries_that_the_answer_table_served_count() -> None:
    world = popular("prefetch 9 1m 20%")
    sent(world.ask(), 5)
    world.now += 80
    world.ask()
    assert world.upstream() == 1


def test_what_was_fetched_is_as_popular_as_before() -> None:
    world = popular("prefetch 3 10m 20%")
    for _ in range(2):
        world.now += 80
        world.ask()
        assert world.upstream() == 1


@pytest.mark.parametrize("says", [FAILING, REFUSING, lambda query: SERVFAIL])
def test_a_prefetch_that_fails_leaves_what_is_there(says: Says) -> None:
    world = popular("prefetch 3 10m 20%")
    world.behind.says = says
    world.now += 80
    assert address(world.ask()) == 1
    assert address(world.ask()) == 1
    assert world.upstream() == 2


def test_a_failure_that_was_fetched_is_kept() -> None:
    world = popular("prefetch 3 10m 20%")
    world.behind.says = FAILING
    world.now += 98
    world.ask()
    world.upstream()
    world.now += 2
    assert world.ask().rcode == codes.SERVFAIL
    assert world.upstream() == 0


async def test_a_popular_item_is_fetched_by_one_at_a_time() -> None:
    world = popular("prefetch 3 10m 20%")
    world.behind.is_slow = True
    world.now += 80
    world.ask()
    world.ask()
    assert [query.is_stream for query in world.behind.asked] == [True]
    await world.behind.release()
    assert address(world.ask()) == 2


# Figures.


def test_nothing_is_shown_before_it_happens() -> None:
    assert World().figures() == {}


def test_figures() -> None:
    world = World(SHORT + "serve_stale")
    world.behind.says = replying(a(1, 10))
    world.ask()
    assert world.figures() == {
        "entries success": 1,
        "entries denial": 0,
        "requests_total": 1,
        "misses_total": 1,
    }
    sent(world.ask(), 4)
    world.behind.says = NXDOMAIN
    world.ask("other.example.")
    world.ask("other.example.")
    world.now += 20
    world.behind.says = FAILING
    world.ask()
    assert world.figures() == {
        "entries success": 1,
        "entries denial": 1,
        "hits_total success": 6,
        "hits_total denial": 1,
        "requests_total": 9,
        "misses_total": 2,
        "served_stale_total": 1,
        "prefetch_total": 1,
    }


def test_what_had_to_go_is_shown() -> None:
    world = World("denial 1024")
    world.behind.says = NXDOMAIN
    for number in range(1026):
        world.ask(f"{number}.example.")
    assert world.figures()["entries denial"] == 1024
    assert world.figures()["evictions_total denial"] == 2


@pytest.mark.parametrize(
    ("listen", "label"),
    [
        ((("", 53), ("127.0.0.1", 54)), "dns://:53"),
        ((("::1", 5300),), "dns://[::1]:5300"),
    ],
)
def test_labels(listen: tuple[tuple[str, int], ...], label: str) -> None:
    cache = lent(Cache, "cache 30", listen=listen, zones="Example.org example.net")
    world = World()
    world.cache, world.behind.says = cache, NXDOMAIN
    world.ask("a.example.org.")
    labels = {family.name: family.samples[0][0] for family in cache.measure()}
    zones = "example.org.,example.net."
    assert labels["coredns_cache_misses_total"] == (label, zones, "")
    assert labels["coredns_cache_entries"] == (label, "success", zones, "")


def test_there_is_one_in_a_server_block() -> None:
    assert refusal(Cache, "cache\ncache") == (
        "3:1: found a second 'cache', expected one in a server block, that at Corefile:2:1"
    )
