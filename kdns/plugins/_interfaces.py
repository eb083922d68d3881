"""The addresses of this machine's network interfaces, as the kernel lists them (rtnetlink(7), RTM_GETADDR).

The C library's getifaddrs would give IPv4 addresses by their label, which need not be an interface's name.
"""

import ipaddress
import socket
import struct
from collections.abc import Iterator

_HEADER = struct.Struct("=IHHII")
"""nlmsghdr: length, type, flags, sequence, port."""
_ADDRESS = struct.Struct("=BBBBI")
"""ifaddrmsg: family, prefix length, flags, scope, the interface's index."""
_ATTRIBUTE = struct.Struct("=HH")
"""rtattr: length, type."""

_GET_ADDRESSES = 22
_REQUEST, _DUMP = 0x001, 0x300
_ERROR, _DONE, _NEW_ADDRESS = 2, 3, 20
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_BUFFER_OCTETS = 1 << 16


def interface_addresses() -> dict[str, tuple[str, ...]]:
    """Return each interface's addresses in the kernel's order, IPv4 first. Raises OSError.

    A link-local address has its interface as its zone, fe80::1%eth0 (RFC 4007).
    """
    names = dict(socket.if_nameindex())
    found: dict[str, list[str]] = {name: [] for name in names.values()}
    for index, address in _addresses():
        if index in names:
            found[names[index]].append(_zoned(address, names[index]))
    return {name: tuple(addresses) for name, addresses in found.items()}


def _zoned(octets: bytes, interface: str) -> str:
    address = ipaddress.ip_address(octets)
    return f"{address}%{interface}" if address.version == 6 and address.is_link_local else str(address)


def _addresses() -> Iterator[tuple[int, bytes]]:
    """Yield (index of the interface, address) of all addresses of IPv4 and IPv6."""
    for message in _dump():
        family, _, _, _, index = _ADDRESS.unpack_from(message)
        if family not in (socket.AF_INET, socket.AF_INET6):
            continue
        attributes = dict(_attributes(message[_ADDRESS.size :]))
        # Of a point-to-point link, the other one is the peer's.
        address = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS)
        if address:
            yield index, address


def _dump() -> Iterator[bytes]:
    """Ask the kernel for all addresses, and yield its messages without their headers."""
    body = _ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
    header = _HEADER.pack(_HEADER.size + len(body), _GET_ADDRESSES, _REQUEST | _DUMP, 1, 0)
    with socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
    ) as asked:
        asked.send(header + body)
        while True:
            for kind, message in _messages(asked.recv(_BUFFER_OCTETS)):
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    number = -struct.unpack_from("=i", message)[0]
                    raise OSError(number, "the kernel does not list the addresses")
                if kind == _NEW_ADDRESS:
                    yield message


def _messages(received: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _HEADER.size <= len(received):
        length, kind, _, _, _ = _HEADER.unpack_from(received, at)
        yield kind, received[at + _HEADER.size : at + length]
        at += max(_aligned(length), _HEADER.size)


def _attributes(octets: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _ATTRIBUTE.size <= len(octets):
        length, kind = _ATTRIBUTE.unpack_from(octets, at)
        yield kind, octets[at + _ATTRIBUTE.size : at + length]
        at += max(_aligned(length), _ATTRIBUTE.size)


def _aligned(length: int) -> int:
    return (length + 3) & ~3
