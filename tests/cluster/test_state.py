"""kdns.cluster.state: whatever the order of events, one state; and its tags miss nothing."""

import weakref
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.cluster.events import Applied, Deleted, Tag, WatchEvent, address_tag, namespace_tag, service_tag
from kdns.cluster.objects import (
    ClusterObject,
    Endpoint,
    EndpointSlice,
    Namespace,
    ObjectKey,
    Pod,
    Service,
    ServiceKey,
    ServiceKind,
    key_of,
)
from kdns.cluster.state import ClusterState
from tests.cluster.strategies import histories, keys
from tests.cluster.views import everything, visible

WEB, DB = ServiceKey("n", "web"), ServiceKey("n", "db")
ONE, TWO, THREE = "10.0.0.1", "10.0.0.2", "10.0.0.3"


def service(*addresses: str, version: str = "") -> Service:
    return Service("n", "web", ServiceKind.CLUSTER_IP, addresses, version=version)


def part(*addresses: str, of: str = "web", name: str = "s", version: str = "") -> EndpointSlice:
    return EndpointSlice("n", name, of, tuple(map(Endpoint, addresses)), changed_at=1.0, version=version)


def loaded(objects: Iterable[ClusterObject]) -> ClusterState:
    state = ClusterState()
    for each in objects:
        state.apply(Applied(each))
    return state


@given(histories)
def test_any_history_is_a_fresh_load_of_what_is_left(history: list[WatchEvent]) -> None:
    state, left = ClusterState(), dict[ObjectKey, ClusterObject]()
    for event in history:
        state.apply(event)
        if isinstance(event, Applied):
            left[key_of(event.object)] = event.object
        else:
            left.pop(event.key, None)
    assert everything(state) == everything(loaded(left.values()))
    assert everything(state) == everything(loaded(reversed(left.values())))
    assert {key_of(each): each for each in state.objects()} == left
    assert len(state) == len(left)
    assert all(state.get(key) == each for key, each in left.items())


@given(histories)
def test_tags_cover_every_visible_difference(history: list[WatchEvent]) -> None:
    state = ClusterState()
    before = visible(state)
    for event in history:
        changes = state.changes
        tags = state.apply(event)
        after = visible(state)
        assert {tag for tag in after if after[tag] != before[tag]} <= tags
        assert state.changes == changes + bool(tags)
        before = after


@given(histories)
def test_an_event_that_changes_nothing_has_no_tags(history: list[WatchEvent]) -> None:
    state = loaded([])
    for event in history:
        state.apply(event)
    again = [Applied(each) for each in state.objects()]
    assert [state.apply(event) for event in again] == [frozenset()] * len(again)


@given(keys)
def test_deleting_what_is_not_there_changes_nothing(key: ObjectKey) -> None:
    state = ClusterState()
    assert state.apply(Deleted(key)) == frozenset()
    assert everything(state) == everything(ClusterState())


@pytest.mark.parametrize(
    ("before", "event", "tags"),
    [
        ([], Applied(service(ONE)), {service_tag(WEB), address_tag(ONE)}),
        ([service(ONE)], Applied(service(ONE, version="2")), set()),
        ([service(ONE)], Applied(service(TWO)), {service_tag(WEB), address_tag(ONE), address_tag(TWO)}),
        ([service(ONE)], Deleted(key_of(service())), {service_tag(WEB), address_tag(ONE)}),
        ([], Applied(part(ONE)), {service_tag(WEB), address_tag(ONE)}),
        ([part(ONE)], Applied(part(ONE, version="2")), set()),
        (
            [part(ONE, TWO)],
            Applied(part(ONE, THREE)),
            {service_tag(WEB), address_tag(TWO), address_tag(THREE)},
        ),
        (
            [part(ONE)],
            Applied(part(ONE, of="db")),
            {service_tag(WEB), service_tag(DB), address_tag(ONE)},
        ),
        ([part(ONE, TWO)], Applied(part(TWO, ONE)), {service_tag(WEB)}),
        ([part(ONE, TWO)], Applied(part(ONE, ONE, TWO)), {service_tag(WEB), address_tag(ONE)}),
        ([part(ONE)], Deleted(key_of(part())), {service_tag(WEB), address_tag(ONE)}),
        ([], Applied(Pod("n", "p", (ONE,))), {address_tag(ONE)}),
        ([Pod("n", "p", (ONE,))], Applied(Pod("n", "p", (ONE,), version="2")), set()),
        ([Pod("n", "p", (ONE,))], Applied(Pod("n", "p", (TWO,))), {address_tag(ONE), address_tag(TWO)}),
        ([], Applied(Namespace("n")), {namespace_tag("n")}),
        ([Namespace("n")], Applied(Namespace("n", version="2")), set()),
        ([Namespace("n")], Applied(Namespace("n", (("a", "b"),))), {namespace_tag("n")}),
        ([Namespace("n")], Deleted(ObjectKey("Namespace", "", "n")), {namespace_tag("n")}),
    ],
)
def test_tags_of_one_event(before: list[ClusterObject], event: WatchEvent, tags: set[Tag]) -> None:
    assert loaded(before).apply(event) == tags


