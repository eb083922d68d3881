"""The directive of `forward`, read: for which names, to which upstreams, and how they are asked."""

import ipaddress
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from kdns.corefile.errors import CorefileError, shown, unexpected
from kdns.corefile.reading import Reader, arguments, flag, one, plain, properties, several
from kdns.corefile.scalars import choice, duration, integer, zones
from kdns.corefile.values import Directive, Word
from kdns.plugins._forward_to import read_server_name, upstreams
from kdns.upstreams.group import Group, GroupOptions
from kdns.upstreams.options import Options
from kdns.upstreams.policies import POLICIES
from kdns.upstreams.tls import client_context, show_certificate
from kdns.upstreams.upstream import Upstream
from kdns.wire import codes
from kdns.wire.names import BadName, Name, fold, from_text, to_text
from kdns.wire.rcodes import RCODES

log = logging.getLogger("kdns.plugins.forward")

_UNSIGNED = integer(0, 2**32 - 1)


@dataclass(frozen=True, slots=True)
class ForwardOptions:
    """One directive: `zone` is its FROM, `excepted` zones are left to others.

    After a reply with one of `next_rcodes`, or with `next_on_nodata` after one without an answer, the next
    `forward` of the server block is asked.
    """

    zone: Name
    group: Group
    excepted: frozenset[Name] = frozenset()
    next_rcodes: frozenset[int] = frozenset()
    next_on_nodata: bool = False


def read_forward(directive: Directive) -> ForwardOptions:
    """Read a directive. Its group of upstreams is made, but opens nothing yet. Raises CorefileError."""
    from_word, *to_words = arguments(directive, 2)
    found: dict[str, Any] = {}
    for name, value in properties(directive, _PROPERTIES):
        found[name] = found.get(name, value) | value if isinstance(value, frozenset) else value
    return ForwardOptions(
        _from(from_word),
        _group(directive, to_words, found),
        found.get("except", frozenset()),
        found.get("next", frozenset()),
        "next_on_nodata" in found,
    )


def _group(directive: Directive, to_words: list[Word], found: Mapping[str, Any]) -> Group:
    options = GroupOptions(**{field: found[name] for name, field in _OF_GROUP.items() if name in found})
    each = Options(
        **{name: found[name] for name in _OF_UPSTREAMS if name in found},
        **found.get("health_check", {}),
        probe_over_tcp=options.force_tcp,
    )
    if 0 < each.max_age < each.expire:
        *_, line = (line for line in directive.block or () if line.name.text == "max_age")
        expected = f"0, or at least the {each.expire:.15g}s of expire"
        raise CorefileError(line.position, f"a max_age of {each.max_age:.15g}s", expected)
    tos = upstreams(to_words, found.get("tls_servername", ""))
    if each.tls is None and any(to.scheme == "tls" for to in tos):
        each = replace(each, tls=client_context())  # one for all: it holds the system's certificates
    return Group(
        [Upstream(to.address, to.scheme, replace(each, server_name=to.server_name)) for to in tos], options
    )


def _from(word: Word) -> Name:
    found = zones(word)
    if len(found) > 1:
        log.warning(
            "Unsupported CIDR notation: '%s' expands to multiple zones. Using only '%s'.",
            word.text,
            to_text(found[0]),
        )
    return found[0]


def _except(line: Directive) -> frozenset[Name]:
    return frozenset(zone for each in several(zones)(line) for zone in each)


def _next(line: Directive) -> frozenset[int]:
    return frozenset(several(_rcode)(line))


def _failover(line: Directive) -> frozenset[int]:
    return frozenset(several(_failing_rcode)(line))


def _rcode(word: Word) -> int:
    mnemonic = word.text.upper()
    if mnemonic not in RCODES:
        raise unexpected(word, "the mnemonic of an RCODE", RCODES)
    return RCODES[mnemonic]


def _failing_rcode(word: Word) -> int:
    rcode = _rcode(word)
    if rcode == codes.NOERROR:
        raise unexpected(word, "the mnemonic of an RCODE other than NOERROR")
    return rcode


