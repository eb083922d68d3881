"""kdns.demo: the example cluster is read without a word, and holds what is promised."""

from kdns.cluster.objects import EndpointSlice, Pod, Service
from kdns.demo import DEMO_PATH
from tests.sources.builders import read

READING = read(DEMO_PATH)
OBJECTS = READING.objects.values()
SERVICES = {each.name: each for each in OBJECTS if isinstance(each, Service)}


def test_there_is_nothing_to_complain_about() -> None:
    assert (READING.problems, READING.notices) == ([], [])


def test_the_promised_services_are_there_with_addresses_of_their_own() -> None:
    assert {name: each.cluster_ips for name, each in SERVICES.items()} == {
        "kubernetes": ("10.96.0.1",),
        "kube-dns": ("10.96.0.10",),
        "nginx-service": ("10.96.10.10",),
        "nginx-nodeport": ("10.96.10.20",),
        "nginx-lb": ("10.96.10.30",),
        "nginx-sticky": ("10.96.10.40",),
        "multi-port-service": ("10.96.20.10",),
        "external-db": ("10.96.30.10",),
        "external-service": (),
        "postgres-headless": (),
    }
    assert SERVICES["external-service"].external_name == "api.example.com"
    assert SERVICES["nginx-lb"].external_ips == ("203.0.113.10",)
    assert [(each.name, each.number) for each in SERVICES["multi-port-service"].ports] == [
        ("http", 80),
        ("https", 443),
        ("metrics", 9090),
    ]


def test_every_service_but_the_external_name_has_ready_endpoints() -> None:
    backed = {each.service for each in OBJECTS if isinstance(each, EndpointSlice) and each.endpoints}
    assert backed == SERVICES.keys() - {"external-service"}


def test_endpoints_that_name_a_pod_have_its_address() -> None:
    pods = {each.name: each.addresses for each in OBJECTS if isinstance(each, Pod)}
    assert ("10.244.1.10",) in pods.values()
    for each in OBJECTS:
        if isinstance(each, EndpointSlice) and each.namespace == "default":
            assert all(pods[e.pod] == (e.address,) for e in each.endpoints if e.pod)


def test_postgres_pods_have_host_names() -> None:
    [held] = [
        each for each in OBJECTS if isinstance(each, EndpointSlice) and each.service == "postgres-headless"
    ]
    assert [each.hostname for each in held.endpoints] == ["postgres-0", "postgres-1", "postgres-2"]
