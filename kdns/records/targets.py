"""Targets: the address-and-port pairs behind a name, and the A, AAAA and SRV records made of them.

ClusterIP and headless Services differ only in which targets they have.
"""

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple

from kdns.wire import codes
from kdns.wire.names import Name
from kdns.wire.rrsets import RRset, address, srv

ADDRESS_TYPES = (codes.A, codes.AAAA)

NO_PORT = -1
"""The port of a target whose Service or slice declares none: it has addresses but no SRV record."""


class Target(NamedTuple):
    """One address and port behind a name. `owner` is the name that leads to this address alone."""

    owner: Name
    address: str
    port: int


def address_rrsets(owner: Name, qtype: int, addresses: Iterable[str], ttl: int) -> tuple[RRset, ...]:
    """Return the A or AAAA RRset of these addresses, each once; nothing if no address fits the type."""
    if qtype not in ADDRESS_TYPES:
        return ()
    wants_ipv6 = qtype == codes.AAAA
    fitting = dict.fromkeys([text for text in addresses if (":" in text) is wants_ipv6])
    return (RRset(owner, qtype, ttl, tuple(map(address, fitting))),) if fitting else ()


def address_type(text: str) -> int:
    """Return the type of the record that holds this address."""
    return codes.AAAA if ":" in text else codes.A


def srv_records(owner: Name, targets: list[Target], ttl: int) -> tuple[tuple[RRset, ...], tuple[RRset, ...]]:
    """Return the SRV RRset of these targets and the address RRsets for the additional section.

    The weight is 100 divided by the number of all targets, before any repetition is dropped, and at
    least 1: what CoreDNS gives (plugin/backend_lookup.go, SRV).
    """
    weight = max(100 // len(targets), 1) if targets else 1
    services = dict.fromkeys((t.owner, t.port) for t in targets if t.port != NO_PORT)
    if not services:
        return (), ()
    rdatas = tuple(srv(0, weight, port, target) for target, port in services)
    return (RRset(owner, codes.SRV, ttl, rdatas),), glue(targets, ttl)


def glue(targets: Iterable[Target], ttl: int) -> tuple[RRset, ...]:
    """Return the address records of these targets in their order, each once."""
    pairs = dict.fromkeys((t.owner, t.address) for t in targets if t.port != NO_PORT)
    return tuple(RRset(owner, address_type(text), ttl, (address(text),)) for owner, text in pairs)


def is_address(text: str) -> bool:
    """Tell whether `text` is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
