"""kdns.plugins._kubernetes_readiness: ready for ever once all was seen, or what lacks may not be read."""

import pytest

from kdns.cluster.state import ClusterState
from kdns.plugins._kubernetes_readiness import Readiness

ALL = frozenset({"Namespace", "Service", "EndpointSlice"})
NONE: frozenset[str] = frozenset()
STARTUP_SECONDS = 7.0


class World:
    """The cluster that readiness looks at, and its clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.state, self.now, self.kept_from_us = ClusterState(), 1000.0, NONE
        monkeypatch.setattr("kdns.plugins._kubernetes_readiness.time.monotonic", lambda: self.now)
        self.readiness = Readiness(self, STARTUP_SECONDS)

    def forbidden(self) -> frozenset[str]:
        return self.kept_from_us

    def is_ready_without(self, missing: frozenset[str]) -> bool:
        self.state.unsynced = missing
        return self.readiness.is_reached()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_it_waits_for_every_kind(world: World) -> None:
    assert not world.is_ready_without(ALL)
    assert not world.is_ready_without(frozenset({"EndpointSlice"}))
    assert world.is_ready_without(NONE)


def test_once_ready_always_ready(world: World) -> None:
    assert world.is_ready_without(NONE)
    world.kept_from_us = ALL
    assert world.is_ready_without(ALL)


def test_time_alone_makes_nothing_ready(world: World) -> None:
    world.now += 100 * STARTUP_SECONDS
    assert not world.is_ready_without(ALL)


@pytest.mark.parametrize(
    ("missing", "forbidden", "is_ready"),
    [
        ({"EndpointSlice"}, {"EndpointSlice"}, True),
        ({"EndpointSlice", "Pod"}, {"EndpointSlice", "Pod"}, True),
        ({"EndpointSlice", "Pod"}, {"Pod"}, False),
        ({"Service"}, {"Service"}, False),
        ({"Namespace"}, {"Namespace"}, False),
        (ALL, ALL, False),
        ({"Pod"}, set(), False),
    ],
)
def test_what_is_forbidden_holds_readiness_back_for_the_start_only(
    world: World, missing: set[str], forbidden: set[str], is_ready: bool
) -> None:
    world.kept_from_us = frozenset(forbidden)
    assert not world.is_ready_without(frozenset(missing))
    world.now += STARTUP_SECONDS - 0.1
    assert not world.is_ready_without(frozenset(missing))
    world.now += 0.2
    assert world.is_ready_without(frozenset(missing)) is is_ready
