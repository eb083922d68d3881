"""kdns.sources.addresses: stable ClusterIPs for Services that have none."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.cluster.objects import ServiceKey
from kdns.sources.addresses import BadServiceCidr, Wanted, allocate, families_for, read_networks

NETWORK = ipaddress.ip_network("10.96.0.0/16")
TINY = ipaddress.ip_network("10.0.0.0/28")
DUAL = ("IPv4", "IPv6")

keys = st.builds(ServiceKey, st.sampled_from("ab"), st.text("abc", min_size=1, max_size=3))


def test_an_address_is_the_same_every_time() -> None:
    assert allocate([ServiceKey("default", "web")], NETWORK, ()) == {
        ServiceKey("default", "web"): "10.96.203.244"
    }


@given(st.lists(keys, unique=True))
def test_the_order_of_services_does_not_matter(services: list[ServiceKey]) -> None:
    assert allocate(services, TINY, ()) == allocate(services[::-1], TINY, ())


@given(st.sets(keys, max_size=20), st.sets(st.integers(0, 15)))
def test_addresses_are_inside_free_and_used_once(services: set[ServiceKey], numbers: set[int]) -> None:
    taken = {str(TINY[number]) for number in numbers}
    given = allocate(services, TINY, taken)
    addresses = [address for address in given.values() if address]
    assert given.keys() == services
    assert len(set(addresses)) == len(addresses)
    assert not taken.intersection(addresses)
    assert {str(TINY[2 + n]) for n in range(13)} >= set(addresses)
    if None in given.values():
        assert len(addresses) == len({str(TINY[2 + n]) for n in range(13)} - taken)


@given(st.sets(keys, max_size=12), keys)
def test_another_service_moves_only_those_that_meet_it(services: set[ServiceKey], added: ServiceKey) -> None:
    """A Service at home stays there unless the new one has the same home and an earlier name."""
    before, after = allocate(services, TINY, ()), allocate({*services, added}, TINY, ())
    homes = {key: allocate([key], TINY, ())[key] for key in {*services, added}}
    for key in services - {added}:
        if before[key] == homes[key] != homes[added]:
            assert after[key] == before[key]


def test_an_explicit_address_wins_over_a_home() -> None:
    key = ServiceKey("default", "web")
    assert allocate([key], NETWORK, {"10.96.203.244"})[key] == "10.96.203.245"


def test_the_first_addresses_are_left_to_people() -> None:
    services = [ServiceKey("default", f"web-{n}") for n in range(3000)]
    numbers = [
        int(ipaddress.IPv4Address(address)) - int(NETWORK.network_address)
        for address in allocate(services, NETWORK, ()).values()
        if address
    ]
    assert len(numbers) == 3000
    assert min(numbers) >= 256
    assert max(numbers) < 65535


@pytest.mark.parametrize("network", ["10.0.0.0/30", "10.0.0.0/31", "10.0.0.1/32", "fd00::/64", "fd00::1/128"])
def test_networks_of_any_size_give_what_they_have(network: str) -> None:
    parsed = ipaddress.ip_network(network)
    given = allocate([ServiceKey("a", "b"), ServiceKey("a", "c")], parsed, ())
    assert sum(address is not None for address in given.values()) == max(0, min(2, parsed.num_addresses - 3))


@pytest.mark.parametrize(
    ("wanted", "networks", "given", "missing"),
    [
        (Wanted(), ("IPv4",), ["IPv4"], []),
        (Wanted(), ("IPv6",), ["IPv6"], []),
        (Wanted(), DUAL, ["IPv4"], []),
        (Wanted(("IPv6",)), DUAL, ["IPv6"], []),
        (Wanted(("IPv6",)), ("IPv4",), ["IPv4"], ["IPv6"]),
        (Wanted((), "SingleStack"), DUAL, ["IPv4"], []),
        (Wanted((), "PreferDualStack"), DUAL, ["IPv4", "IPv6"], []),
        (Wanted((), "PreferDualStack"), ("IPv4",), ["IPv4"], []),
        (Wanted(("IPv6",), "PreferDualStack"), DUAL, ["IPv6", "IPv4"], []),
        (Wanted((), "RequireDualStack"), ("IPv4",), ["IPv4"], ["IPv6"]),
        (Wanted(("IPv6", "IPv4"), "RequireDualStack"), DUAL, ["IPv6", "IPv4"], []),
    ],
)
def test_families_are_those_asked_for_that_there_are(
    wanted: Wanted, networks: tuple[str, ...], given: list[str], missing: list[str]
) -> None:
    assert families_for(wanted, networks) == (given, missing)


def test_a_service_cidr_may_have_both_families() -> None:
    assert list(read_networks("fd00::/108, 10.96.0.0/16")) == ["IPv6", "IPv4"]


@pytest.mark.parametrize("text", ["", "10.96.0.1/16", "x/8", "10.0.0.0/8,10.1.0.0/16"])
def test_a_bad_service_cidr_is_refused(text: str) -> None:
    with pytest.raises(BadServiceCidr):
        read_networks(text)
