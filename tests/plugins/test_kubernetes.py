"""What the plugin makes of lookups; the answers themselves are in tests/answers."""

import struct
from collections.abc import Sequence
from typing import cast

import pytest

from kdns.answering.chain import Rest
from kdns.answering.plugin import Process, Setting
from kdns.answering.queries import Query
from kdns.answering.responses import Response
from kdns.cluster.objects import ClusterObject
from kdns.cluster.state import NEEDED_ALWAYS, ClusterState
from kdns.cluster.wish import ClusterWish
from kdns.corefile.errors import CorefileError
from kdns.plugins.kubernetes import Kubernetes
from kdns.records.options import RecordOptions
from kdns.records.reverse import IN_ADDR_ARPA
from kdns.wire import codes
from kdns.wire.names import Name, from_text
from tests.builders import cluster_ip, endpoints, external, headless, namespace, reverse_name, state_of
from tests.corefile.builders import corefile

CLUSTER = (namespace(), cluster_ip("svc", "10.96.0.10"), external("ext", "www.example.com"))
ZONE = from_text("cluster.local.")
PASSED_ON = Response(codes.NOERROR, tags=frozenset({("another", "tag")}))
RESOLVED = Response(codes.NXDOMAIN, tags=frozenset({("resolved", "tag")}), remember=False)


class Asked:
    """The rest of a chain, and the way to other chains; notes who was asked for what."""

    name = "asked"

    def __init__(self) -> None:
        self.rest: list[Query] = []
        self.resolved: list[Name] = []

    def respond(self, query: Query, rest: Rest) -> Response:
        self.rest.append(query)
        return PASSED_ON

    def resolve(self, query: Query, name: Name) -> Response:
        self.resolved.append(name)
        return RESOLVED


def query(name: str, qtype: int = codes.A) -> Query:
    return Query(b"\0\7", 0x0100, from_text(name), qtype)


def respond(
    asked: Query, *, fallthrough: Sequence[Name] = (), state: ClusterState | None = None
) -> tuple[Response, Asked]:
    others = Asked()
    plugin = Kubernetes(state or state_of(*CLUSTER), RecordOptions(), (ZONE, IN_ADDR_ARPA), fallthrough)
    response = plugin.respond(asked, Rest([others], others.resolve))
    assert isinstance(response, Response)
    return response, others


@pytest.mark.parametrize(
    "name", ["example.com.", "local.", ".", "notcluster.local.", reverse_name("fd00::1")]
)
def test_other_zones_are_the_rests(name: str) -> None:
    response, others = respond(query(name), fallthrough=[ZONE])
    assert response is PASSED_ON
    assert others.rest == [query(name)]


@pytest.mark.parametrize("qtype", [codes.AXFR, codes.IXFR])
def test_transfers_are_refused(qtype: int) -> None:
    response, others = respond(query("cluster.local.", qtype), fallthrough=[ZONE])
    assert (response.rcode, response.authoritative, others.rest) == (codes.REFUSED, False, [])


def test_a_name_that_does_not_exist_is_passed_on_in_fallthrough_zones_with_its_tags() -> None:
    gone = query(reverse_name("10.9.9.9"), codes.PTR)
    response, others = respond(gone, fallthrough=[IN_ADDR_ARPA])
    assert others.rest == [gone]
    assert response.tags == {("another", "tag"), ("address", "10.9.9.9")}
    response, others = respond(gone, fallthrough=[ZONE])
    assert (response.rcode, others.rest) == (codes.NXDOMAIN, [])


@pytest.mark.parametrize("name", ["svc.ns.svc.cluster.local.", "ns.svc.cluster.local."])
def test_a_name_that_exists_is_not_passed_on(name: str) -> None:
    for qtype in (codes.A, codes.MX):
        response, others = respond(query(name, qtype), fallthrough=[ZONE])
        assert (response.rcode, others.rest) == (codes.NOERROR, [])


def test_until_everything_has_been_seen_a_missing_name_is_servfail_and_not_remembered() -> None:
    state = state_of(*CLUSTER)
    state.unsynced = frozenset(NEEDED_ALWAYS)
    response, others = respond(query("x.ns.svc.cluster.local."), fallthrough=[ZONE], state=state)
    assert (response.rcode, response.remember, others.rest) == (codes.SERVFAIL, False, [])
    assert [rrset.type for rrset in response.authority] == [codes.SOA]
    response, _ = respond(query("svc.ns.svc.cluster.local."), state=state)
    assert (response.rcode, response.remember) == (codes.NOERROR, True)


def test_without_the_slices_only_the_names_that_need_them_are_servfail() -> None:
    state = state_of(*CLUSTER, headless("none"))
    state.unsynced = frozenset({"EndpointSlice"})
    for name, rcode in (
        ("x.ns.svc.cluster.local.", codes.NXDOMAIN),
        ("svc.ns.svc.cluster.local.", codes.NOERROR),
        ("none.ns.svc.cluster.local.", codes.SERVFAIL),
        ("e.svc.ns.svc.cluster.local.", codes.SERVFAIL),
        (reverse_name("10.9.9.9"), codes.SERVFAIL),
    ):
        response, _ = respond(query(name, codes.PTR if name.endswith("arpa.") else codes.A), state=state)
        assert response.rcode == rcode, name


