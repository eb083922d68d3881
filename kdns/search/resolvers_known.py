"""The stub resolvers that are told apart, and which version's rules each of them has."""

import re
from enum import StrEnum

from kdns.search.resolvconf import ResolvConf

MOST_DOTS = 15
"""`ndots` is cut to this by glibc (RES_MAXNDOTS), musl and Go."""


class Resolver(StrEnum):
    """Who asks. GLIBC is 2.36, MUSL 1.2.5, GO 1.26 (without cgo), C_ARES 1.34.9, BUSYBOX nslookup of 1.36.

    Other applets of busybox ask by the C library that they are linked with.
    """

    GLIBC = "glibc"
    MUSL = "musl"
    GO = "go"
    C_ARES = "c-ares"
    BUSYBOX = "busybox"


def dots_of(conf: ResolvConf, resolver: Resolver = Resolver.GLIBC) -> int:
    """Return how many dots a name must have to be asked as it is first: `ndots`, 1 if nothing is said.

    nslookup of busybox does not know it. The last one that counts, counts.
    """
    return (
        next(filter(lambda dots: dots is not None, map(_READ_DOTS[resolver], reversed(conf.options))), 1) or 0
    )


def _glibc_dots(option: str) -> int | None:
    """Read as atoi does, into four bits (res_init.c, res_setoptions)."""
    if not option.startswith("ndots:"):
        return None
    found = re.match(r"[+-]?[0-9]+", option[6:])
    return min(int(found[0]) if found else 0, MOST_DOTS) & MOST_DOTS


def _musl_dots(option: str) -> int | None:
    """Read a number wherever `ndots:` stands (resolvconf.c)."""
    found = re.search(r"ndots:([0-9]*)", option)
    return min(int(found[1]), MOST_DOTS) if found and found[1] else None


def _go_dots(option: str) -> int | None:
    """Read the digits that it begins with, none for 0 (dnsconfig_unix.go)."""
    if not option.startswith("ndots:"):
        return None
    found = re.match(r"[0-9]+", option[6:])
    return min(int(found[0]), MOST_DOTS) if found else 0


def _c_ares_dots(option: str) -> int | None:
    """Read a whole number, however large, none for 0; anything else is ignored (ares_sysconfig_files.c)."""
    name, _, number = option.partition(":")
    if name != "ndots" or (number and not number.isdecimal()):
        return None
    return int(number or 0)


_READ_DOTS = {
    Resolver.GLIBC: _glibc_dots,
    Resolver.MUSL: _musl_dots,
    Resolver.GO: _go_dots,
    Resolver.C_ARES: _c_ares_dots,
    Resolver.BUSYBOX: lambda _: None,
}
