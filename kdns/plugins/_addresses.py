"""Addresses as people write them in files, as octets."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address


@lru_cache(maxsize=1024)
def packed(text: str) -> bytes | None:
    """Return the octets of an address, None if it is none. IPv6 ones may have a zone, which is left out.

    IPv4 within IPv6 (::ffff:192.0.2.1) is IPv4.
    """
    address = text.partition("%")[0]
    try:
        if ":" not in address:
            return IPv4Address(address).packed
        within = (long := IPv6Address(address)).ipv4_mapped
        return (within or long).packed
    except ValueError:
        return None
