"""Section 8 of the table of answers: NS, `ns.dns`, and transfers that nobody allowed."""

import dns.rcode
import pytest

from tests.answers.cases import ND, Case, check, row
from tests.builders import ask, cluster_ip, endpoints, headless, namespace, responder_for

CLUSTER = (
    namespace(),
    namespace("kube-system"),
    cluster_ip("kube-system/kube-dns", "10.96.0.2", "fd00::2"),
    endpoints("kube-system/kube-dns", "10.1.0.53", "10.1.0.54"),
    endpoints("kube-system/kube-dns", "fd00::53", name="kube-dns-2"),
    headless("peers"),
    endpoints("peers", "10.1.0.60 hostname=a", "10.1.0.61", "10.1.0.62 unready"),
    endpoints("orphan", "10.1.0.70"),
)
OWN = ("10.1.0.53", "fd00::53")

KUBE_DNS = "kube-dns.kube-system.svc A 10.96.0.2\nkube-dns.kube-system.svc AAAA fd00::2"
PEERS = "a.peers.ns.svc A 10.1.0.60\n10-1-0-61.peers.ns.svc A 10.1.0.61"


@pytest.mark.parametrize(
    "case",
    [
        row("C-100", "@ NS", "@ NS kube-dns.kube-system.svc", KUBE_DNS, cluster=CLUSTER, own_addresses=OWN),
        row(
            "C-100 headless",
            "@ NS",
            "@ NS a.peers.ns.svc\n@ NS 10-1-0-61.peers.ns.svc",
            PEERS,
            cluster=CLUSTER,
            own_addresses=("10.1.0.61",),
        ),
        row(
            "C-100 two Services",
            "@ NS",
            "@ NS kube-dns.kube-system.svc\n@ NS a.peers.ns.svc\n@ NS 10-1-0-61.peers.ns.svc",
            f"{KUBE_DNS}\n{PEERS}",
            cluster=CLUSTER,
            own_addresses=("10.1.0.53", "10.1.0.60"),
        ),
        row(
            "C-100 none found",
            "@ NS",
            "@ NS ns.dns",
            "ns.dns A 10.9.9.9\nns.dns AAAA fd99::9",
            cluster=CLUSTER,
            own_addresses=("10.9.9.9", "fd99::9"),
        ),
        row(
            "C-100 not ready",
            "@ NS",
            "@ NS ns.dns",
            "ns.dns A 10.1.0.62",
            cluster=CLUSTER,
            own_addresses=("10.1.0.62",),
        ),
        row("C-100 endpoints of no Service", "@ NS", ND, cluster=CLUSTER, own_addresses=("10.1.0.70",)),
        row("C-100 no address at all", "@ NS", ND, cluster=CLUSTER),
        row("C-101", "ns.dns A", "ns.dns A 10.96.0.2", cluster=CLUSTER, own_addresses=OWN),
        row("C-101", "ns.dns AAAA", "ns.dns AAAA fd00::2", cluster=CLUSTER, own_addresses=OWN),
        row(
            "C-101 none found", "ns.dns A", "ns.dns A 10.9.9.9", cluster=CLUSTER, own_addresses=("10.9.9.9",)
        ),
        row("C-101 other family", "ns.dns AAAA", ND, cluster=CLUSTER, own_addresses=("10.9.9.9",)),
        *[
            row("C-101", f"ns.dns {qtype}", ND, cluster=CLUSTER, own_addresses=OWN)
            for qtype in ("TXT", "SRV", "NS", "SOA", "PTR", "ANY", "CNAME", "HTTPS")
        ],
    ],
)
def test_row(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("tcp", [False, True], ids=["UDP", "TCP"])
@pytest.mark.parametrize("name", ["cluster.local.", "svc.cluster.local.", "in-addr.arpa."])
@pytest.mark.parametrize("qtype", ["AXFR", "IXFR"])
def test_c102_transfers_are_refused_without_transfer(qtype: str, name: str, tcp: bool) -> None:
    responder, _, _ = responder_for(*CLUSTER)
    for _ in range(2):
        response = ask(responder, name, qtype, tcp=tcp)
        assert response.rcode() == dns.rcode.REFUSED
        assert not [*response.answer, *response.authority, *response.additional]
        assert not response.flags & 0x0400