def test_slices_are_in_the_order_of_their_names() -> None:
    state = loaded([part(TWO, name="s2"), part(THREE, name="s3"), part(ONE, name="s1")])
    assert [each.name for each in state.slices_of(WEB)] == ["s1", "s2", "s3"]


def test_an_address_with_several_owners_names_them_in_order() -> None:
    other = Service("m", "web", ServiceKind.CLUSTER_IP, (ONE,))
    state = loaded([service(ONE), other, part(ONE, ONE, name="s2"), part(ONE, name="s1")])
    assert state.services_at(ONE) == [other, service(ONE)]
    assert [each.name for each, _ in state.endpoints_at(ONE)] == ["s1", "s2", "s2"]
    assert state.services_at(TWO) == list(state.endpoints_at(TWO)) == state.pods_at(TWO) == []


def test_the_serial_is_the_time_of_the_last_visible_change() -> None:
    now = 100.7
    state = ClusterState(clock=lambda: now)
    assert state.serial == 100
    now = 200.2
    state.apply(Applied(service(ONE, version="1")))
    now = 300.0
    state.apply(Applied(service(ONE, version="2")))
    assert (state.serial, state.changes) == (200, 1)
    assert state.services[WEB].version == "2"


@given(st.lists(st.tuples(st.integers(0, 7), st.booleans()), max_size=20))
def test_whoever_has_a_copy_of_something_old_finds_a_higher_serial(steps: list[tuple[int, bool]]) -> None:
    tenths = 1000
    state = ClusterState(lambda: tenths / 10)
    copies = list[tuple[int, dict[tuple[str, str], Service]]]()
    for number, (pause, is_change) in enumerate(steps):
        tenths += pause
        if is_change:
            state.apply(Applied(service(f"10.0.1.{number}")))
        copies.append((state.lasting_serial, dict(state.services)))
    tenths += 10
    assert state.lasting_serial == state.serial
    for serial, services in copies:
        assert services == state.services or serial < state.serial


def test_a_snapshot_stays_as_it_is_and_is_shared_until_something_changes() -> None:
    state = loaded([Namespace("n"), service(ONE), part(TWO)])
    snapshot = state.snapshot()
    assert state.snapshot() is snapshot
    state.apply(Applied(service(ONE, version="2")))
    assert state.snapshot() is snapshot, "nothing that DNS can show has changed"
    before = dict(snapshot.services), dict(snapshot.namespaces), snapshot.slices_of(WEB)
    for event in (Applied(service(THREE)), Applied(part(ONE)), Deleted(key_of(Namespace("n")))):
        state.apply(event)
        assert (dict(snapshot.services), dict(snapshot.namespaces), snapshot.slices_of(WEB)) == before
    assert state.snapshot() is not snapshot
    assert state.snapshot().services == state.services
    assert state.snapshot().slices_of(WEB) == state.slices_of(WEB)


def test_a_snapshot_that_nobody_has_any_more_is_gone() -> None:
    state = loaded([service(ONE)])
    gone = weakref.ref(state.snapshot())
    assert gone() is None
