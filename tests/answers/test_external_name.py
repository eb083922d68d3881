"""Section 7 of the table of answers: ExternalName Services."""

import pytest

from kdns.answering.chain import Response
from kdns.records.options import RecordOptions
from kdns.wire import codes, names, rrsets
from kdns.wire.rrsets import RRset
from tests.answers.cases import ND, NX, Case, check, row, soa
from tests.builders import (
    Static,
    ask,
    cluster_ip,
    external,
    happen,
    headless,
    namespace,
    responder_of,
    state_of,
)

WWW = names.from_text("www.example.com.")
CHAIN = [external(f"e{n}", f"e{n + 1}.ns.svc.cluster.local.") for n in range(1, 14)]
CLUSTER = (
    namespace(),
    namespace("other"),
    cluster_ip("svc", "10.96.0.10"),
    headless("empty"),
    external("ext", "www.example.com"),
    external("dot", "WWW.example.com."),
    external("gone", "gone.example.com"),
    external("broken", "broken.example.com"),
    external("foreign", "www.example.org"),
    external("inside", "svc.ns.svc.cluster.local"),
    external("other/across", "inside.ns.svc.Cluster.Local."),
    external("dangling", "nothing.ns.svc.cluster.local"),
    external("hollow", "empty.ns.svc.cluster.local"),
    external("apex", "cluster.local"),
    external("pod", "10-1-2-3.ns.pod.cluster.local"),
    external("self", "self.ns.svc.cluster.local"),
    external("here", "there.other.svc.cluster.local"),
    external("other/there", "here.ns.svc.cluster.local"),
    external("v4", "192.0.2.1"),
    external("v6", "2001:db8::1"),
    external("mapped", "::ffff:192.0.2.1"),
)
ELSEWHERE = Static(
    {
        ("www.example.com.", codes.A): Response(
            answer=(RRset(WWW, codes.A, 60, (rrsets.address("192.0.2.80"),)),)
        ),
        ("www.example.com.", codes.TXT): Response(
            answer=(RRset(WWW, codes.TXT, 60, (rrsets.txt([b"hello"]),)),)
        ),
        ("www.example.com.", codes.AAAA): Response(),
        ("www.example.com.", codes.SOA): Response(
            answer=(RRset(WWW, codes.SOA, 60, (rrsets.SOA(WWW, WWW, 7, 1, 2, 3, 4).rdata(),)),)
        ),
        **{("gone.example.com.", qtype): Response(codes.NXDOMAIN) for qtype in (codes.A, codes.TXT)},
        **{("broken.example.com.", qtype): Response(codes.SERVFAIL, remember=False) for qtype in (codes.A,)},
    }
)


def alias(owner: str, target: str) -> str:
    return f"{owner} CNAME {target}\n"


def chain(first: int, last: int) -> str:
    return "".join(alias(f"e{n}.ns.svc", f"e{n + 1}.ns.svc") for n in range(first, last + 1))


@pytest.mark.parametrize(
    "case",
    [
        row(
            "C-90",
            "ext.ns.svc A",
            alias("ext.ns.svc", "www.example.com.") + "www.example.com. 60 A 192.0.2.80",
            cluster=CLUSTER,
        ),
        row("C-90", "ext.ns.svc AAAA", alias("ext.ns.svc", "www.example.com."), cluster=CLUSTER),
        row(
            "C-90 final dot",
            "dot.ns.svc A",
            alias("dot.ns.svc", "WWW.example.com.") + "www.example.com. 60 A 192.0.2.80",
            cluster=CLUSTER,
        ),
        row(
            "C-90",
            "inside.ns.svc A",
            alias("inside.ns.svc", "svc.ns.svc") + "svc.ns.svc A 10.96.0.10",
            cluster=CLUSTER,
        ),
        row(
            "C-90 across namespaces",
            "across.other.svc A",
            alias("across.other.svc", "inside.ns.svc")
            + alias("inside.ns.svc", "svc.ns.svc")
            + "svc.ns.svc A 10.96.0.10",
            cluster=CLUSTER,
        ),
        row(
            "C-90 pod",
            "pod.ns.svc A",
            alias("pod.ns.svc", "10-1-2-3.ns.pod") + "10-1-2-3.ns.pod A 10.1.2.3",
            cluster=CLUSTER,
        ),
        row("C-91", "ext.ns.svc CNAME", alias("ext.ns.svc", "www.example.com."), cluster=CLUSTER),
        row("C-91", "inside.ns.svc CNAME", alias("inside.ns.svc", "svc.ns.svc"), cluster=CLUSTER),
        row("C-91", "self.ns.svc CNAME", alias("self.ns.svc", "self.ns.svc"), cluster=CLUSTER),
        row("C-94 NXDOMAIN", "gone.ns.svc A", alias("gone.ns.svc", "gone.example.com."), cluster=CLUSTER),
        row(
            "C-94 SERVFAIL", "broken.ns.svc A", alias("broken.ns.svc", "broken.example.com."), cluster=CLUSTER
        ),
        row("C-94 REFUSED", "foreign.ns.svc A", alias("foreign.ns.svc", "www.example.org."), cluster=CLUSTER),
        row(
            "C-95 eleven",
            "e1.ns.svc A",
            chain(1, 11) + "e12.ns.svc A 10.96.0.12",
            cluster=[namespace(), *CHAIN[:11], cluster_ip("e12", "10.96.0.12")],
        ),
        row(
            "C-95 twelve",
            "e1.ns.svc A",
            chain(1, 12),
            cluster=[namespace(), *CHAIN[:12], cluster_ip("e13", "10.96.0.13")],
            soa=True,
        ),
        *[
            row("C-96", question, NX, cluster=CLUSTER)
            for question in (
                "x.ext.ns.svc A",
                "_http._tcp.ext.ns.svc SRV",
                "_tcp.ext.ns.svc A",
                "_._.ext.ns.svc A",
                "x.inside.ns.svc CNAME",
            )
        ],
        *[
            row("C-97", f"{name}.ns.svc {qtype}", NX, cluster=CLUSTER)
            for name in ("v4", "v6", "mapped")
            for qtype in ("A", "AAAA", "CNAME", "MX")
        ],
    ],
)
def test_row(case: Case) -> None:
    check(case, ELSEWHERE, origins=["example.com."])


