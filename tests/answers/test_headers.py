"""Section 1 of the table of answers: headers, SOA, case."""

import dns.rcode
import pytest

from kdns.cluster.state import NEEDED_ALWAYS
from kdns.records.options import RecordOptions
from kdns.records.reverse import IN_ADDR_ARPA
from tests.answers.cases import ND, NX, Case, check, records, row, sections, soa
from tests.builders import (
    UDP,
    ask,
    build_query,
    cluster_ip,
    endpoints,
    happen,
    headless,
    namespace,
    respond,
    responder_for,
    responder_of,
    reverse_name,
    section_lines,
    state_of,
)

CLUSTER = (
    namespace(),
    cluster_ip("svc", "10.96.0.10"),
    headless("hl"),
    endpoints("hl", "10.1.0.1 hostname=web-0"),
    cluster_ip("kube-system/kube-dns", "10.96.0.2"),
    endpoints("kube-system/kube-dns", "10.1.0.53"),
)
OWN = {"own_addresses": ("10.1.0.53",)}


@pytest.mark.parametrize(
    "case",
    [
        row("C-01", "nothing.ns.svc A", NX, cluster=CLUSTER),
        row("C-01", "svc.ns.svc AAAA", ND, cluster=CLUSTER),
        row("C-03", "svc.ns.svc A", "svc.ns.svc A 10.96.0.10", cluster=CLUSTER),
        row("C-05", "SvC.nS.SVC A", "svc.ns.svc A 10.96.0.10", cluster=CLUSTER),
        row("C-10", "@ SOA", soa(), cluster=CLUSTER),
    ],
)
def test_row(case: Case) -> None:
    check(case)


@pytest.mark.parametrize(
    ("ttl", "shown"),
    [(0, 0), (5, 5), (30, 30), (300, 300), (301, 300), (3600, 300)],
    ids=lambda n: f"C-01 {n}",
)
def test_soa_ttl_is_at_most_300_and_its_minimum_is_the_ttl_option(ttl: int, shown: int) -> None:
    responder, _, _ = responder_for(*CLUSTER, ttl=ttl)
    expected = records(soa(ttl=shown, minimum=ttl))
    assert sections(ask(responder, "x.ns.svc.cluster.local.")) == ("NXDOMAIN", [], expected, [])
    answer = ask(responder, "svc.ns.svc.cluster.local.")
    assert [rrset.ttl for rrset in answer.answer] == [ttl]


def test_c02_soa_serial_is_the_time_of_the_last_change_that_dns_can_show() -> None:
    now = [1000.0]
    state = state_of(*CLUSTER, clock=lambda: now[0])
    responder = responder_of(state, RecordOptions())

    def serials() -> set[str]:
        asked = [("x.ns.svc", "A"), ("svc.ns.svc", "AAAA"), ("", "SOA")]
        responses = [ask(responder, f"{name}.cluster.local.".lstrip("."), qtype) for name, qtype in asked]
        return {str(rrset[0].serial) for r in responses for rrset in [*r.answer, *r.authority]}

    assert serials() == {"1000"}
    now[0] = 2000.5
    happen(state, responder.table, cluster_ip("other", "10.96.0.11"))
    assert serials() == {"2000"}
    now[0] = 3000.0
    happen(state, responder.table, cluster_ip("other", "10.96.0.11"))
    assert serials() == {"2000"}, "nothing has changed"


def test_c04_differs_unsynced_name_errors_are_servfail_with_aa_and_soa_in_fallthrough_zones_too() -> None:
    """CoreDNS sends the cluster's own reverse names upstream while it is not synced."""
    state = state_of(*CLUSTER)
    state.unsynced = frozenset(NEEDED_ALWAYS)
    responder = responder_of(state, RecordOptions(), fallthrough=[IN_ADDR_ARPA])
    for _ in range(2):
        forward = ask(responder, "x.ns.svc.cluster.local.")
        assert forward.flags & 0x0400
        assert sections(forward) == ("SERVFAIL", [], records(soa()), [])
        backward = ask(responder, reverse_name("10.9.9.9"), "PTR")
        assert backward.flags & 0x0400
        zone = "in-addr.arpa."
        assert sections(backward) == ("SERVFAIL", [], records(soa(zone), zone), [])
        assert sections(ask(responder, "svc.ns.svc.cluster.local."))[1] == records("svc.ns.svc A 10.96.0.10")
    state.mark_synced()
    assert ask(responder, "x.ns.svc.cluster.local.").rcode() == dns.rcode.NXDOMAIN
    at_the_end = ask(responder, reverse_name("10.9.9.9"), "PTR")
    assert (at_the_end.rcode(), at_the_end.authority) == (dns.rcode.SERVFAIL, [])


