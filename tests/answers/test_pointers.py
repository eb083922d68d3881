"""Section 6 of the table of answers: PTR, and the reverse zones."""

import dns.rcode
import pytest

from kdns.answering.chain import Rest
from kdns.answering.queries import Query
from kdns.answering.responses import Response
from kdns.records.options import RecordOptions
from kdns.records.reverse import IN_ADDR_ARPA
from kdns.wire import codes
from kdns.wire.rrsets import RRset
from tests.answers.cases import ND, NX, Case, check, records, row, sections, soa
from tests.builders import (
    ask,
    cluster_ip,
    endpoints,
    happen,
    headless,
    namespace,
    responder_of,
    reverse_name,
    state_of,
)

CLUSTER = (
    namespace(),
    namespace("other"),
    cluster_ip("svc", "10.96.0.10", "fd00::10"),
    endpoints("svc", "10.1.0.1", "10.1.0.2 hostname=web-2"),
    cluster_ip("dns", "10.96.0.2"),
    endpoints("dns", "10.1.0.53"),
    headless("hl"),
    endpoints("hl", "10.1.0.2 hostname=web-2", "10.1.0.3 unready", "10.1.0.4 pod=pod-4"),
    headless("other/hl"),
    endpoints("other/hl", "10.1.0.1", "fd00::1"),
    cluster_ip("other/twin", "10.96.0.20"),
    cluster_ip("twin", "10.96.0.20"),
    endpoints("other/twin", "10.96.0.20"),
)
BOTH, ONE = frozenset({"ns", "other"}), frozenset({"ns"})

V4, V6 = "in-addr.arpa.", "ip6.arpa."
WEB_2 = reverse_name("10.1.0.2")


def ptr(id: str, address: str, *targets: str, **options: object) -> object:
    name = reverse_name(address)
    answer = "\n".join(f"{name} PTR {target}.svc.cluster.local." for target in targets) or NX
    return row(id, f"{name} PTR", answer, zone=V6 if ":" in address else V4, cluster=CLUSTER, **options)


@pytest.mark.parametrize(
    "case",
    [
        ptr("C-80", "10.96.0.10", "svc.ns"),
        ptr("C-80", "fd00::10", "svc.ns"),
        ptr("C-80 first match", "10.96.0.20", "twin.ns"),
        ptr("C-81", "10.1.0.1", "10-1-0-1.svc.ns", "10-1-0-1.hl.other"),
        ptr("C-81", "10.1.0.2", "web-2.svc.ns", "web-2.hl.ns"),
        ptr("C-81", "10.1.0.4", "10-1-0-4.hl.ns"),
        ptr("C-81 pod names", "10.1.0.4", "pod-4.hl.ns", endpoint_pod_names=True),
        ptr("C-82 unknown", "10.1.0.99"),
        ptr("C-82 not ready", "10.1.0.3"),
        row("C-83", f"{WEB_2} A", NX, zone=V4, cluster=CLUSTER),
        row("C-83", f"{WEB_2} ANY", NX, zone=V4, cluster=CLUSTER),
        row("C-83", f"{WEB_2} SOA", NX, zone=V4, cluster=CLUSTER),
        row("C-83", "0.1.10 PTR", NX, zone=V4, cluster=CLUSTER),
        row("C-83", "1.2.0.1.10 PTR", NX, zone=V4, cluster=CLUSTER),
        row("C-83", "02.0.1.10 PTR", NX, zone=V4, cluster=CLUSTER),
        row("C-83", "0.0.d.f PTR", NX, zone=V6, cluster=CLUSTER),
        row("C-84", "svc.ns.svc PTR", ND, cluster=CLUSTER),
        row("C-84", "x.ns.svc PTR", NX, cluster=CLUSTER),
        row("C-86", "@ SOA", soa(V4), zone=V4, cluster=CLUSTER),
        row("C-86", "@ SOA", soa(V6), zone=V6, cluster=CLUSTER),
        row(
            "C-86",
            "@ NS",
            "@ NS dns.ns.svc",
            "dns.ns.svc A 10.96.0.2",
            zone=V4,
            cluster=CLUSTER,
            own_addresses=("10.1.0.53",),
        ),
        row("C-86", "@ A", ND, zone=V4, cluster=CLUSTER),
        ptr("C-87", "fd00::1", "fd00--1.hl.other"),
        row(
            "C-87 upper case",
            f"{reverse_name('fd00::1').upper()} PTR",
            f"{reverse_name('fd00::1')} PTR fd00--1.hl.other.svc.cluster.local.",
            zone=V6,
            cluster=CLUSTER,
        ),
        row("C-87 31 nibbles", f"{reverse_name('fd00::1')[2:]} PTR", NX, zone=V6, cluster=CLUSTER),
        row("C-87 no nibble", f"g{reverse_name('fd00::1')[1:]} PTR", NX, zone=V6, cluster=CLUSTER),
        # C-88: a hand-made slice that names another tenant's Pod is believed, as the API server has it
        ptr("C-88", "10.1.0.1", "10-1-0-1.svc.ns", "10-1-0-1.hl.other"),
    ],
)
def test_row(case: Case) -> None:
    check(case)


