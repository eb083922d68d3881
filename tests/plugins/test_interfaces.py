"""kdns.plugins._interfaces: what the kernel says of addresses, here and in messages made by hand."""

import socket
import struct
from ipaddress import ip_address

import pytest

from kdns.plugins import _interfaces
from kdns.plugins._interfaces import interface_addresses

ADDRESS, LOCAL, LABEL = 1, 2, 3


def test_this_machine_is_known_by_its_loopback() -> None:
    found = interface_addresses()
    assert found.keys() == {name for _, name in socket.if_nameindex()}
    assert "127.0.0.1" in found["lo"]


def test_every_address_can_be_had_a_socket_at() -> None:
    for address in (each for addresses in interface_addresses().values() for each in addresses):
        family, kind, _, _, place = socket.getaddrinfo(address, 0, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as sock:
            sock.bind(place)


def message(index: int, *attributes: tuple[int, bytes], family: int | None = None) -> bytes:
    """Return an address as the kernel tells it; the family is that of the first attribute's address."""
    if family is None:
        family = socket.AF_INET if len(attributes[0][1]) == 4 else socket.AF_INET6
    body = struct.pack("=BBBBI", family, 24, 0, 0, index)
    for kind, value in attributes:
        body += struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)
    return body


def address(text: str) -> bytes:
    return ip_address(text).packed


MESSAGES = {
    "IPv4 by the interface's name, whatever its label": (
        message(2, (ADDRESS, address("192.0.2.1")), (LOCAL, address("192.0.2.1")), (LABEL, b"eth0:1\0")),
        {"eth0": ("192.0.2.1",)},
    ),
    "of a point-to-point link, this end": (
        message(2, (ADDRESS, address("192.0.2.9")), (LOCAL, address("192.0.2.1"))),
        {"eth0": ("192.0.2.1",)},
    ),
    "IPv6": (message(2, (ADDRESS, address("2001:db8::1"))), {"eth0": ("2001:db8::1",)}),
    "link-local IPv6 with its zone": (message(2, (ADDRESS, address("fe80::1"))), {"eth0": ("fe80::1%eth0",)}),
    "an interface that came meanwhile": (message(3, (ADDRESS, address("192.0.2.1"))), {"eth0": ()}),
    "another family": (message(2, (ADDRESS, b"abcd"), family=28), {"eth0": ()}),
    "no address": (message(2, (LABEL, b"e\0")), {"eth0": ()}),
}


@pytest.mark.parametrize(("said", "found"), MESSAGES.values(), ids=MESSAGES)
def test_an_address_is_read_as_coredns_reads_it(
    said: bytes, found: dict[str, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_interfaces.socket, "if_nameindex", lambda: [(2, "eth0")])
    monkeypatch.setattr(_interfaces, "_dump", lambda: iter([said]))
    assert interface_addresses() == found
