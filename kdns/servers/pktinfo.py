"""The address a datagram was sent to, so that its response can leave from there (ip(7), RFC 3542).

Only sockets bound to a wildcard address need it: elsewhere the kernel has no choice.
"""

import socket
from socket import AF_INET, AF_INET6, AddressFamily
from typing import NamedTuple

Control = list[tuple[int, int, bytes]]

_IP_PKTINFO = getattr(socket, "IP_PKTINFO", 8)  # Python has the name from 3.12 on
LINK_LOCAL_OCTET = 0xFE
"""First octet of fe80::/10, the only unicast addresses that begin so.

A response from one of them must leave by the interface its query came in by. Anywhere else that would
overrule the routing table, and lose responses where the ways in and out differ.
"""


class Pktinfo(NamedTuple):
    """How one family tells: its socket option, its control message, and where in it the interface is."""

    level: int
    option: int
    kind: int
    octets: int
    interface_at: int


PKTINFO: dict[int, Pktinfo] = {
    # struct in_pktinfo: interface, local address (the source of a response), destination address
    AF_INET: Pktinfo(socket.IPPROTO_IP, _IP_PKTINFO, _IP_PKTINFO, 12, 0),
    # struct in6_pktinfo: address, interface
    AF_INET6: Pktinfo(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, socket.IPV6_PKTINFO, 20, 16),
}


def echo(family: AddressFamily, control: Control) -> Control:
    """Return the control messages that send a response from the address its query was sent to."""
    layout = PKTINFO[family]
    return [
        (level, kind, _unpinned(family, data, layout.interface_at))
        for level, kind, data in control
        if (level, kind, len(data)) == (layout.level, layout.kind, layout.octets)
    ]


def _unpinned(family: AddressFamily, data: bytes, interface_at: int) -> bytes:
    if family == AF_INET6 and data[0] == LINK_LOCAL_OCTET:
        return data
    return data[:interface_at] + bytes(4) + data[interface_at + 4 :]
