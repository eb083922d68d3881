"""With `cache` in front of everything, what is kept for one Pod's search list is not given to another."""

from tests.resolvers.cases import wrong
from tests.resolvers.conftest import Build, corefile
from tests.resolvers.pods import ASKING
from tests.resolvers.resolvers import STRICT
from tests.resolvers.world import World

PODS = {each.name: each for each in ASKING}


def test_each_lookup_has_its_outcome_whoever_asked_before(small_world: World, build: Build) -> None:
    ask = build(STRICT.name)
    with small_world.serving(corefile("cached")):
        for name in ("first", "short", "wild", "own", "shop", "hostnet", "stranger", "first"):
            assert not wrong(STRICT, ask, small_world.places[name], PODS[name]), name
