import pytest

from kdns.cluster.objects import Endpoint, Service
from kdns.records.owners import Owner, read_owner
from kdns.records.services import (
    endpoint_label,
    has_protocol,
    has_ready_endpoints,
    named_targets,
    service_hits,
    service_name,
)
from kdns.records.targets import NO_PORT, Target, address_rrsets, glue, is_address, srv_records
from kdns.wire import codes
from kdns.wire.names import Name, from_text, to_text
from kdns.wire.rrsets import address
from tests.builders import cluster_ip, endpoint, endpoints, external, headless

ZONE = from_text("cluster.local.")
OWNER = from_text("owner.cluster.local.")


@pytest.mark.parametrize(
    ("text", "pod_names", "label"),
    [
        ("10.1.0.1", False, "10-1-0-1"),
        ("fd00::1", False, "fd00--1"),
        ("fd00::", False, "fd00--0"),
        ("::", False, "--0"),
        ("10.1.0.1 hostname=web-0", False, "web-0"),
        ("10.1.0.1 hostname=web-0 pod=p", True, "web-0"),
        ("10.1.0.1 pod=p", False, "10-1-0-1"),
        ("10.1.0.1 pod=p", True, "p"),
        ("10.1.0.1 pod=" + "p" * 63, True, "p" * 63),
        ("10.1.0.1 pod=" + "p" * 64, True, "10-1-0-1"),
        ("10.1.0.1", True, "10-1-0-1"),
    ],
)
def test_endpoint_label_is_host_name_then_pod_name_then_address(
    text: str, pod_names: bool, label: str
) -> None:
    assert endpoint_label(endpoint(text), pod_names) == label


@pytest.mark.parametrize(
    ("number", "weight"),
    [(1, 100), (2, 50), (3, 33), (6, 16), (7, 14), (50, 2), (51, 1), (100, 1), (101, 1), (250, 1)],
)
def test_weight_is_100_by_the_number_of_targets_and_at_least_1(number: int, weight: int) -> None:
    targets = [Target(from_text(f"e{n}.cluster.local."), f"10.1.0.{n}", 80) for n in range(number)]
    answer, additional = srv_records(OWNER, targets, 30)
    assert {rdata[2:4] for rdata in answer[0].rdatas} == {weight.to_bytes(2, "big")}
    assert (len(answer[0].rdatas), len(additional)) == (number, number)


def test_weight_counts_targets_before_repetitions_are_dropped() -> None:
    dual = [Target(OWNER, "10.96.0.1", 80), Target(OWNER, "fd00::1", 80)]
    answer, additional = srv_records(OWNER, dual, 30)
    assert [rdata[2:6] for rdata in answer[0].rdatas] == [b"\0\x32\0\x50"]
    assert [rrset.type for rrset in additional] == [codes.A, codes.AAAA]


def test_targets_without_a_port_have_addresses_but_no_srv() -> None:
    portless = [Target(OWNER, "10.96.0.1", NO_PORT)]
    assert srv_records(OWNER, portless, 30) == ((), ())
    assert srv_records(OWNER, [], 30) == ((), ())
    assert glue(portless, 30) == ()


def test_address_rrsets_hold_each_address_of_the_type_once_in_order() -> None:
    texts = ["10.1.0.2", "fd00::1", "10.1.0.1", "10.1.0.2"]
    (found,) = address_rrsets(OWNER, codes.A, texts, 30)
    assert found.rdatas == (address("10.1.0.2"), address("10.1.0.1"))
    assert address_rrsets(OWNER, codes.AAAA, ["10.1.0.1"], 30) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.1.0.1", True),
        ("fd00::1", True),
        ("::ffff:1.2.3.4", True),
        ("1.2.3", False),
        ("a.b.c.d", False),
        ("", False),
    ],
)
def test_is_address(text: str, expected: bool) -> None:
    assert is_address(text) == expected


SLICES = (
    endpoints("web", "10.1.0.1 hostname=a", "10.1.0.2", "10.1.0.3 unready"),
    endpoints("web", "10.1.0.4 hostname=a", name="web-2", ports=("metrics:9090/tcp", ":1/udp")),
)


def targets_of(service: Service, owner: Owner, origin: Name) -> list[Target]:
    base = service_name(service.namespace, service.name, origin)
    return named_targets(service_hits(service, SLICES, owner, False), base, False)


def shown(service: Service, name: str) -> list[str]:
    targets = targets_of(service, read_owner(f"{name}.svc".split(".")), ZONE)
    return [
        f"{to_text(t.owner).removesuffix('.ns.svc.cluster.local.')} {t.address} {t.port}" for t in targets
    ]


@pytest.mark.parametrize(
    ("name", "targets"),
    [
        (
            "web.ns",
            [
                "a.web 10.1.0.1 80",
                "10-1-0-2.web 10.1.0.2 80",
                "a.web 10.1.0.4 9090",
                "a.web 10.1.0.4 1",
            ],
        ),
        ("a.web.ns", ["a.web 10.1.0.1 80", "a.web 10.1.0.4 9090", "a.web 10.1.0.4 1"]),
        ("10-1-0-3.web.ns", []),
        ("_metrics._tcp.web.ns", ["a.web 10.1.0.4 9090"]),
        ("_._udp.web.ns", ["a.web 10.1.0.4 1"]),
        ("_http._udp.web.ns", []),
    ],
)
def test_headless_targets_are_ready_endpoints_with_the_ports_of_their_slice(
    name: str, targets: list[str]
) -> None:
    assert shown(headless("web"), name) == targets


@pytest.mark.parametrize(
    ("name", "targets"),
    [
        ("web.ns", ["web 10.96.0.1 80", "web fd00::1 80", "web 10.96.0.1 53", "web fd00::1 53"]),
        ("_http._tcp.web.ns", ["web 10.96.0.1 80", "web fd00::1 80"]),
        ("_http._udp.web.ns", []),
        ("a.web.ns", ["a.web 10.1.0.1 80", "a.web 10.1.0.4 9090", "a.web 10.1.0.4 1"]),
    ],
)
def test_cluster_ip_targets_are_addresses_by_ports_but_endpoints_below_it(
    name: str, targets: list[str]
) -> None:
    service = cluster_ip("web", "10.96.0.1", "fd00::1", ports=("http:80/tcp", "dns:53/udp"))
    assert shown(service, name) == targets


def test_a_protocol_is_one_of_a_named_port() -> None:
    service = cluster_ip("web", "10.96.0.1", ports=("http:80/tcp", ":53/udp"))
    assert [label for label in ("_tcp", "tcp", "_udp", "") if has_protocol(service, (), label)] == ["_tcp"]
    assert has_protocol(headless("web"), SLICES, "_tcp")
    assert not has_protocol(headless("web"), SLICES, "_udp")
    assert not has_protocol(headless("web"), [endpoints("web", "10.1.0.1 unready")], "_tcp")
    assert not has_protocol(external("web", "x."), SLICES, "_tcp")


def test_ready_endpoints_are_those_that_are_ready() -> None:
    assert has_ready_endpoints(SLICES)
    assert not has_ready_endpoints([endpoints("web", "10.1.0.1 unready"), endpoints("web")])
    assert Endpoint("10.1.0.1").ready, "absence counts as true"


def test_names_keep_the_case_of_the_zone_as_it_was_asked() -> None:
    origin = Name(b"\7CLUSTER\5local\0")
    (target,) = targets_of(cluster_ip("web", "10.96.0.1"), Owner("svc", "ns", "web"), origin)
    assert to_text(target.owner) == "web.ns.svc.CLUSTER.local."
