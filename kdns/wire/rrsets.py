"""Records as values: RRsets whose RDATA is uncompressed wire octets, and how RDATA is made.

Names inside RDATA are found by `NAMES_IN_RDATA`; nothing else here knows what RDATA means.
"""

import ipaddress
import struct
from collections.abc import Iterable
from typing import NamedTuple

from kdns.wire import codes
from kdns.wire.names import Name


class RRset(NamedTuple):
    """Records of one owner name, type and TTL (seconds). RDATA are uncompressed wire octets."""

    owner: Name
    type: int
    ttl: int
    rdatas: tuple[bytes, ...]
    rdclass: int = codes.IN


NAMES_IN_RDATA = {
    codes.NS: (0, 1),
    codes.CNAME: (0, 1),
    codes.SOA: (0, 2),
    codes.PTR: (0, 1),
    codes.MX: (2, 1),
}
"""Type → (octets before the first name, number of names), for the types whose names RFC 1035 lets compress.

SRV is not among them (RFC 2782), nor is any type newer than RFC 1035 (RFC 3597, section 4).
"""


def address(text: str) -> bytes:
    """Return the RDATA of an A or AAAA record: 4 or 16 octets. `text` is canonical, as `ipaddress` has it.

    IPv4 is not left to `ipaddress`, which takes three times as long.
    """
    return ipaddress.IPv6Address(text).packed if ":" in text else bytes(map(int, text.split(".")))


def srv(priority: int, weight: int, port: int, target: Name) -> bytes:
    """Return the RDATA of an SRV record (RFC 2782)."""
    return struct.pack("!HHH", priority, weight, port) + target


def mx(preference: int, exchange: Name) -> bytes:
    """Return the RDATA of an MX record (RFC 1035, section 3.3.9)."""
    return struct.pack("!H", preference) + exchange


class SOA(NamedTuple):
    """The fields of an SOA record (RFC 1035, section 3.3.13); times in seconds."""

    mname: Name
    rname: Name
    serial: int
    refresh: int
    retry: int
    expire: int
    minimum: int

    def rdata(self) -> bytes:
        """Return the RDATA; the serial is its octets -20 to -16."""
        return self.mname + self.rname + struct.pack("!IIIII", *self[2:])


SERIAL_FROM_END = 20
"""How far from the end of an SOA's RDATA its serial (four octets) begins."""


def soa_serial(rdata: bytes) -> int:
    """Return the serial in an SOA's RDATA."""
    return int.from_bytes(rdata[-SERIAL_FROM_END:][:4], "big")


def soa_minimum(rdata: bytes) -> int:
    """Return the last field of an SOA's RDATA, the TTL of negative answers (RFC 2308, section 4)."""
    return int.from_bytes(rdata[-4:], "big")


def txt(strings: Iterable[bytes]) -> bytes:
    """Return the RDATA of a TXT record. Raises ValueError for a string over 255 octets."""
    rdata = bytearray()
    for string in strings:
        if len(string) > 255:
            raise ValueError("a string of a TXT record has at most 255 octets")
        rdata.append(len(string))
        rdata += string
    return bytes(rdata)
