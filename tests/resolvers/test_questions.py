"""How many questions a lookup of an outside name costs, counted on the wire."""

from collections.abc import Iterator

import pytest

from tests.resolvers.conftest import Build, corefile
from tests.resolvers.pods import NODE, OUTSIDE_ADDRESS, PODS
from tests.resolvers.wire import Asked
from tests.resolvers.world import World

FIRST = PODS[0]
NAMES = {"glibc": "api.example.com", "musl": "api.example.net", "go": "api.example.org"}
"""Each its own: whatever a cache has of one is no help with another."""

LISTS = {
    "bare": (f"nameserver {OUTSIDE_ADDRESS}\n", FIRST.resolv_conf.replace(" corp.example.net", "")),
    "corp": (NODE, FIRST.resolv_conf),
}
"""A node without a search domain, and one with: its resolv.conf, and that of a Pod on it."""


@pytest.fixture(
    scope="module", params=[(mode, node) for mode in ("plain", "autopath") for node in LISTS], ids="-".join
)
def served(request: pytest.FixtureRequest, small_world: World) -> Iterator[tuple[str, str]]:
    """How kdns runs, and on which node."""
    mode, node = request.param
    node_conf, pod_conf = LISTS[node]
    place = small_world.places[FIRST.name]
    place.write("resolv.conf", pod_conf)
    with small_world.serving(corefile(mode), node_conf):
        yield mode, node
    place.write("resolv.conf", FIRST.resolv_conf)


def _look_up(
    where: World, build: Build, resolver: str, name: str
) -> tuple[list[Asked], list[tuple[str, str]]]:
    """Return what kdns was asked for a lookup, and what it asked outside."""
    ask = build(resolver)
    where.tap.heard()
    where.outside.asked.clear()
    assert ask(where.places[FIRST.name], FIRST, [f"ADDR={name}"]) == {
        f"ADDR={name}": "192.0.2.80,2001:db8::80"
    }
    asked = [question for question in where.outside.asked if name in question[0]]
    return where.tap.heard(), asked


@pytest.mark.parametrize("resolver", NAMES)
def test_a_lookup_costs_a_question_of_each_type_with_autopath_and_else_all_of_the_search_list(
    served: tuple[str, str], small_world: World, build: Build, resolver: str
) -> None:
    mode, node = served
    name = NAMES[resolver]
    domains = LISTS[node][1].splitlines()[0].split()[1:]
    names = [*(f"{name}.{domain}." for domain in domains), f"{name}."]
    questions = sorted((each, rdtype) for each in names for rdtype in ("A", "AAAA"))
    heard, asked = _look_up(small_world, build, resolver, name)
    print(f"{resolver}, {mode}, {node}: {len(heard)} questions, {len(asked)} of them outside")
    assert sorted(asked) == [each for each in questions if "cluster.local" not in each[0]]
    if mode == "autopath":
        questions = [each for each in questions if each[0] == names[0]]
    assert sorted((each.name, each.type) for each in heard) == questions


def test_what_does_not_fit_into_a_datagram_is_asked_for_again_over_tcp(
    served: tuple[str, str], small_world: World, build: Build
) -> None:
    small_world.tap.heard()
    build("glibc")(small_world.places[FIRST.name], FIRST, ["ADDR=crowd"])
    heard = [each for each in small_world.tap.heard() if each.name == "crowd.default.svc.cluster.local."]
    assert {each.transport for each in heard if each.type == "A"} == {"udp", "tcp"}
    assert {each.client for each in heard} == {FIRST.address}, "not the address of a router"