def _positive(word: Word) -> float:
    seconds = duration(0)(word)
    if not seconds:
        raise unexpected(word, "a duration longer than 0")
    return seconds


def _ip(word: Word) -> str:
    try:
        ipaddress.ip_address(word.text)
    except ValueError:
        raise unexpected(word, "an IP address") from None
    if "%" in word.text:
        raise unexpected(word, "an IP address without a zone")
    return word.text


def _tls(line: Directive) -> ssl.SSLContext:
    """Read [CA] or CERT KEY [CA]: what is trusted instead of the system's, and what is shown."""
    words = arguments(plain(line), 0, 3)
    pair, ca = (words[:-1], words[-1]) if len(words) % 2 else (words, None)
    try:
        context = client_context(ca.text if ca else "")
    except OSError as error:
        raise _unusable(ca or line.name, error, "a file of CA certificates in PEM") from error
    if pair:
        try:
            show_certificate(context, pair[0].text, pair[1].text)
        except OSError as error:
            raise _unusable(pair[0], error, "a certificate and its key, two files in PEM") from error
    return context


def _unusable(word: Word, error: OSError, expected: str) -> CorefileError:
    reason = (error.reason or "not usable") if isinstance(error, ssl.SSLError) else error.strerror
    return CorefileError(word.position, f"{shown(word.text)} ({reason})", expected)


def _health_check(line: Directive) -> dict[str, Any]:
    """Read DURATION [no_rec] [domain NAME], as the fields of Options that they are."""
    interval, *words = arguments(plain(line), 1)
    found: dict[str, Any] = {"probe_interval": duration(0)(interval)}
    rest = iter(words)
    for word in rest:
        if word.text == "no_rec":
            found["probe_recursion"] = False
        elif word.text == "domain":
            found["probe_name"] = _domain(next(rest, None), word)
        else:
            raise unexpected(word, "no_rec, or domain and a name", ("no_rec", "domain"))
    return found


def _domain(word: Word | None, before: Word) -> Name:
    if word is None or not word.text:
        raise CorefileError((word or before).position, "nothing after 'domain'", "a domain name")
    try:
        return fold(from_text(word.text))
    except BadName as error:
        raise CorefileError(word.position, f"{shown(word.text)} ({error})", "a domain name") from error


def _not_yet(line: Directive) -> NoReturn:
    found = f"the property {shown(line.name.text)} of 'forward', which kdns does not have yet"
    raise CorefileError(line.position, found, "a property that it has; take the line out")


def _server_name(word: Word) -> str:
    return read_server_name(word, word.text)


_PROPERTIES: Mapping[str, Reader[Any]] = {
    "except": _except,
    "force_tcp": flag,
    "prefer_udp": flag,
    "expire": one(duration(0)),
    "max_age": one(duration(0)),
    "max_idle_conns": one(integer(0)),
    "read_timeout": one(_positive),
    "max_fails": one(_UNSIGNED),
    "max_connect_attempts": one(_UNSIGNED),
    "tls": _tls,
    "tls_servername": one(_server_name),
    "policy": one(choice(*POLICIES)),
    "health_check": _health_check,
    "max_concurrent": one(integer(0)),
    "next": _next,
    "next_on_nodata": flag,
    "failfast_all_unhealthy_upstreams": flag,
    "failover": _failover,
    "source_address": one(_ip),
    "resolver": _not_yet,
    "doh_method": _not_yet,
}
"""Sets add up over several lines; of anything else the last one holds."""

_OF_UPSTREAMS = ("expire", "max_age", "max_idle_conns", "read_timeout", "max_fails", "tls", "source_address")
_OF_GROUP = {
    "policy": "policy",
    "max_concurrent": "max_concurrent",
    "failfast_all_unhealthy_upstreams": "failfast_all_unhealthy",
    "failover": "failover",
    "max_connect_attempts": "attempts",
    "force_tcp": "force_tcp",
    "prefer_udp": "prefer_udp",
}
"""Property → field of GroupOptions."""
