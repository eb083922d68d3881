import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.records.pods import address_of, is_verified
from kdns.records.services import address_label
from tests.builders import pod, state_of


@pytest.mark.parametrize(
    ("label", "address"),
    [
        ("10-1-2-3", "10.1.2.3"),
        ("0-0-0-0", "0.0.0.0"),
        ("fd00--1", "fd00::1"),
        ("1-2-3-4-5-6-7-8", "1:2:3:4:5:6:7:8"),
        ("--1", "::1"),
        ("--", "::"),
        ("1--2-3", "1::2:3"),
        ("fd00-0-0-0-0-0-0-1", "fd00:0:0:0:0:0:0:1"),
        ("--ffff-a01-203", "10.1.2.3"),
        ("", None),
        ("-", None),
        ("---", None),
        ("a-b-c-d", None),
        ("10-1-2", None),
        ("10-1-2-256", None),
        ("10-1-2-03", None),
        ("10.1.2.3", None),
        ("fd00::1", None),
        ("fd00--1%eth0", None),
        ("1--2--3", None),
        ("12345--1", None),
        ("1-2-3-4-5-6-7-8-9", None),
        ("\xb2-1-1-1", None),
        (" 1-1-1-1", None),
    ],
)
def test_a_label_stands_for_an_address_as_go_reads_it(label: str, address: str | None) -> None:
    assert address_of(label) == address


@given(st.ip_addresses())
def test_the_label_of_an_endpoint_is_read_back(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    mapped = getattr(address, "ipv4_mapped", None)
    read = address_of(address_label(str(address)))
    assert read is not None
    assert ipaddress.ip_address(read) == (mapped or address)


@given(st.text(alphabet="0123456789abcdef-.:%x\xb2", max_size=40))
def test_any_label_is_an_address_or_none(label: str) -> None:
    address = address_of(label)
    assert address is None or ipaddress.ip_address(address)


def test_only_the_first_address_of_a_pod_of_the_namespace_is_verified() -> None:
    state = state_of(pod("one", "10.1.0.1", "fd00::1"), pod("other/two", "10.1.0.1"), pod("host", "10.9.0.1"))
    assert is_verified(state, "ns", "10.1.0.1")
    assert is_verified(state, "other", "10.1.0.1")
    assert not is_verified(state, "third", "10.1.0.1")
    assert not is_verified(state, "ns", "fd00::1")
    assert not is_verified(state, "ns", "10.1.0.2")
