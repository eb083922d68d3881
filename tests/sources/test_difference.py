"""kdns.sources.difference: the events that lead from any state to any other."""

from hypothesis import given

from kdns.cluster.events import Applied, Deleted, WatchEvent
from kdns.cluster.objects import ClusterObject, Namespace, ObjectKey, key_of
from kdns.cluster.state import ClusterState
from kdns.sources.difference import difference
from tests.cluster.strategies import clusters, histories


def state_after(history: list[WatchEvent]) -> ClusterState:
    state = ClusterState()
    for event in history:
        state.apply(event)
    return state


@given(histories, clusters)
def test_applied_while_drawn_it_leads_to_the_target(
    history: list[WatchEvent], target: dict[ObjectKey, ClusterObject]
) -> None:
    state = state_after(history)
    for event in difference(state, target):
        state.apply(event)
    assert {key_of(each): each for each in state.objects()} == target
    assert list(difference(state, target)) == []


@given(histories, clusters)
def test_it_touches_only_what_differs_and_deletes_last(
    history: list[WatchEvent], target: dict[ObjectKey, ClusterObject]
) -> None:
    state = state_after(history)
    events = list(difference(state, target))
    kinds = [type(event) for event in events]
    assert kinds == sorted(kinds, key=lambda kind: kind is Deleted)
    assert all(state.get(key_of(each.object)) != each.object for each in events if isinstance(each, Applied))
    assert all(each.key not in target for each in events if isinstance(each, Deleted))


def test_an_object_that_moved_is_there_before_it_is_gone() -> None:
    state = state_after([Applied(Namespace("old"))])
    new = Namespace("new")
    assert list(difference(state, {key_of(new): new})) == [Applied(new), Deleted(key_of(Namespace("old")))]
