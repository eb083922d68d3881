"""A resolv.conf's text as each stub resolver reads it: they differ in lines, limits and comments.

Nothing is refused: what a resolver does not understand it passes over. Most know comments only so: behind
domains, # is one more of them.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from kdns.search.resolvconf import ResolvConf
from kdns.search.resolvers_known import Resolver
from kdns.search.resolvers_names import is_address

MOST_NAMESERVERS = 3
"""MAXNS of glibc and musl, and Go's limit. c-ares and busybox take all."""

_MUSL_LINE, _C_ARES_VALUE, _BUSYBOX_LINE = 255, 511, 511
"""Octets: what a longer line or value suffers is said where these are used."""


def read(text: str, resolver: Resolver = Resolver.GLIBC) -> ResolvConf:
    """Return what a resolver makes of a resolv.conf. Never raises.

    `nameservers` are those that it uses: no more than its limit, this host if there is none. `options` are
    the words of all lines, known to it or not; busybox reads none.
    """
    reading = _Reading()
    _READ[resolver](reading, re.findall(r"[^\n]*\n|[^\n]+", text))
    limit = None if resolver in (Resolver.C_ARES, Resolver.BUSYBOX) else MOST_NAMESERVERS
    here = ("127.0.0.1", "::1") if resolver is Resolver.GO else ("127.0.0.1",)
    return ResolvConf(
        nameservers=tuple(reading.nameservers[:limit]) or here,
        searches=tuple(domain if domain == "." else domain.removesuffix(".") for domain in reading.searches),
        options=tuple(reading.options),
    )


class _Reading:
    """What has been read so far."""

    def __init__(self) -> None:
        self.nameservers: list[str] = []
        self.searches: list[str] = []
        self.options: list[str] = []
        self.is_searching = False

    def add_nameserver(self, text: str) -> None:
        if is_address(text, Resolver.GO):
            self.nameservers.append(text)


def _glibc(reading: _Reading, lines: list[str]) -> None:
    """Read as res_vinit_1 does (resolv/res_init.c, glibc 2.36): a keyword stands at the start of its line.

    The last `domain` or `search` counts that has a value.
    """
    for line in lines:
        keyword, *words = _words(line) or [""]
        if line[:1] in " \t" or not line[len(keyword) :].startswith((" ", "\t")):
            continue
        match keyword:
            case "nameserver" if words:
                reading.add_nameserver(words[0])
            case "domain" if words:
                reading.searches = words[:1]
            case "search" if words:
                reading.searches = words
            case "options":
                reading.options += words


def _octets(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _words(line: str) -> list[str]:
    return [word for word in re.split(r"[ \t\n]", line) if word]


def _musl(reading: _Reading, lines: list[str]) -> None:
    """Read as __get_resolv_conf does (src/network/resolvconf.c, musl 1.2.3 to 1.2.5).

    A line of 255 octets or more is passed over. `domain` is another word for `search`; the last of both
    counts, an empty one too.
    """
    for line in lines:
        if _octets(line) > _MUSL_LINE - (not line.endswith("\n")):
            continue
        found = re.match(r"(options|nameserver|domain|search)\s", line)
        words = line.split()[1:] if found else []
        match found and found[1]:
            case "nameserver" if words:
                reading.add_nameserver(words[0])
            case "domain" | "search":
                reading.searches = words
            case "options":
                first = next((word for word in words if "ndots:" in word), None)
                reading.options += [word for word in words if word is first or "ndots:" not in word]


def _go(reading: _Reading, lines: list[str]) -> None:
    """Read as dnsReadConfig does (net/dnsconfig_unix.go, Go 1.26): a keyword may be indented.

    The last of `domain` and `search` counts, an empty `search` too. The domain "." is left out.
    """
    for line in lines:
        keyword, *words = line.split() or [""]
        match keyword:
            case "nameserver" if words:
                reading.add_nameserver(words[0])
            case "domain" if words:
                reading.searches = words[:1]
            case "search":
                reading.searches = [word for word in words if word != "."]
            case "options":
                reading.options += words


def _c_ares(reading: _Reading, lines: list[str]) -> None:
    """Read as ares_sysconfig_parse_resolv_line does (src/lib/ares_sysconfig_files.c, c-ares 1.34).

    A keyword may be indented. # and ; begin a comment wherever they stand (1.34.9; before, only a line's).
    `domain` counts only before any `search`. Commas separate domains too; one that was named before is left
    out. A value of 512 octets or more is passed over, and one with a tab in it.
    """
    for line in lines:
        keyword, *rest = re.split("[#;]", line)[0].split(maxsplit=1) or [""]
        value = "".join(rest).strip()
        if _octets(value) > _C_ARES_VALUE or "\t" in value:
            continue
        match keyword:
            case "nameserver":
                reading.nameservers += _with_port(value)
            case "domain" if value and not reading.searches:
                reading.searches = _domains(value)[:1]
            case "search" if value:
                reading.searches = _domains(value)
            case "options":
                reading.options += value.split()


def _domains(value: str) -> list[str]:
    found: dict[str, str] = {}
    for domain in filter(None, re.split("[, ]", value)):
        found.setdefault(domain.lower(), domain)
    return list(found.values())


def _with_port(value: str) -> Iterator[str]:
    """Yield an address, which may have brackets and a port; several may stand behind commas."""
    for text in map(str.strip, value.split(",")):
        bare = re.sub(r"\[(.*)\](:[0-9]+)?|([0-9.]+):[0-9]+", r"\1\3", text)
        if is_address(bare, Resolver.C_ARES):
            yield text


def _busybox(reading: _Reading, lines: list[str]) -> None:
    """Read as parse_resolvconf does (networking/nslookup.c, busybox 1.36).

    `domain` counts, with all its words, only before any `search`. A line longer than 511 octets is as good as
    several.
    """
    for line in _pieces(lines):
        keyword, *words = line.split() or [""]
        match keyword:
            case "nameserver" if words:
                reading.add_nameserver(words[0])
            case "domain" if words and not reading.is_searching:
                reading.searches = words
            case "search" if words:
                reading.searches, reading.is_searching = words, True


def _pieces(lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield from (line[start : start + _BUSYBOX_LINE] for start in range(0, len(line), _BUSYBOX_LINE))


_READ: Mapping[Resolver, Callable[[_Reading, list[str]], None]] = {
    Resolver.GLIBC: _glibc,
    Resolver.MUSL: _musl,
    Resolver.GO: _go,
    Resolver.C_ARES: _c_ares,
    Resolver.BUSYBOX: _busybox,
}
