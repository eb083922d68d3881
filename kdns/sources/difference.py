"""The events that lead from one state to another; whoever lists anew turns the list into these."""

from collections.abc import Iterator, Mapping

from kdns.cluster.events import Applied, Deleted, WatchEvent
from kdns.cluster.objects import ClusterObject, ObjectKey, key_of
from kdns.cluster.state import ClusterState


def difference(state: ClusterState, objects: Mapping[ObjectKey, ClusterObject]) -> Iterator[WatchEvent]:
    """Yield the events that turn the state into `objects`: additions and changes first, deletions last.

    In that order an object that was renamed or moved is never missing in between. The events may be
    applied while they are drawn; nothing else may change the state meanwhile.
    """
    for key, new in objects.items():
        if state.get(key) != new:
            yield Applied(new)
    gone = [key for key in map(key_of, state.objects()) if key not in objects]
    for key in gone:
        yield Deleted(key)