@pytest.mark.parametrize(
    "case",
    [
        row(
            "C-92",
            "inside.ns.svc SRV",
            alias("inside.ns.svc", "svc.ns.svc") + "svc.ns.svc SRV 0 100 80 svc.ns.svc",
            "svc.ns.svc A 10.96.0.10",
            cluster=CLUSTER,
        ),
        row(
            "C-92 outside",
            "ext.ns.svc TXT",
            alias("ext.ns.svc", "www.example.com.") + "www.example.com. 60 TXT hello",
            cluster=CLUSTER,
        ),
        row("C-92 outside", "ext.ns.svc MX", alias("ext.ns.svc", "www.example.com."), cluster=CLUSTER),
        row("C-92", "inside.ns.svc MX", alias("inside.ns.svc", "svc.ns.svc"), cluster=CLUSTER, soa=True),
        row("C-92", "inside.ns.svc HTTPS", alias("inside.ns.svc", "svc.ns.svc"), cluster=CLUSTER, soa=True),
        row("C-92 apex", "apex.ns.svc SOA", alias("apex.ns.svc", "@") + soa(), cluster=CLUSTER),
    ],
)
def test_c92_differs_other_types_get_the_cname_and_are_chased(case: Case) -> None:
    """CoreDNS gives NODATA without the CNAME (RFC 1034, section 3.6.2 wants it)."""
    check(case, ELSEWHERE, origins=["example.com."])


def test_c92_the_serial_of_a_foreign_zone_is_not_the_clusters() -> None:
    now = [1000.0]
    state = state_of(*CLUSTER, external("reverse", "in-addr.arpa"), clock=lambda: now[0])
    responder = responder_of(state, RecordOptions(), ELSEWHERE, origins=["example.com."])
    for time in (1000.0, 2000.0, 3000.0):
        now[0] = time
        happen(state, responder.table, cluster_ip("other", f"10.96.1.{time / 1000:.0f}"))
        foreign = ask(responder, "ext.ns.svc.cluster.local.", "SOA").answer
        own = ask(responder, "reverse.ns.svc.cluster.local.", "SOA").answer
        assert [rrset.rdtype for rrset in (*foreign, *own)] == [codes.CNAME, codes.SOA] * 2
        assert (foreign[1][0].serial, own[1][0].serial) == (7, time)


@pytest.mark.parametrize(
    "case",
    [
        row("C-93", "inside.ns.svc AAAA", alias("inside.ns.svc", "svc.ns.svc"), cluster=CLUSTER, soa=True),
        row(
            "C-93", "dangling.ns.svc A", alias("dangling.ns.svc", "nothing.ns.svc"), cluster=CLUSTER, soa=True
        ),
        row("C-93", "hollow.ns.svc A", alias("hollow.ns.svc", "empty.ns.svc"), cluster=CLUSTER, soa=True),
        row("C-93 apex", "apex.ns.svc A", alias("apex.ns.svc", "@"), cluster=CLUSTER, soa=True),
        row("C-93 loop", "self.ns.svc A", alias("self.ns.svc", "self.ns.svc"), cluster=CLUSTER, soa=True),
        row(
            "C-93 loop",
            "here.ns.svc A",
            alias("here.ns.svc", "there.other.svc") + alias("there.other.svc", "here.ns.svc"),
            cluster=CLUSTER,
            soa=True,
        ),
    ],
)
def test_c93_differs_a_cname_that_leads_to_nothing_inside_is_kept_beside_the_soa(case: Case) -> None:
    """CoreDNS drops the CNAME (coredns#6088)."""
    assert case.answer != ND
    check(case)
