"""kdns.search.environment: the variables that tell a container of Services, as kubelet makes them."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kdns.cluster.objects import Port, Service, ServiceKind
from kdns.search.environment import environment
from tests.cluster.strategies import services

HTTP, METRICS = Port("http", 80, "tcp"), Port("", 9090, "tcp")
KUBERNETES = Service(
    "default", "kubernetes", ServiceKind.CLUSTER_IP, ("10.96.0.1",), (Port("https", 443, "tcp"),)
)


def service(name: str, *ports: Port, namespace: str = "shop", address: str = "10.96.1.1") -> Service:
    return Service(namespace, name, ServiceKind.CLUSTER_IP, (address,), ports or (HTTP,))


def variables(*given: Service, namespace: str = "shop", service_links: bool = True) -> dict[str, str]:
    return environment(given, namespace, service_links).variables


def test_a_service_has_host_and_ports_and_dockers_links() -> None:
    dns = Port("dns-udp", 53, "udp")
    assert variables(service("nginx-service", HTTP, dns, METRICS)) == {
        "NGINX_SERVICE_SERVICE_HOST": "10.96.1.1",
        "NGINX_SERVICE_SERVICE_PORT": "80",
        "NGINX_SERVICE_SERVICE_PORT_HTTP": "80",
        "NGINX_SERVICE_SERVICE_PORT_DNS_UDP": "53",
        "NGINX_SERVICE_PORT": "tcp://10.96.1.1:80",
        "NGINX_SERVICE_PORT_80_TCP": "tcp://10.96.1.1:80",
        "NGINX_SERVICE_PORT_80_TCP_PROTO": "tcp",
        "NGINX_SERVICE_PORT_80_TCP_PORT": "80",
        "NGINX_SERVICE_PORT_80_TCP_ADDR": "10.96.1.1",
        "NGINX_SERVICE_PORT_53_UDP": "udp://10.96.1.1:53",
        "NGINX_SERVICE_PORT_53_UDP_PROTO": "udp",
        "NGINX_SERVICE_PORT_53_UDP_PORT": "53",
        "NGINX_SERVICE_PORT_53_UDP_ADDR": "10.96.1.1",
        "NGINX_SERVICE_PORT_9090_TCP": "tcp://10.96.1.1:9090",
        "NGINX_SERVICE_PORT_9090_TCP_PROTO": "tcp",
        "NGINX_SERVICE_PORT_9090_TCP_PORT": "9090",
        "NGINX_SERVICE_PORT_9090_TCP_ADDR": "10.96.1.1",
    }


def test_an_ipv6_address_has_brackets_in_urls_only() -> None:
    found = variables(service("web", address="fd00::1"))
    assert found["WEB_PORT"] == found["WEB_PORT_80_TCP"] == "tcp://[fd00::1]:80"
    assert found["WEB_SERVICE_HOST"] == found["WEB_PORT_80_TCP_ADDR"] == "fd00::1"


def test_the_first_address_of_two_is_told() -> None:
    both = Service("shop", "web", ServiceKind.CLUSTER_IP, ("10.96.1.1", "fd00::1"), (HTTP,))
    assert variables(both)["WEB_SERVICE_HOST"] == "10.96.1.1"


def test_services_of_other_namespaces_are_not_told_of_but_the_api_servers() -> None:
    found = variables(service("web"), service("db", namespace="other"), KUBERNETES)
    assert {name.split("_")[0] for name in found} == {"WEB", "KUBERNETES"}
    assert found["KUBERNETES_SERVICE_PORT_HTTPS"] == "443"


def test_without_service_links_only_the_api_servers_is_told_of() -> None:
    found = variables(service("web"), KUBERNETES, service_links=False)
    assert found == variables(KUBERNETES)
    found = variables(
        service("web", namespace="default"), KUBERNETES, namespace="default", service_links=False
    )
    assert found == variables(KUBERNETES)


def test_a_namespaces_own_service_kubernetes_goes_before_the_api_servers() -> None:
    own = service("kubernetes")
    for both in ((own, KUBERNETES), (KUBERNETES, own)):
        assert variables(*both)["KUBERNETES_SERVICE_HOST"] == "10.96.1.1"
        assert variables(*both, service_links=False)["KUBERNETES_SERVICE_HOST"] == "10.96.0.1"


def test_services_without_a_cluster_ip_or_a_port_are_not_told_of() -> None:
    assert not variables(
        Service("shop", "headless", ServiceKind.HEADLESS, ports=(HTTP,)),
        Service("shop", "outside", ServiceKind.EXTERNAL_NAME, external_name="example.com"),
        Service("shop", "pending", ServiceKind.CLUSTER_IP, ports=(HTTP,)),
        Service("shop", "portless", ServiceKind.CLUSTER_IP, ("10.96.1.1",)),
        Service("shop", "unset", ServiceKind.CLUSTER_IP, ("10.96.1.1",), (Port("", -1, "tcp"),)),
    )


def test_a_variable_of_two_services_is_a_clash_if_it_matters() -> None:
    found = environment([service("web-service", address="10.96.1.2"), service("web")], "shop")
    assert found.clashes == {"WEB_SERVICE_PORT": ["80", "tcp://10.96.1.2:80"]}
    assert found.variables["WEB_SERVICE_PORT"] == "tcp://10.96.1.2:80"


@given(given=st.lists(services), service_links=st.booleans())
def test_any_services_make_variables_in_order(given: list[Service], service_links: bool) -> None:
    found = environment(given, "shop", service_links).variables
    assert all(one < next_one for one, next_one in pairwise(found))
    assert all(name.replace("_", "").isalnum() and name == name.upper() for name in found)
