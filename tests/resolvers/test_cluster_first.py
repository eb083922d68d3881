"""Real stub resolvers, with the resolv.conf that most Pods have, find every kind of name through kdns."""

from pathlib import Path

import pytest

from tests.conftest import find_tool
from tests.resolvers.conftest import CROWD, Namespace

PODS = ["10.244.1.20", "10.244.2.20"]

NAMES = {
    "nginx-service": ["10.96.10.10"],
    "nginx-service.default": ["10.96.10.10"],
    "nginx-service.default.svc": ["10.96.10.10"],
    "nginx-service.default.svc.cluster.local": ["10.96.10.10"],
    "nginx-service.default.svc.cluster.local.": ["10.96.10.10"],
    "NGINX-Service.Default": ["10.96.10.10"],
    "kube-dns.kube-system": ["10.96.0.10"],
    "10-244-1-20.default.pod.cluster.local": ["10.244.1.20"],
    "external-db": ["10.96.30.10"],
    "external-service": ["192.0.2.80", "2001:db8::80"],
    "www.example.com": ["192.0.2.80", "2001:db8::80"],
    "www.example.com.": ["192.0.2.80", "2001:db8::80"],
    "api.example.com": ["192.0.2.80", "2001:db8::80"],
}

MISSING = ("nothing", "nothing.default", "nothing.example.com", "nothing.default.svc.cluster.local.")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_found(pod: Namespace, resolve: Path, name: str) -> None:
    assert pod.run(resolve, name).split() == [name, *sorted(NAMES[name])]


def test_more_addresses_than_fit_into_a_datagram_are_found_over_tcp(pod: Namespace, resolve: Path) -> None:
    _, *found = pod.run(resolve, "crowd").split()
    assert set(found) <= set(CROWD)
    # musl asks over TCP since its version 1.2.4, and before takes what a datagram holds.
    assert len(found) == len(CROWD) or (resolve.parent.name.startswith("musl") and len(found) >= 28)


@pytest.mark.parametrize("name", MISSING)
def test_a_missing_name_is_said_to_be_missing(pod: Namespace, resolve: Path, name: str) -> None:
    said = pod.run(resolve, name).removeprefix(name).strip()
    assert said in ("Name or service not known", "Name does not resolve"), "not a failure of the server"


@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith(".") or "example" in name])
def test_dig_finds_it_with_the_search_list(pod: Namespace, name: str) -> None:
    found = pod.run(find_tool("dig"), "+search", "+short", name, "A").split()
    addresses = [line for line in found if not line.endswith(".")]
    assert sorted(addresses) == sorted(address for address in NAMES[name] if ":" not in address)


def test_dig_finds_services_and_pointers(pod: Namespace) -> None:
    dig = find_tool("dig")
    srv = pod.run(dig, "+search", "+short", "_http._tcp.multi-port-service", "SRV").split("\n")
    assert srv[0].split()[2:] == ["80", "multi-port-service.default.svc.cluster.local."]
    pointer = pod.run(dig, "+short", "-x", "10.96.10.10").split()
    assert pointer == ["nginx-service.default.svc.cluster.local."]
