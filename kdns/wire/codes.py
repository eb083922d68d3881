"""Numbers of the DNS parameters registry that kdns refers to by name, and the rest by way of dnslib."""

from collections.abc import Mapping

from dnslib import CLASS, QTYPE, RCODE
from dnslib.dns import DNSError

A, NS, CNAME, SOA, PTR, HINFO, MX, TXT, AAAA, SRV, DNAME, OPT = 1, 2, 5, 6, 12, 13, 15, 16, 28, 33, 39, 41
DS, RRSIG, NSEC, SVCB, HTTPS, IXFR, AXFR, ANY = 43, 46, 47, 64, 65, 251, 252, 255

IN, CH = 1, 3

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, BADVERS = 0, 1, 2, 3, 4, 5, 16

QUERY, NOTIFY = 0, 4

_RARE_TYPES = """
    MD=3 MF=4 MB=7 MG=8 MR=9 WKS=11 MINFO=14 X25=19 ISDN=20 RT=21 NSAP=22 NSAP-PTR=23 PX=26 GPOS=27 NXT=30
    EID=31 NIMLOC=32 ATMA=34 DNAME=39 NSEC3=50 SMIMEA=53 NINFO=56 RKEY=57 TALINK=58 SVCB=64 DSYNC=66 HHIT=67
    BRID=68 UINFO=100 UID=101 GID=102 UNSPEC=103 NID=104 L32=105 L64=106 LP=107 NXNAME=128 MAILB=253 MAILA=254
    URI=256 AVC=258 AMTRELAY=260 RESINFO=261 WALLET=262
"""
"""Those that dnslib does not know."""
_RARE_NUMBERS = {name: int(number) for name, number in (pair.split("=") for pair in _RARE_TYPES.split())}
_TYPES_BY_NAME: Mapping[str, int] = {**QTYPE.reverse, **_RARE_NUMBERS}
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


def is_mnemonic(text: str) -> bool:
    """Tell whether this is a type's mnemonic, in upper case."""
    return text in _TYPES_BY_NAME


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
