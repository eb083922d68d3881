"""Numbers of the DNS parameters registry that kdns refers to by name, and the rest by way of dnslib."""

from dnslib import CLASS, QTYPE, RCODE
from dnslib.dns import DNSError

A, NS, CNAME, SOA, PTR, HINFO, MX, TXT, AAAA, SRV, DNAME, OPT = 1, 2, 5, 6, 12, 13, 15, 16, 28, 33, 39, 41
DS, SVCB, HTTPS, IXFR, AXFR, ANY = 43, 64, 65, 251, 252, 255

IN, CH = 1, 3

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, BADVERS = 0, 1, 2, 3, 4, 5, 16

QUERY, NOTIFY = 0, 4

_TYPES_BY_NAME = {**QTYPE.reverse, "SVCB": SVCB, "DNAME": DNAME, "URI": 256, "SMIMEA": 53, "NSEC3": 50}
_NAMES_BY_TYPE = {number: name for name, number in _TYPES_BY_NAME.items()}


def type_from_text(text: str) -> int:
    """Return the number of a type written as a mnemonic or as TYPEnnn (RFC 3597). Raises ValueError."""
    upper = text.upper()
    number = _TYPES_BY_NAME.get(upper)
    if number is None and upper.startswith("TYPE") and upper[4:].isdecimal():
        number = int(upper[4:])
    if number is None or number > 0xFFFF:
        raise ValueError(f"unknown type {text}")
    return int(number)


def type_to_text(number: int) -> str:
    """Return the mnemonic of a type, or TYPEnnn."""
    return str(_NAMES_BY_TYPE.get(number, f"TYPE{number}"))


def class_to_text(number: int) -> str:
    """Return the mnemonic of a class, or CLASSnnn."""
    return _named(CLASS, number, "CLASS")


def rcode_to_text(number: int) -> str:
    """Return the mnemonic of an RCODE, or RCODEnnn."""
    return _named(RCODE, number, "RCODE")


def _named(table: object, number: int, prefix: str) -> str:
    try:
        return str(table[number])  # type: ignore[index]
    except DNSError:
        return f"{prefix}{number}"
