"""Which addresses of this machine a server is reached at: what NS records fall back on, and what its own
Services are found by."""

import ipaddress
import socket
from collections.abc import Iterable

from kdns.servers.addresses import ListenAddress, is_wildcard

_SOMEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Addresses for documentation (RFC 5737, RFC 3849). Nothing is sent to them."""


def own_addresses(listen: Iterable[ListenAddress]) -> tuple[str, ...]:
    """Return the addresses listened on, loopback left out (as CoreDNS does).

    A wildcard stands for the address that the machine would send from, one for each family: in a Pod these
    are the Pod's.
    """
    hosts = [
        _source_address(family) if is_wildcard(host) else host
        for address in listen
        for family, host in address.by_family()
    ]
    return tuple(dict.fromkeys(host for host in hosts if host and not ipaddress.ip_address(host).is_loopback))


def _source_address(family: socket.AddressFamily) -> str:
    """Return the address that a packet to somewhere far would leave from, "" if there is no way there."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((_SOMEWHERE[family], 53))
        except OSError:
            return ""
        return str(probe.getsockname()[0])
