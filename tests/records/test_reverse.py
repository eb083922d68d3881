import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.records.reverse import address_of, pointers
from kdns.wire.names import fold, from_labels, from_text, to_text
from tests.builders import cluster_ip, endpoints, namespace, state_of

ONE = "1." + "0." * 31 + "ip6.arpa."


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("4.3.2.1.in-addr.arpa.", "1.2.3.4"),
        (ONE, "::1"),
        ("3.2.1.in-addr.arpa.", None),
        ("5.4.3.2.1.in-addr.arpa.", None),
        ("in-addr.arpa.", None),
        ("ip6.arpa.", None),
        ("04.3.2.1.in-addr.arpa.", None),
        ("256.3.2.1.in-addr.arpa.", None),
        (r"4\.3.2.1.0.in-addr.arpa.", None),
        (r"4%1.3.2.1.in-addr.arpa.", None),
        (ONE[2:], None),
        ("0." + ONE, None),
        ("g" + ONE[1:], None),
        (":" + ONE[1:], None),
        ("11" + ONE[1:], None),
        ("4.3.2.1.in-addr.example.", None),
        (r"\255.3.2.1.in-addr.arpa.", None),
    ],
)
def test_only_whole_reverse_names_have_an_address(name: str, address: str | None) -> None:
    assert address_of(from_text(name)) == address


@given(st.ip_addresses())
def test_every_address_is_read_from_its_reverse_name(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    assert address_of(fold(from_text(address.reverse_pointer + "."))) == str(address)


@given(
    st.lists(st.binary(min_size=1, max_size=3), max_size=33), st.sampled_from(["in-addr.arpa.", "ip6.arpa."])
)
def test_any_name_has_an_address_or_none(labels: list[bytes], zone: str) -> None:
    name = from_labels(labels, from_text(zone))
    address_of(fold(name))


def targets(*objects: object, address: str, pod_names: bool = False, exposed: str = "ns other") -> list[str]:
    found = pointers(
        state_of(*objects),  # type: ignore[arg-type]
        address,
        from_text("cluster.local."),
        pod_names,
        exposed.split().__contains__,
    )
    return [to_text(name).removesuffix(".svc.cluster.local.") for name in found]


def test_a_cluster_ip_comes_before_endpoints_and_is_one_name() -> None:
    both = cluster_ip("b", "10.96.0.1"), cluster_ip("a", "10.96.0.1"), endpoints("b", "10.96.0.1")
    assert targets(namespace(), *both, address="10.96.0.1") == ["a.ns"]


def test_a_hidden_cluster_ip_does_not_hide_endpoints() -> None:
    objects = namespace(), cluster_ip("other/a", "10.96.0.1"), endpoints("b", "10.96.0.1")
    assert targets(*objects, address="10.96.0.1", exposed="ns") == ["10-96-0-1.b.ns"]
    assert targets(*objects, address="10.96.0.1", exposed="") == []


def test_every_service_that_selects_an_address_has_a_name_for_it() -> None:
    objects = endpoints("a", "10.1.0.1 hostname=h"), endpoints("other/b", "10.1.0.1 pod=p")
    assert targets(*objects, address="10.1.0.1") == ["h.a.ns", "10-1-0-1.b.other"]
    assert targets(*objects, address="10.1.0.1", pod_names=True) == ["h.a.ns", "p.b.other"]
    assert targets(endpoints("a", "10.1.0.1 unready"), address="10.1.0.1") == []
