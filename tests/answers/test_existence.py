"""Section 2 of the table of answers: which names exist, and empty non-terminals."""

import pytest

from tests.answers.cases import ND, NX, Case, check, row
from tests.builders import cluster_ip, endpoints, external, headless, namespace

CLUSTER = (
    namespace(),
    cluster_ip("svc", "10.96.0.10", ports=("http:80/tcp", "dns:53/udp")),
    cluster_ip("plain", "10.96.0.12", ports=(":80/tcp",)),
    cluster_ip("nons/orphan", "10.96.0.13"),
    headless("hl"),
    endpoints("hl", "10.1.0.1"),
    headless("empty"),
    endpoints("empty", "10.1.0.2 unready"),
    external("ext", "www.example.com"),
)

EVERY_TYPE = ("A", "AAAA", "SRV", "MX", "PTR", "HTTPS", "HINFO", "ANY")
OTHER_TYPES = ("CNAME", "MX", "HTTPS", "SVCB", "ANY", "NAPTR", "HINFO", "TYPE65534")


@pytest.mark.parametrize(
    "case",
    [
        *[row("C-20", f"@ {qtype}", ND, cluster=CLUSTER) for qtype in EVERY_TYPE],
        row("C-21", "svc A", ND, cluster=CLUSTER),
        row("C-21", "pod A", ND, cluster=CLUSTER),
        row("C-21 disabled", "pod A", ND, cluster=CLUSTER, pods="disabled"),
        row("C-22", "ns.svc A", ND, cluster=CLUSTER),
        row("C-22 absent", "nons.svc A", NX, cluster=CLUSTER),
        row("C-22 exposed", "ns.svc A", ND, cluster=CLUSTER, namespaces=frozenset({"ns"})),
        row("C-22 not exposed", "ns.svc A", NX, cluster=CLUSTER, namespaces=frozenset({"other"})),
        row("C-22 exposed, absent", "nons.svc A", NX, cluster=CLUSTER, namespaces=frozenset({"nons"})),
        row("C-23 insecure", "ns.pod A", ND, cluster=CLUSTER),
        row("C-23 verified", "ns.pod A", ND, cluster=CLUSTER, pods="verified"),
        row("C-23 disabled", "ns.pod A", NX, cluster=CLUSTER, pods="disabled"),
        row("C-23 absent", "nons.pod A", NX, cluster=CLUSTER),
        row("C-24", "orphan.nons.svc A", NX, cluster=CLUSTER),
        row("C-24", "_http._tcp.orphan.nons.svc SRV", NX, cluster=CLUSTER),
        row("C-24", "a.b.c.d.nons.svc A", NX, cluster=CLUSTER),
        row("C-25", "foo A", NX, cluster=CLUSTER),
        row("C-25", "svc.ns A", NX, cluster=CLUSTER),
        row("C-25", "ns.svc.foo A", NX, cluster=CLUSTER),
        row("C-28", "a.b.c.svc.ns.svc A", NX, cluster=CLUSTER),
        row("C-28", "x._http._tcp.svc.ns.svc SRV", NX, cluster=CLUSTER),
        row("C-28", "a.b.c.d.e.f.svc.ns.svc A", NX, cluster=CLUSTER),
        row("C-30", "svc.ns.svc TXT", ND, cluster=CLUSTER),
        row("C-31", "dns-version TXT", 'dns-version 28800 TXT "1.1.0"', cluster=CLUSTER),
        row("C-33", "*.ns.svc A", NX, cluster=CLUSTER),
        row("C-33", "any.ns.svc A", NX, cluster=CLUSTER),
        row("C-33", "*.svc.ns.svc A", NX, cluster=CLUSTER),
        row("C-33", "svc.*.svc A", NX, cluster=CLUSTER),
        row("C-33", "*.*.svc.ns.svc SRV", NX, cluster=CLUSTER),
        row(
            "C-34",
            "http.tcp.svc.ns.svc SRV",
            "http.tcp.svc.ns.svc SRV 0 100 80 svc.ns.svc",
            "svc.ns.svc A 10.96.0.10",
            cluster=CLUSTER,
        ),
        row("C-34", "_.udp.svc.ns.svc A", "_.udp.svc.ns.svc A 10.96.0.10", cluster=CLUSTER),
        row(
            "C-34",
            "_._.svc.ns.svc SRV",
            "_._.svc.ns.svc SRV 0 50 80 svc.ns.svc\n_._.svc.ns.svc SRV 0 50 53 svc.ns.svc",
            "svc.ns.svc A 10.96.0.10",
            cluster=CLUSTER,
        ),
        row("C-34", "__http._tcp.svc.ns.svc SRV", NX, cluster=CLUSTER),
        row("C-34", "_http._udp.svc.ns.svc SRV", NX, cluster=CLUSTER),
    ],
)
def test_row(case: Case) -> None:
    check(case)


@pytest.mark.parametrize(
    "case", [row("C-26", f"dns {qtype}", ND, cluster=CLUSTER) for qtype in ("A", "TXT", "SRV", "ANY")]
)
def test_c26_differs_dns_is_an_empty_non_terminal_above_ns_dns(case: Case) -> None:
    """CoreDNS gives NXDOMAIN, which denies `ns.dns` too (RFC 8020)."""
    check(case)


@pytest.mark.parametrize(
    "case",
    [
        row("C-27", "_tcp.svc.ns.svc A", ND, cluster=CLUSTER),
        row("C-27", "_udp.svc.ns.svc SRV", ND, cluster=CLUSTER),
        row("C-27", "_tcp.hl.ns.svc A", ND, cluster=CLUSTER),
        row("C-27", "_udp.hl.ns.svc A", NX, cluster=CLUSTER),
        row("C-27", "_sctp.svc.ns.svc A", NX, cluster=CLUSTER),
        row("C-27", "tcp.svc.ns.svc A", NX, cluster=CLUSTER),
        row("C-27 unnamed", "_tcp.plain.ns.svc A", NX, cluster=CLUSTER),
        row("C-27 nothing ready", "_tcp.empty.ns.svc A", NX, cluster=CLUSTER),
        row("C-27 ExternalName", "_tcp.ext.ns.svc A", NX, cluster=CLUSTER),
        row("C-27 no Service", "_tcp.x.ns.svc A", NX, cluster=CLUSTER),
    ],
)
def test_c27_differs_a_protocol_exists_while_the_service_has_a_named_port_of_it(case: Case) -> None:
    """CoreDNS gives NXDOMAIN, which denies `_port._tcp...` too (RFC 8020)."""
    check(case)


@pytest.mark.parametrize(
    "case",
    [
        row("C-29", f"{name} TXT", ND, cluster=CLUSTER, own_addresses=("10.1.0.53",))
        for name in ("@", "svc", "pod", "ns.svc", "ns.pod", "ns.dns")
    ],
)
def test_c29_differs_txt_is_nodata_where_every_other_type_is(case: Case) -> None:
    """CoreDNS gives NXDOMAIN for TXT alone."""
    check(case)


@pytest.mark.parametrize(
    "case",
    [row("C-32", f"dns-version {qtype}", ND, cluster=CLUSTER) for qtype in ("A", "AAAA", "SRV", "ANY")],
)
def test_c32_differs_dns_version_is_nodata_for_other_types(case: Case) -> None:
    """CoreDNS gives NXDOMAIN for a name that has a TXT record."""
    check(case)
