"""Section 3 of the table of answers: ClusterIP Services."""

import pytest

from tests.answers.cases import ND, NX, Case, check, row
from tests.builders import cluster_ip, endpoints, external, headless, namespace

CLUSTER = (
    namespace(),
    cluster_ip("svc", "10.96.0.10"),
    cluster_ip("dual", "10.96.0.11", "fd00::11"),
    cluster_ip("two", "10.96.0.12", ports=("http:80/tcp", "https:443/tcp")),
    cluster_ip("both", "10.96.0.13", ports=("dns:53/udp", "dns-tcp:53/tcp")),
    cluster_ip("plain", "10.96.0.14", ports=(":8080/tcp",)),
    cluster_ip("portless", "10.96.0.15", ports=()),
    cluster_ip("six", "fd00::16"),
    endpoints("svc", "10.1.0.1 unready"),
    endpoints("two", "10.1.0.2"),
    headless("hl"),
    external("ext", "www.example.com"),
)


@pytest.mark.parametrize(
    "case",
    [
        row("C-40", "svc.ns.svc A", "svc.ns.svc A 10.96.0.10", cluster=CLUSTER),
        row("C-40", "dual.ns.svc A", "dual.ns.svc A 10.96.0.11", cluster=CLUSTER),
        row("C-40", "dual.ns.svc AAAA", "dual.ns.svc AAAA fd00::11", cluster=CLUSTER),
        row("C-40 ttl", "svc.ns.svc A", "svc.ns.svc 30 A 10.96.0.10", cluster=CLUSTER),
        row("C-40 no ports", "portless.ns.svc A", "portless.ns.svc A 10.96.0.15", cluster=CLUSTER),
        row("C-41", "svc.ns.svc AAAA", ND, cluster=CLUSTER),
        row("C-41", "six.ns.svc A", ND, cluster=CLUSTER),
        row("C-42", "svc.ns.svc A", "svc.ns.svc A 10.96.0.10", cluster=CLUSTER),
        row("C-42 ignored", "svc.ns.svc A", NX, cluster=CLUSTER, ignore_empty_service=True),
        row("C-42 ignored", "_http._tcp.svc.ns.svc SRV", NX, cluster=CLUSTER, ignore_empty_service=True),
        row(
            "C-42 not empty",
            "two.ns.svc A",
            "two.ns.svc A 10.96.0.12",
            cluster=CLUSTER,
            ignore_empty_service=True,
        ),
        row(
            "C-42 ExternalName",
            "ext.ns.svc CNAME",
            "ext.ns.svc CNAME www.example.com.",
            cluster=CLUSTER,
            ignore_empty_service=True,
        ),
        row("C-43", "_http._tcp.svc.ns.svc A", "_http._tcp.svc.ns.svc A 10.96.0.10", cluster=CLUSTER),
        row("C-43", "_http._tcp.dual.ns.svc AAAA", "_http._tcp.dual.ns.svc AAAA fd00::11", cluster=CLUSTER),
        row(
            "C-44",
            "_http._tcp.svc.ns.svc SRV",
            "_http._tcp.svc.ns.svc SRV 0 100 80 svc.ns.svc",
            "svc.ns.svc A 10.96.0.10",
            cluster=CLUSTER,
        ),
        row(
            "C-45",
            "two.ns.svc SRV",
            "two.ns.svc SRV 0 50 80 two.ns.svc\ntwo.ns.svc SRV 0 50 443 two.ns.svc",
            "two.ns.svc A 10.96.0.12",
            cluster=CLUSTER,
        ),
        row(
            "C-45 unnamed",
            "plain.ns.svc SRV",
            "plain.ns.svc SRV 0 100 8080 plain.ns.svc",
            "plain.ns.svc A 10.96.0.14",
            cluster=CLUSTER,
        ),
        row(
            "C-46 C-47",
            "_http._tcp.dual.ns.svc SRV",
            "_http._tcp.dual.ns.svc SRV 0 50 80 dual.ns.svc",
            "dual.ns.svc A 10.96.0.11\ndual.ns.svc AAAA fd00::11",
            cluster=CLUSTER,
        ),
        row(
            "C-46 C-47 one port twice",
            "both.ns.svc SRV",
            "both.ns.svc SRV 0 50 53 both.ns.svc",
            "both.ns.svc A 10.96.0.13",
            cluster=CLUSTER,
        ),
        row("C-48", "_http._tcp.plain.ns.svc A", NX, cluster=CLUSTER),
        row("C-48", "_http._tcp.plain.ns.svc SRV", NX, cluster=CLUSTER),
        row("C-48", "portless.ns.svc SRV", ND, cluster=CLUSTER),
        row("C-48", "_http._tcp.portless.ns.svc SRV", NX, cluster=CLUSTER),
        row("C-49", "_https._tcp.svc.ns.svc SRV", NX, cluster=CLUSTER),
        row("C-49", "_http._udp.svc.ns.svc SRV", NX, cluster=CLUSTER),
        row("C-49", "_https._tcp.svc.ns.svc A", NX, cluster=CLUSTER),
        *[
            row("C-50", f"{name} {qtype}", expected, cluster=CLUSTER)
            for qtype in ("CNAME", "MX", "HTTPS", "SVCB", "ANY", "NAPTR", "SOA", "NS", "DS", "TYPE65534")
            for name, expected in [("svc.ns.svc", ND), ("_http._tcp.svc.ns.svc", ND), ("x.ns.svc", NX)]
        ],
    ],
)
def test_row(case: Case) -> None:
    check(case)
