"""What a text is for each stub resolver: an address, a name that it asks for, octets on the wire.

Nobody here does IDNA: octets are taken as they are, UTF-8 too.
"""

import ipaddress
import re
from collections.abc import Iterator

from kdns.search.resolvers_known import Resolver
from kdns.wire.names import ROOT, BadName, Name, from_labels, from_text, labels

_C_LIBRARIES = (Resolver.GLIBC, Resolver.MUSL)
_ESCAPING = (Resolver.GLIBC, Resolver.C_ARES)


def is_address(text: str, resolver: Resolver = Resolver.GLIBC) -> bool:
    """Tell whether a resolver takes this for an address, which is no question of a name's.

    The C libraries take whatever inet_aton does too: 10.1, 0x7f.1, 1.
    """
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return resolver in _C_LIBRARIES and _is_number(text)
    return True


def _is_number(text: str) -> bool:
    parts = text.split(".")
    if len(parts) > 4 or not all(map(re.compile(r"0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*").fullmatch, parts)):
        return False
    *front, last = (
        int(part, 16 if part[:2] in ("0x", "0X") else 8 if part[0] == "0" else 10) for part in parts
    )
    return all(number < 256 for number in front) and last < 256 ** (4 - len(front))


def name_of(text: str, resolver: Resolver = Resolver.GLIBC) -> Name | None:
    r"""Return the name that a resolver puts on the wire for a text, None where it can't.

    glibc and c-ares understand `\.` and `\046`. c-ares sends no other octets than those of hostnames and _/*.
    """
    try:
        name = _read(text, resolver)
    except (BadName, UnicodeEncodeError):
        return None
    if resolver is Resolver.C_ARES and not re.fullmatch(rb"[A-Za-z0-9._/*-]*", _octets(name)):
        return None
    return name


def _read(text: str, resolver: Resolver) -> Name:
    if text == ".":
        return ROOT
    if "\\" in text and resolver in _ESCAPING:
        return from_text("".join(_in_ascii(text)))
    return from_labels(text.removesuffix(".").encode().split(b"."))


def _in_ascii(text: str) -> Iterator[str]:
    for octet in text.encode():
        yield chr(octet) if octet < 0x80 else f"\\{octet:03d}"


def _octets(name: Name) -> bytes:
    return b"".join(labels(name))


def asks_for(name: str, resolver: Resolver = Resolver.GLIBC) -> bool:
    """Tell whether a resolver asks at all for what it is given. It does not judge the search list so."""
    if resolver is Resolver.C_ARES:
        return True
    found = name_of(name, resolver)
    if found is None or resolver is Resolver.GO:
        return found is not None and _is_go_name(name)
    return resolver is not Resolver.GLIBC or _is_hostname(found)


def _is_hostname(name: Name) -> bool:
    """Tell what glibc takes for a host's name: letters, digits, - and _ (res_hnok, res-name-checking.c)."""
    return name[1:2] != b"-" and re.fullmatch(rb"[A-Za-z0-9_-]*", _octets(name)) is not None


def _is_go_name(text: str) -> bool:
    """Tell what Go takes for a domain name: the same, but not digits alone (isDomainName, dnsclient.go)."""
    plain = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?").fullmatch
    parts = text.removesuffix(".").split(".")
    return text == "." or (all(map(plain, parts)) and not "".join(parts).isdecimal())
