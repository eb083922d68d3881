"""What the plugin makes of lookups; the answers themselves are in tests/answers."""

import struct
from collections.abc import Sequence

import pytest

from kdns.answering.chain import Handler, Response
from kdns.answering.queries import Query
from kdns.cluster.state import NEEDED_ALWAYS, ClusterState
from kdns.plugins.kubernetes import Kubernetes
from kdns.records.options import RecordOptions
from kdns.records.reverse import IN_ADDR_ARPA
from kdns.wire import codes
from kdns.wire.names import Name, from_text
from tests.builders import cluster_ip, external, headless, namespace, reverse_name, state_of

CLUSTER = (namespace(), cluster_ip("svc", "10.96.0.10"), external("ext", "www.example.com"))
ZONE = from_text("cluster.local.")
PASSED_ON = Response(codes.NOERROR, tags=frozenset({("another", "tag")}))
RESOLVED = Response(codes.NXDOMAIN, tags=frozenset({("resolved", "tag")}), remember=False)


class Asked:
    """The rest of a chain, and the way to other chains; notes who was asked for what."""

    def __init__(self) -> None:
        self.rest: list[Query] = []
        self.resolved: list[Name] = []

    def handler(self, query: Query) -> Response:
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
    plugin = Kubernetes(
        state or state_of(*CLUSTER), RecordOptions(), (ZONE, IN_ADDR_ARPA), others.resolve, fallthrough
    )
    rest: Handler = others.handler
    response = plugin.respond(asked, rest)
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
