"""What the stores keep and find, and how popular an item is."""

import pytest

from kdns.answering.responses import Response
from kdns.plugins._cache_items import Forgotten, Item, Key, Store, key_of
from kdns.plugins._cache_options import DENIAL, SUCCESS, Prefetch
from kdns.wire import codes
from tests.plugins.caching import asking, options_of

KEY = key_of(asking())


def item(
    ttl: int = 10, stored: float = 0, rcode: int = codes.NOERROR, is_answer: bool = True, tag: str = ""
) -> Item:
    tags = frozenset({("tag", tag)} if tag else ())
    return Item(Response(rcode, tags=tags), ttl, stored, is_answer)


def store_with(text: str, success: Item | None = None, denial: Item | None = None) -> Store:
    store = Store(options_of(text))
    if success is not None:
        store.put(KEY, success, is_denial=False)
    if denial is not None:
        store.put(KEY, denial, is_denial=True)
    return store


POLICY = "serve_stale 100s\nserve_stale_policy prefer_positive"
FAILURE = codes.SERVFAIL


@pytest.mark.parametrize(
    ("text", "success", "denial", "now", "label"),
    [
        ("", None, None, 0, None),
        ("", item(), None, 9.9, SUCCESS),
        ("", item(), None, 10, None),
        ("", None, item(), 9.9, DENIAL),
        ("", item(), item(), 0, DENIAL),
        ("", item(), item(5), 6, SUCCESS),
        ("", item(), item(rcode=FAILURE), 0, SUCCESS),
        ("", item(5), item(rcode=FAILURE), 6, DENIAL),
        ("serve_stale 100s", item(), None, 109.9, SUCCESS),
        ("serve_stale 100s", item(), None, 110, None),
        ("serve_stale 100s", item(50), item(), 20, DENIAL),
        ("serve_stale 100s", item(), item(rcode=FAILURE), 60, SUCCESS),
        ("serve_stale 500ms", item(), None, 10, None),
        (POLICY, item(), item(), 0, SUCCESS),
        (POLICY, item(), item(500), 109, SUCCESS),
        (POLICY, item(), item(500), 110, DENIAL),
        (POLICY, item(is_answer=False), item(), 0, DENIAL),
    ],
)
def test_which_shelf_answers(
    text: str, success: Item | None, denial: Item | None, now: float, label: str | None
) -> None:
    found = store_with(text, success, denial).find(KEY, now)
    assert (found and found[0]) == label


def test_a_positive_item_replaces_a_denial() -> None:
    store = store_with("", denial=item(rcode=codes.NXDOMAIN))
    store.put(KEY, item(5), is_denial=False)
    assert store.find(KEY, 6) is None


def test_an_answer_outlives_what_takes_its_place_if_positive_ones_are_preferred() -> None:
    answer = item()
    store = store_with(POLICY, answer)
    store.put(KEY, item(500, is_answer=False), is_denial=False)
    store.put(KEY, item(600, is_answer=False), is_denial=False)
    assert store.find(KEY, 109) == (SUCCESS, answer)
    found = store.find(KEY, 110)
    assert found is not None
    assert found[1].ttl == 600


@pytest.mark.parametrize(
    ("text", "is_kept"), [("example.", False), ("ample.", True), (".", False), ("x.example", True)]
)
def test_nothing_is_kept_for_excepted_zones(text: str, is_kept: bool) -> None:
    store = Store(options_of(f"disable success {text}"))
    assert store.put(KEY, item(), is_denial=False) is is_kept
    assert (store.find(KEY, 0) is not None) is is_kept
    assert store.put(KEY, item(), is_denial=True)


def test_what_was_not_asked_for_the_longest_goes_first_and_is_counted() -> None:
    store = Store(options_of("denial 1024"))
    keys: list[Key] = [(KEY[0], qtype, codes.IN, False, 0) for qtype in range(1, 1026)]
    for key in keys[:-1]:
        store.put(key, item(), is_denial=True)
    store.put(keys[1], item(), is_denial=True)
    assert store.find(keys[0], 0)
    assert store.shelves[DENIAL].evicted == 0
    store.put(keys[-1], item(), is_denial=True)
    assert store.shelves[DENIAL].evicted == 1
    assert [bool(store.find(key, 0)) for key in (keys[0], keys[1], keys[2], keys[-1])] == [
        True,
        True,
        False,
        True,
    ]


def test_keys_differ_by_do_and_cd_and_not_by_case_or_ad() -> None:
    plain = key_of(asking("www.example."))
    assert plain == key_of(asking("WWW.example.", ad=True, edns=1232))
    assert (
        len({plain, key_of(asking(edns=1232, do=True)), key_of(asking(cd=True)), key_of(asking(qtype="MX"))})
        == 4
    )


def test_an_item_goes_with_its_tag() -> None:
    store = store_with("serve_stale", item(tag="a"))
    store.forgotten.forget({("tag", "b")})
    assert store.find(KEY, 0)
    store.forgotten.forget({("tag", "a")})
    assert store.find(KEY, 0) is None


def test_of_what_was_forgotten_long_ago_everything_counts_as_forgotten() -> None:
    forgotten = Forgotten()
    mine = frozenset({("tag", "mine")})
    before = forgotten.version
    forgotten.forget(("tag", str(number)) for number in range(16384))
    assert not forgotten.any_since(mine, before)
    forgotten.forget([("tag", "one more")])
    assert forgotten.any_since(mine, before)
    assert not forgotten.any_since(mine, forgotten.version)
    assert not forgotten.any_since(frozenset(), before)


@pytest.mark.parametrize(
    ("now", "ttl", "whole"), [(0, 10, 10), (0.1, 10, 9), (1, 9, 9), (9.5, 1, 0), (12, -2, 0)]
)
def test_ttls_count_down_in_whole_seconds(now: float, ttl: int, whole: int) -> None:
    assert item().remaining(now) == ttl
    assert item().seconds_until(0, now) == whole


@pytest.mark.parametrize(
    ("asked", "hits"),
    [
        ([0], 1),
        ([0, 59, 118], 3),
        ([0, 61], 1),
        ([0, 1, 62, 63], 2),
    ],
)
def test_hits_are_the_queries_without_a_pause(asked: list[float], hits: int) -> None:
    popular = item()
    for now in asked:
        popular.see(now, 60)
        popular.count.value += 1
    assert popular.hits == hits


def test_a_query_counts_before_its_response_is_sent() -> None:
    popular = item()
    for _ in range(3):
        popular.see(0, 60)
    assert popular.hits == 3


@pytest.mark.parametrize(("ttl", "percentage", "threshold"), [(100, 20, 20), (5, 10, 1), (3600, 10, 360)])
def test_there_is_a_second_for_fetching_at_least(ttl: int, percentage: int, threshold: int) -> None:
    assert item(ttl).threshold(Prefetch(1, 60, percentage)) == threshold


def test_what_was_sent_meanwhile_counts_as_well() -> None:
    popular = item()
    popular.see(0, 60)
    popular.hold(0, 60)
    popular.count.value += 7
    popular.see(100, 60)
    assert popular.hits == 8


def test_a_pause_begins_no_later_than_what_remembered_it_ended() -> None:
    popular = item()
    popular.see(0, 60)
    popular.hold(0, 60)
    popular.count.value += 7
    popular.see(121, 60)
    assert popular.hits == 1