@pytest.mark.parametrize(
    ("name", "qtype"),
    [
        ("sVc.Ns.SvC.cLuStEr.LoCaL.", "A"),
        ("sVc.Ns.SvC.cLuStEr.LoCaL.", "SRV"),
        ("hL.Ns.SvC.cLuStEr.LoCaL.", "A"),
        ("1-2-3-4.nS.pOd.Cluster.locaL.", "A"),
        ("dNs-Version.cluster.LOCAL.", "TXT"),
        ("CLUSTER.local.", "NS"),
        ("CLUSTER.local.", "SOA"),
        ("10.0.96.10.In-Addr.ARPA.", "PTR"),
        ("In-Addr.ARPA.", "SOA"),
    ],
    ids=lambda text: f"C-06 {text}" if "." in text else text,
)
def test_c06_owner_name_has_exactly_the_case_of_the_question(name: str, qtype: str) -> None:
    responder, _, _ = responder_for(*CLUSTER, **OWN)
    for asked in (name, name.lower(), name, name.upper()):
        response = ask(responder, asked, qtype)
        assert {str(rrset.name) for rrset in response.answer} == {asked}


@pytest.mark.parametrize(
    ("question", "answer", "additional"),
    [
        (
            "SVC.NS.SVC.Cluster.LOCAL. SRV",
            "SVC.NS.SVC.Cluster.LOCAL. 30 SRV 0 100 80 svc.ns.svc.Cluster.LOCAL.",
            "svc.ns.svc.Cluster.LOCAL. 30 A 10.96.0.10",
        ),
        (
            "_HTTP._TCP.HL.NS.SVC.Cluster.LOCAL. SRV",
            "_HTTP._TCP.HL.NS.SVC.Cluster.LOCAL. 30 SRV 0 100 80 web-0.hl.ns.svc.Cluster.LOCAL.",
            "web-0.hl.ns.svc.Cluster.LOCAL. 30 A 10.1.0.1",
        ),
        (
            "Cluster.LOCAL. NS",
            "Cluster.LOCAL. 30 NS kube-dns.kube-system.svc.Cluster.LOCAL.",
            "kube-dns.kube-system.svc.Cluster.LOCAL. 30 A 10.96.0.2",
        ),
        ("10.0.96.10.IN-addr.ARPA. PTR", "10.0.96.10.IN-addr.ARPA. 30 PTR svc.ns.svc.cluster.local.", ""),
    ],
    ids=["C-07 ClusterIP", "C-07 headless", "C-07 NS", "C-07 PTR"],
)
def test_c07_targets_are_lower_case_below_the_zone_as_it_was_asked(
    question: str, answer: str, additional: str
) -> None:
    responder, _, _ = responder_for(*CLUSTER, **OWN)
    name, qtype = question.split()
    for asked in (name, name.lower(), name):
        response = ask(responder, asked, qtype)
        shown = section_lines([*response.answer, *response.additional])
        expected = [line for line in (answer, additional) if line]
        assert shown == (expected if asked == name else [names_lowered(line) for line in expected])


def names_lowered(line: str) -> str:
    return " ".join(word.lower() if "." in word else word for word in line.split())


def test_c08_differs_ns_at_the_apex_is_answered_in_mixed_case() -> None:
    """CoreDNS compares the zone's text and gives NODATA."""
    responder, _, _ = responder_for(*CLUSTER, **OWN)
    for asked in ("cluster.local.", "cLuStEr.LoCaL."):
        rcode, answer, _, additional = sections(ask(responder, asked, "NS"))
        assert (rcode, answer) == ("NOERROR", records("@ NS kube-dns.kube-system.svc"))
        assert additional == records("kube-dns.kube-system.svc A 10.96.0.2")


def test_c09_differs_ns_dns_is_answered_in_mixed_case() -> None:
    """CoreDNS compares the zone's text and gives NXDOMAIN."""
    responder, _, _ = responder_for(*CLUSTER, **OWN)
    for asked in ("ns.dns.cluster.local.", "Ns.dNs.cLuStEr.LoCaL."):
        assert sections(ask(responder, asked))[:2] == ("NOERROR", records("ns.dns A 10.96.0.2"))


@pytest.mark.parametrize(
    ("name", "rcode"),
    [("svc.ns.svc", "NOERROR"), ("ns.svc", "NOERROR"), ("x.ns.svc", "NXDOMAIN"), ("x", "NXDOMAIN")],
    ids=lambda text: f"C-11 {text}",
)
def test_c11_differs_soa_below_the_apex_is_nodata_or_nxdomain_by_existence(name: str, rcode: str) -> None:
    """CoreDNS gives NODATA for every name."""
    responder, _, _ = responder_for(*CLUSTER)
    response = sections(ask(responder, f"{name}.cluster.local.", "SOA"))
    assert response == (rcode, [], records(soa()), [])


def test_a_remembered_answer_differs_from_a_built_one_by_its_id_only() -> None:
    responder, _, table = responder_for(*CLUSTER)
    first = respond(responder, build_query("svc.ns.svc.cluster.local.", id=1).to_wire(), UDP)
    assert len(table.entries) == 1
    second = respond(responder, build_query("svc.ns.svc.cluster.local.", id=2).to_wire(), UDP)
    assert (first[:2], second[:2]) == (b"\0\1", b"\0\2")
    assert first[2:] == second[2:]
