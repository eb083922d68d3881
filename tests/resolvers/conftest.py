"""The small cluster is built once; kdns runs in it with one Corefile after the other."""

from collections.abc import Callable, Iterator

import pytest

from tests.conftest import find_tool
from tests.resolvers.resolvers import RESOLVERS, Ask
from tests.resolvers.world import COREFILES, World, has_autopath, world

Build = Callable[[str], Ask]


@pytest.fixture(scope="session")
def small_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The cluster, in which nobody answers yet."""
    for tool in ("unshare", "nsenter", "ip"):
        find_tool(tool)
    with world(tmp_path_factory.mktemp("world")) as built:
        yield built


@pytest.fixture(scope="module", params=("plain", "autopath"))
def cluster(request: pytest.FixtureRequest, small_world: World) -> Iterator[World]:
    """The cluster with kdns, without and with autopath."""
    with small_world.serving(corefile(request.param)):
        yield small_world


def corefile(name: str) -> str:
    """Return a Corefile; skip if this kdns has not what it takes."""
    if name != "plain" and not has_autopath():
        pytest.skip("this kdns has no autopath")
    return COREFILES[name]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Builds a resolver by its name, once, and says how it is asked; skips where it cannot be built."""
    built: dict[str, Ask] = {}
    known = {each.name: each for each in RESOLVERS}

    def build(name: str) -> Ask:
        if name not in built:
            built[name] = known[name].build(tmp_path_factory.mktemp(name))
        return built[name]

    return build
