from itertools import islice

import dns.rdata
import pytest

from kdns.cluster.events import Applied, Deleted
from kdns.cluster.objects import key_of
from kdns.cluster.selectors import parse_selector
from kdns.records.export import transfer_rrsets, zone_rrsets
from kdns.records.options import RecordOptions
from kdns.wire import codes
from kdns.wire.names import from_text, to_text
from tests.builders import SERIAL, cluster_ip, endpoints, external, headless, namespace, pod, state_of

CLUSTER = (
    namespace(),
    namespace("kube-system"),
    cluster_ip("kube-system/kube-dns", "10.96.0.2"),
    endpoints("kube-system/kube-dns", "10.1.0.53"),
    cluster_ip("web", "10.96.0.1", "fd00::1", ports=("http:80/tcp", ":81/tcp")),
    endpoints("web", "10.1.0.9"),
    headless("hl"),
    endpoints("hl", "10.1.0.1 hostname=a", "10.1.0.2", "10.1.0.3 unready"),
    headless("hidden/hl"),
    external("ext", "www.example.com"),
    external("literal", "192.0.2.1"),
    external("broken", "a..b"),
    pod("p", "10.1.0.1"),
)


def exported(**options: object) -> list[str]:
    """Return the records as lines, names relative to the zone."""
    records = RecordOptions(**options)  # type: ignore[arg-type]
    lines = []
    for rrset in zone_rrsets(state_of(*CLUSTER), records):
        owner = to_text(rrset.owner).removesuffix("cluster.local.").removesuffix(".") or "@"
        for rdata in rrset.rdatas:
            text = dns.rdata.from_wire("IN", rrset.type, rdata, 0, len(rdata)).to_text()
            text = text.replace(".cluster.local.", "")
            lines.append(f"{owner} {rrset.ttl} {codes.type_to_text(rrset.type)} {text}")
    return lines


OWN = ("10.1.0.53",)


def test_a_transfer_begins_with_soa_ns_and_glue_of_ttl_zero() -> None:
    assert exported(own_addresses=OWN)[:3] == [
        f"@ 30 SOA ns.dns hostmaster {SERIAL} 7200 1800 86400 30",
        "@ 30 NS kube-dns.kube-system.svc",
        "kube-dns.kube-system.svc 0 A 10.96.0.2",
    ]


def test_a_transfer_holds_the_services_by_namespace_and_name() -> None:
    """C-103; an endpoint has the one name that it answers to (CoreDNS, plugin/kubernetes/xfr.go)."""
    assert exported(own_addresses=OWN)[3:] == [
        "kube-dns.kube-system.svc 30 A 10.96.0.2",
        "kube-dns.kube-system.svc 30 SRV 0 100 80 kube-dns.kube-system.svc",
        "_http._tcp.kube-dns.kube-system.svc 30 SRV 0 100 80 kube-dns.kube-system.svc",
        "ext.ns.svc 30 CNAME www.example.com.",
        "hl.ns.svc 30 A 10.1.0.1",
        "a.hl.ns.svc 30 A 10.1.0.1",
        "_http._tcp.hl.ns.svc 30 SRV 0 50 80 a.hl.ns.svc",
        "hl.ns.svc 30 A 10.1.0.2",
        "10-1-0-2.hl.ns.svc 30 A 10.1.0.2",
        "_http._tcp.hl.ns.svc 30 SRV 0 50 80 10-1-0-2.hl.ns.svc",
        "web.ns.svc 30 A 10.96.0.1",
        "web.ns.svc 30 AAAA fd00::1",
        "web.ns.svc 30 SRV 0 100 80 web.ns.svc",
        "_http._tcp.web.ns.svc 30 SRV 0 100 80 web.ns.svc",
        "web.ns.svc 30 SRV 0 100 81 web.ns.svc",
    ]


@pytest.mark.parametrize(("namespaces", "hosts"), [({"ns"}, {"ns"}), ({"hidden"}, set()), (set(), set())])
def test_a_transfer_holds_exposed_namespaces_only(namespaces: set[str], hosts: set[str]) -> None:
    lines = exported(namespaces=frozenset(namespaces))
    assert {line.split()[0].split(".")[-2] for line in lines[2:]} == hosts


def test_a_transfer_holds_namespaces_of_the_right_labels_only() -> None:
    assert len(exported(namespace_labels=parse_selector("team"))) == 2
    assert len(exported(namespace_labels=parse_selector("!team"))) > 2


def test_without_a_service_in_front_the_name_server_is_ns_dns() -> None:
    assert exported(own_addresses=("10.9.9.9",))[1:3] == ["@ 30 NS ns.dns", "ns.dns 0 A 10.9.9.9"]
    assert exported()[1] == "@ 30 NS ns.dns"


def test_every_record_of_a_transfer_is_in_the_zone() -> None:
    zone = from_text("cluster.local.")
    rrsets = list(zone_rrsets(state_of(*CLUSTER), RecordOptions()))
    assert all(rrset.owner.endswith(zone) for rrset in rrsets)
    assert not any(rrset.type == codes.PTR or b"\3pod" in rrset.owner for rrset in rrsets)


@pytest.mark.parametrize("options", [RecordOptions(), RecordOptions(namespaces=frozenset({"kube-system"}))])
def test_a_transfer_holds_what_an_export_does_as_it_was_at_its_beginning(options: RecordOptions) -> None:
    now = SERIAL
    state = state_of(*CLUSTER, clock=lambda: now)
    now += 1
    expected = list(zone_rrsets(state, options))
    transfer = transfer_rrsets(state, options)
    found = [next(transfer)]
    assert found == expected[:1]
    for obj in CLUSTER:
        state.apply(Deleted(key_of(obj)))
        found.extend(islice(transfer, 1))
    state.apply(Applied(cluster_ip("later", "10.96.0.78")))
    assert sorted([*found, *transfer]) == sorted(expected)


def test_a_transfer_while_the_second_of_a_change_lasts_has_the_serial_of_the_second_before() -> None:
    soa = next(transfer_rrsets(state_of(*CLUSTER), RecordOptions()))
    assert int.from_bytes(soa.rdatas[0][-20:-16], "big") == SERIAL - 1


def test_a_service_whose_names_are_too_long_for_the_zone_is_left_out() -> None:
    zone = from_text(f"{'z' * 63}.{'z' * 63}.{'z' * 58}.")
    state = state_of(namespace(), cluster_ip("s" * 63, "10.96.0.1"), cluster_ip("t", "10.96.0.2"))
    found = [rrset for rrset in zone_rrsets(state, RecordOptions(zone=zone)) if rrset.type == codes.A]
    assert [rrset.rdatas for rrset in found] == [(bytes((10, 96, 0, 2)),)]