@pytest.mark.parametrize(
    "case",
    [
        ptr("C-85", "10.1.0.1", "10-1-0-1.svc.ns", namespaces=ONE),
        ptr("C-85", "10.1.0.1", "10-1-0-1.svc.ns", "10-1-0-1.hl.other", namespaces=BOTH),
        ptr("C-85", "10.96.0.20", "twin.ns", namespaces=ONE),
        ptr("C-85", "10.96.0.20", "twin.other", namespaces=frozenset({"other"})),
        ptr("C-85", "fd00::1", namespaces=ONE),
        ptr("C-85 absent", "10.96.0.10", namespaces=frozenset({"absent"})),
    ],
)
def test_c85_differs_pointers_lead_to_exposed_namespaces_only(case: Case) -> None:
    """CoreDNS filters by `namespaces` but not by `namespace_labels`."""
    check(case)


class Elsewhere:
    """A plugin after `kubernetes` that knows one answer to everything."""

    name = "elsewhere"

    def respond(self, query: Query, rest: Rest) -> Response:
        return Response(answer=(RRset(query.name, codes.PTR, 60, (b"\x04else\0",)),))


def test_c82_an_unknown_address_goes_to_the_next_plugin_where_it_falls_through() -> None:
    state = state_of(*CLUSTER)
    responder = responder_of(state, RecordOptions(), Elsewhere(), fallthrough=[IN_ADDR_ARPA])
    unknown = reverse_name("10.1.0.99")
    for _ in range(2):
        known = ask(responder, WEB_2, "PTR")
        assert len(known.answer) == 2
        passed_on = ask(responder, unknown, "PTR")
        assert sections(passed_on) == ("NOERROR", records(f"{unknown} 60 PTR else."), [], [])
        assert not passed_on.flags & 0x0400
        assert ask(responder, reverse_name("fd00::99"), "PTR").rcode() == dns.rcode.NXDOMAIN
        assert ask(responder, "x.cluster.local.").rcode() == dns.rcode.NXDOMAIN
    happen(state, responder.table, endpoints("hl", "10.1.0.99"))
    assert sections(ask(responder, unknown, "PTR"))[1] == records(
        f"{unknown} PTR 10-1-0-99.hl.ns.svc.cluster.local."
    )


def test_c82_where_it_falls_through_and_nobody_follows_it_is_servfail() -> None:
    responder = responder_of(state_of(*CLUSTER), RecordOptions(), fallthrough=[IN_ADDR_ARPA])
    assert ask(responder, reverse_name("10.1.0.99"), "PTR").rcode() == dns.rcode.SERVFAIL
