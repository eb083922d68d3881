"""kdns.sources.decoding: what each field becomes, from JSON and from trees alike."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.cluster.objects import (
    DnsConfig,
    Endpoint,
    EndpointSlice,
    Namespace,
    Pod,
    Port,
    Service,
    ServiceKind,
)
from kdns.sources.decoding import decode_object, from_tree, slices_of_endpoints
from kdns.sources.fields import ANY_PORT, NotUnderstood
from kdns.sources.shapes import EndpointsShape, from_dicts
from tests.sources.builders import endpoint_slice, pod, service

CLUSTER_IP, HEADLESS, EXTERNAL = ServiceKind.CLUSTER_IP, ServiceKind.HEADLESS, ServiceKind.EXTERNAL_NAME


def decode(kind: str, tree: dict[str, Any]) -> Any:
    """Decode both ways; they must agree."""
    from_json = decode_object(kind, json.dumps(tree).encode())
    assert from_tree(kind, tree) == from_json
    return from_json


@pytest.mark.parametrize(
    ("spec", "kind", "addresses"),
    [
        ({"clusterIP": "10.96.0.7"}, CLUSTER_IP, ("10.96.0.7",)),
        ({"type": "ClusterIP", "clusterIP": "10.96.0.7"}, CLUSTER_IP, ("10.96.0.7",)),
        ({"type": "NodePort", "clusterIP": "10.96.0.7"}, CLUSTER_IP, ("10.96.0.7",)),
        ({"type": "LoadBalancer", "clusterIP": "10.96.0.7"}, CLUSTER_IP, ("10.96.0.7",)),
        (
            {"clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7", "FD00:0::7"]},
            CLUSTER_IP,
            ("10.96.0.7", "fd00::7"),
        ),
        ({"clusterIPs": ["fd00:0:0::1"]}, CLUSTER_IP, ("fd00::1",)),
        ({"clusterIP": ""}, CLUSTER_IP, ()),
        ({"clusterIP": None, "clusterIPs": None, "ports": None}, CLUSTER_IP, ()),
        ({"clusterIP": "None"}, HEADLESS, ()),
        ({"clusterIP": "None", "clusterIPs": ["None"]}, HEADLESS, ()),
        ({"clusterIPs": ["None"]}, HEADLESS, ()),
        ({"type": "ExternalName", "externalName": "API.example.com."}, EXTERNAL, ()),
        ({"type": "ExternalName", "externalName": "a.b", "clusterIP": "10.96.0.7"}, EXTERNAL, ()),
    ],
)
def test_type_and_cluster_ip_decide_the_kind(
    spec: dict[str, Any], kind: ServiceKind, addresses: tuple[str, ...]
) -> None:
    decoded = decode("Service", service(**spec))
    assert (decoded.kind, decoded.cluster_ips) == (kind, addresses)
    assert decoded.external_name == (spec["externalName"] if kind is EXTERNAL else "")


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"clusterIP": "10.96.0.300"}, "clusterIP '10.96.0.300' is no IP address"),
        ({"clusterIP": "none"}, "clusterIP 'none' is no IP address"),
        ({"clusterIP": "fe80::1%eth0"}, "no IP address"),
        ({"clusterIP": "010.96.0.1"}, "no IP address"),
        ({"externalIPs": ["x"]}, "externalIPs 'x' is no IP address"),
        ({"type": "Clusterip"}, "type 'Clusterip' is no type of a Service"),
        ({"type": "ExternalName"}, "must name something"),
        ({"type": "ExternalName", "externalName": "a..b"}, "empty label"),
        ({"type": "ExternalName", "externalName": "a" * 64}, "label longer than 63"),
        ({"ports": [{"port": "80"}]}, "Expected `int`, got `str` - at `$.spec.ports[0].port`"),
        ({"ports": [{"port": 65536}]}, "<= 65535"),
        ({"ports": [{"name": "http"}]}, "missing required field `port`"),
        ({"ports": [{"name": "a_b", "port": 1}]}, "port name 'a_b' is no label"),
        ({"ports": 80}, "Expected `array | null`, got `int`"),
    ],
)
def test_a_service_that_makes_no_sense_is_refused_with_the_reason(spec: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotUnderstood) as raised:
        from_tree("Service", service(**spec))
    assert reason in str(raised.value)


@pytest.mark.parametrize("name", ["Web", "a_b", "a.b", "-a", "a-", "a" * 64, "ä", "a\nb", "a\n", ""])
def test_names_that_are_no_labels_are_refused(name: str) -> None:
    with pytest.raises(NotUnderstood, match="is no label"):
        from_tree("Service", service(name))
    with pytest.raises(NotUnderstood, match="is no label"):
        from_tree("Service", service("web", name))


def test_service_ports_have_lower_case_names_and_protocols_and_tcp_by_default() -> None:
    ports = [
        {"port": 80},
        {"name": "DNS", "port": 53, "protocol": "UDP", "targetPort": "dns"},
        {"name": "", "port": 9, "protocol": "SCTP"},
    ]
    decoded = decode("Service", service(ports=ports))
    assert decoded.ports == (Port("", 80, "tcp"), Port("dns", 53, "udp"), Port("", 9, "sctp"))


def test_a_service_without_ports_has_none() -> None:
    assert decode("Service", service()).ports == ()


def test_external_addresses_are_those_of_the_spec_then_of_the_load_balancer() -> None:
    tree = service(externalIPs=["192.0.2.1", "2001:DB8::1"])
    tree["status"] = {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}, {"hostname": "LB.example"}, {}]}}
    decoded = decode("Service", tree)
    assert decoded.external_ips == ("192.0.2.1", "2001:db8::1", "203.0.113.9", "LB.example")


def test_a_service_keeps_its_resource_version() -> None:
    tree = service()
    tree["metadata"]["resourceVersion"] = "4711"
    assert decode("Service", tree).version == "4711"


@pytest.mark.parametrize(
    ("conditions", "ready"),
    [
        ({}, True),
        ({"conditions": None}, True),
        ({"conditions": {}}, True),
        ({"conditions": {"ready": None}}, True),
        ({"conditions": {"ready": True, "serving": False, "terminating": True}}, True),
        ({"conditions": {"ready": False, "serving": True, "terminating": True}}, False),
    ],
)
def test_an_endpoint_is_ready_unless_it_says_no(conditions: dict[str, Any], ready: bool) -> None:
    decoded = decode("EndpointSlice", endpoint_slice(endpoints=[{"addresses": ["10.0.0.1"], **conditions}]))
    assert decoded.endpoints == (Endpoint("10.0.0.1", ready=ready),)


def test_each_address_is_an_endpoint_with_host_name_and_pod() -> None:
    endpoint = {
        "addresses": ["10.0.0.1", "FD00::1"],
        "hostname": "Web-0",
        "targetRef": {"kind": "Pod", "name": "web-0"},
    }
    decoded = decode("EndpointSlice", endpoint_slice(endpoints=[endpoint, {"addresses": None}]))
    assert decoded.endpoints == (
        Endpoint("10.0.0.1", "web-0", "web-0"),
        Endpoint("fd00::1", "web-0", "web-0"),
    )


@pytest.mark.parametrize(
    ("pod_name", "kept"), [("p" * 63, "p" * 63), ("p" * 64, ""), ("a.b", ""), ("", ""), (None, "")]
)
def test_a_pod_name_is_kept_if_it_can_be_a_label(pod_name: str | None, kept: str) -> None:
    endpoint = {"addresses": ["10.0.0.1"], "targetRef": {"name": pod_name}}
    assert decode("EndpointSlice", endpoint_slice(endpoints=[endpoint])).endpoints[0].pod == kept


def test_addresses_that_are_host_names_are_left_out() -> None:
    endpoint = {"addresses": ["db.example.com", "10.0.0.1"]}
    assert decode("EndpointSlice", endpoint_slice(endpoints=[endpoint])).endpoints == (Endpoint("10.0.0.1"),)


@pytest.mark.parametrize(
    ("ports", "kept"),
    [
        (None, ()),
        ([], ()),
        ([{"name": "http", "port": 80, "protocol": "TCP"}], (Port("http", 80, "tcp"),)),
        ([{"name": "", "port": None}], (Port("", ANY_PORT, "tcp"),)),
        ([{}], (Port("", ANY_PORT, "tcp"),)),
    ],
)
def test_a_slice_port_without_number_stands_for_any(ports: Any, kept: tuple[Port, ...]) -> None:
    assert decode("EndpointSlice", endpoint_slice(ports=ports)).ports == kept


def test_a_slice_of_no_service_is_not_held() -> None:
    assert decode("EndpointSlice", endpoint_slice(of=None)) is None


@pytest.mark.parametrize(
    ("annotation", "seconds"),
    [
        ("2026-01-01T00:00:00Z", 1767225600.0),
        ("2026-01-01T01:00:00.5+01:00", 1767225600.5),
        ("2026-01-01T00:00:00.123456789Z", 1767225600.123456),
        ("2026-01-01T00:00:00", 0.0),
        ("yesterday", 0.0),
        ("", 0.0),
        (None, 0.0),
    ],
)
def test_the_time_of_a_change_is_unix_time_or_nothing(annotation: str | None, seconds: float) -> None:
    tree = endpoint_slice()
    tree["metadata"]["annotations"] = {
        "endpoints.kubernetes.io/last-change-trigger-time": annotation,
        "other": "x",
    }
    assert decode("EndpointSlice", tree).changed_at == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("status", "metadata", "addresses"),
    [
        ({"podIP": "10.0.0.1"}, {}, ("10.0.0.1",)),
        (
            {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "FD00::1"}]},
            {},
            ("10.0.0.1", "fd00::1"),
        ),
        ({"phase": "Running", "podIP": ""}, {}, None),
        ({"phase": "Pending"}, {}, None),
        ({"phase": "Succeeded", "podIP": "10.0.0.1"}, {}, None),
        ({"phase": "Failed", "podIP": "10.0.0.1"}, {}, None),
        ({"phase": "Unknown", "podIP": "10.0.0.1"}, {}, None),
        ({"phase": "Running", "podIP": "10.0.0.1"}, {"deletionTimestamp": "2026-01-01T00:00:00Z"}, None),
        (None, {}, None),
    ],
)
def test_a_pod_is_held_while_it_has_an_address_and_lives(
    status: Any, metadata: dict[str, Any], addresses: tuple[str, ...] | None
) -> None:
    tree = pod() | {"status": status}
    tree["metadata"] |= metadata
    assert decode("Pod", tree) == (None if addresses is None else Pod("shop", "web-0", addresses))


def test_a_pod_on_its_hosts_network_says_so() -> None:
    assert decode("Pod", pod() | {"spec": {"hostNetwork": True}}).host_network


def test_a_pod_keeps_what_it_says_about_its_dns() -> None:
    config = {
        "nameservers": ["192.0.2.1"],
        "searches": ["corp.example.com"],
        "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}],
    }
    tree = pod() | {"spec": {"dnsPolicy": "None", "dnsConfig": config}}
    found = decode("Pod", tree)
    assert found.dns_policy == "None"
    assert found.dns_config == DnsConfig(
        ("192.0.2.1",), ("corp.example.com",), (("ndots", "2"), ("edns0", None))
    )
    assert decode("Pod", pod()).dns_policy == "ClusterFirst"


def test_a_pod_started_when_its_node_took_it_on() -> None:
    tree = pod()
    tree["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
    assert decode("Pod", tree).started == 1767225600
    tree["status"]["startTime"] = "2026-01-01T00:00:07Z"
    assert decode("Pod", tree).started == 1767225607
    assert decode("Pod", pod()).started == 0


def test_namespace_labels_are_sorted() -> None:
    tree = {"metadata": {"name": "shop", "labels": {"b": "2", "a": "1"}}}
    assert decode("Namespace", tree) == Namespace("shop", (("a", "1"), ("b", "2")))


def test_endpoints_become_a_slice_for_each_subset() -> None:
    tree = {
        "metadata": {"name": "db", "namespace": "shop"},
        "subsets": [
            {"addresses": [{"ip": "10.0.0.1", "hostname": "db-0", "targetRef": {"name": "db-0"}}]},
            {"notReadyAddresses": [{"ip": "10.0.0.2"}], "ports": [{"name": "sql", "port": 5432}]},
        ],
    }
    assert slices_of_endpoints(from_dicts(EndpointsShape, tree)) == (
        EndpointSlice("shop", "db/0", "db", (Endpoint("10.0.0.1", "db-0", "db-0"),)),
        EndpointSlice(
            "shop", "db/1", "db", (Endpoint("10.0.0.2", ready=False),), (Port("sql", 5432, "tcp"),)
        ),
    )


def test_endpoints_without_subsets_are_a_slice_without_endpoints() -> None:
    shape = from_dicts(EndpointsShape, {"metadata": {"name": "db", "namespace": "shop"}})
    assert slices_of_endpoints(shape) == (EndpointSlice("shop", "db/0", "db"),)


def test_equal_texts_are_one_text_in_memory() -> None:
    first = decode("Service", service(ports=[{"name": "http", "port": 80}]))
    second = decode("EndpointSlice", endpoint_slice(ports=[{"name": "http", "port": 80, "protocol": "TCP"}]))
    assert first.namespace is second.namespace
    assert first.name is second.service
    assert first.ports[0].name is second.ports[0].name


def test_values_survive_msgspec() -> None:
    held = decode("Service", service(clusterIP="10.96.0.7", ports=[{"port": 80}]))
    assert msgspec.json.decode(msgspec.json.encode(held), type=Service) == held


@given(kind=st.sampled_from(["Service", "EndpointSlice", "Pod", "Namespace"]), raw=st.binary())
def test_arbitrary_octets_are_refused(kind: str, raw: bytes) -> None:
    with pytest.raises(NotUnderstood):
        decode_object(kind, raw)
