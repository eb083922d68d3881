"""kdns.observability.readiness: ready, for ever, once all was seen or what is missing may not be read."""

import pytest

from kdns.observability import readiness
from kdns.observability.readiness import STARTUP_SECONDS, Readiness

ALL = frozenset({"Namespace", "Service", "EndpointSlice"})
NONE: frozenset[str] = frozenset()


class World:
    """What readiness looks at, and its clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.missing, self.forbidden, self.now = ALL, NONE, 1000.0
        monkeypatch.setattr(readiness.time, "monotonic", lambda: self.now)
        self.readiness = Readiness(lambda: self.missing, lambda: self.forbidden)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_it_waits_for_every_kind_and_names_those_that_are_missing(world: World) -> None:
    assert world.readiness.missing() == ALL
    world.missing = frozenset({"EndpointSlice"})
    assert world.readiness.missing() == {"EndpointSlice"}
    world.missing = NONE
    assert world.readiness.missing() == NONE


def test_once_ready_always_ready(world: World) -> None:
    world.missing = NONE
    assert not world.readiness.missing()
    world.missing, world.forbidden = ALL, ALL
    assert not world.readiness.missing()


def test_time_alone_makes_nothing_ready(world: World) -> None:
    world.now += 100 * STARTUP_SECONDS
    assert world.readiness.missing() == ALL


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
    world.missing, world.forbidden = frozenset(missing), frozenset(forbidden)
    assert world.readiness.missing() == missing
    world.now += STARTUP_SECONDS - 0.1
    assert world.readiness.missing() == missing
    world.now += 0.2
    assert world.readiness.missing() == (NONE if is_ready else missing)
