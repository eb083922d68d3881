"""Which addresses of this machine a server is reached at: what NS records fall back on, and what its own
Services are found by."""

import ipaddress
import socket
from collections.abc import Iterable

from kdns.servers.addresses import ListenAddress

_SOMEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Addresses for documentation (RFC 5737, RFC 3849). Nothing is sent to them."""


def own_addresses(listen: Iterable[ListenAddress]) -> tuple[str, ...]:
    """Return the addresses listened on, loopback left out (as CoreDNS does).

    A wildcard stands for the address that the machine would send from, one for each family: in a Pod these
    are the Pod's.
    """
    found: dict[str, None] = {}
    for address in listen:
        hosts = [address.host] if address.host else [_source_address(family) for family in _SOMEWHERE]
        found.update(dict.fromkeys(host for host in hosts if host and _is_reachable(host)))
    return tuple(found)


def _is_reachable(host: str) -> bool:
    address = ipaddress.ip_address(host)
    return not (address.is_loopback or address.is_unspecified)


def _source_address(family: socket.AddressFamily) -> str:
    """Return the address that a packet to somewhere far would leave from, "" if there is no way there."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((_SOMEWHERE[family], 53))
        except OSError:
            return ""
        return str(probe.getsockname()[0])