def test_an_alias_that_leads_elsewhere_is_chased_and_keeps_its_own_rcode() -> None:
    response, others = respond(query("ext.ns.svc.cluster.local."))
    assert others.resolved == [from_text("www.example.com.")]
    assert [rrset.type for rrset in response.answer] == [codes.CNAME]
    assert (response.rcode, response.authoritative, response.authority) == (codes.NOERROR, True, ())
    assert response.tags == {("service", "ns", "ext"), ("namespace", "ns"), ("resolved", "tag")}
    assert not response.remember


@pytest.mark.parametrize(
    ("name", "qtype", "is_live"),
    [
        ("svc.ns.svc.cluster.local.", codes.A, False),
        ("svc.ns.svc.cluster.local.", codes.AAAA, True),
        ("x.ns.svc.cluster.local.", codes.A, True),
        ("cluster.local.", codes.SOA, True),
        ("ext.ns.svc.cluster.local.", codes.CNAME, False),
        ("ext.ns.svc.cluster.local.", codes.SOA, False),
    ],
)
def test_a_serial_is_live_where_the_clusters_soa_is(name: str, qtype: int, is_live: bool) -> None:
    response, _ = respond(query(name, qtype))
    assert response.has_live_serial == is_live
    soas = [rrset for rrset in (*response.answer, *response.authority) if rrset.type == codes.SOA]
    assert bool(soas) == is_live
    assert all(struct.unpack("!I", rrset.rdatas[0][-20:-16]) == (1_700_000_000,) for rrset in soas)


class World:
    """A process that lends clusters; notes which were wished for."""

    def __init__(self, state: ClusterState) -> None:
        self.state = state
        self.wishes: list[ClusterWish] = []

    def cluster(self, wish: ClusterWish) -> "World":
        self.wishes.append(wish)
        return self

    def forbidden(self) -> frozenset[str]:
        return frozenset()

    def set_up(self, text: str) -> Kubernetes:
        """Set up the plugin of a Corefile's one server block."""
        (block,) = corefile(text).blocks
        setting = Setting(block, NO_PROCESS, self.cluster, lambda tags: None, own_addresses=("10.1.0.53",))
        return Kubernetes.setup(block.directives, setting)


NO_PROCESS = cast(Process, None)
"""Nothing of the process is asked for."""


def set_up_with(*objects: ClusterObject, text: str) -> tuple[Kubernetes, World]:
    world = World(state_of(*objects))
    return world.set_up(text), world


def answer(plugin: Kubernetes, name: str, qtype: int = codes.A) -> Response:
    others = Asked()
    response = plugin.respond(query(name, qtype), Rest([others], others.resolve))
    assert isinstance(response, Response)
    return response


def test_a_corefile_s_directive_serves_the_cluster_that_it_wishes_for() -> None:
    text = "cluster.local in-addr.arpa {\n kubernetes {\n ttl 7\n pods verified\n labels app=x\n } \n}"
    plugin, world = set_up_with(*CLUSTER, endpoints("svc", "10.1.0.53"), text=text)
    assert world.wishes == [ClusterWish(pods=True, labels="app=x")]
    (found,) = answer(plugin, "svc.ns.svc.cluster.local.").answer
    assert found.ttl == 7
    (pointer,) = answer(plugin, reverse_name("10.96.0.10"), codes.PTR).answer
    assert pointer.rdatas == (from_text("svc.ns.svc.cluster.local."),)
    (server,) = answer(plugin, "cluster.local.", codes.NS).answer
    assert server.rdatas == (from_text("svc.ns.svc.cluster.local."),), "the block's own address"
    assert answer(plugin, "example.com.") is PASSED_ON


def test_fallthrough_without_zones_is_for_all_of_them() -> None:
    for options, is_passed_on in (("", False), ("{\nfallthrough\n}", True)):
        plugin, _ = set_up_with(*CLUSTER, text=f". {{\nkubernetes cluster.local {options}\n}}")
        assert (answer(plugin, "x.cluster.local.").rcode == codes.NOERROR) is is_passed_on


def test_it_is_ready_once_the_cluster_has_been_seen() -> None:
    world = World(ClusterState())
    plugin = world.set_up("cluster.local {\nkubernetes\n}")
    assert not plugin.is_ready()
    world.state.mark_synced()
    assert plugin.is_ready()
    assert Kubernetes(ClusterState(), RecordOptions(), (ZONE,)).is_ready()


def test_there_is_one_in_a_server_block() -> None:
    with pytest.raises(CorefileError, match=r"Corefile:3:2: found a second kubernetes"):
        set_up_with(text="cluster.local {\n kubernetes\n kubernetes example.com\n}")
