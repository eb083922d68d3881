"""The options of `kubernetes`: what its directive says about records, and the cluster it wishes to see."""

import logging
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from kdns.cluster.selectors import Selector, parse_selector
from kdns.cluster.wish import ApiServer, ClusterWish
from kdns.corefile.errors import CorefileError, shown
from kdns.corefile.reading import (
    Reader,
    arguments,
    each,
    first,
    flag,
    one,
    own_zones,
    plain,
    properties,
    several,
    zones_after,
)
from kdns.corefile.scalars import choice, duration, integer, text
from kdns.corefile.values import Directive, ServerBlock, Word
from kdns.records.options import PodMode, RecordOptions
from kdns.records.reverse import IN_ADDR_ARPA, IP6_ARPA
from kdns.wire.names import ROOT, Name, is_at_or_below

log = logging.getLogger("kdns.plugins.kubernetes")

DEFAULT_TTL = 5
MOST_TTL = 3600
STARTUP_SECONDS = 5.0

_REVERSE = (IN_ADDR_ARPA, IP6_ARPA)
_DECIMAL = re.compile(r"\+?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Options:
    """What a directive says. `records.zone` is the first of `zones` that is no reverse one."""

    zones: tuple[Name, ...]
    records: RecordOptions
    wish: ClusterWish
    fallthrough: tuple[Name, ...] = ()
    startup_seconds: float = STARTUP_SECONDS


def read_options(directive: Directive, block: ServerBlock) -> Options:
    """Read a directive of this server block. Raises CorefileError."""
    zones = own_zones(directive, block)
    found: dict[str, Any] = {}
    for name, value in properties(directive, _PROPERTIES):
        found[name] = value | found.get(name, frozenset()) if name == "namespaces" else value
    if "namespaces" in found and "namespace_labels" in found:
        raise CorefileError(directive.position, "both namespaces and namespace_labels", "one of them")
    pods = PodMode(found.get("pods", PodMode.DISABLED))
    records = RecordOptions(
        zone=_primary(zones, directive),
        ttl=found.get("ttl", DEFAULT_TTL),
        pods=pods,
        endpoint_pod_names="endpoint_pod_names" in found,
        ignore_empty_service=found.get("ignore", False),
        endpoints="noendpoints" not in found,
        namespaces=found.get("namespaces"),
        namespace_labels=found.get("namespace_labels"),
    )
    wish = ClusterWish(
        _api_server(found), pods == PodMode.VERIFIED, records.endpoints, str(found.get("labels", ""))
    )
    startup = found.get("startup_timeout", STARTUP_SECONDS)
    return Options(zones, records, wish, found.get("fallthrough", ()), startup)


def _primary(zones: tuple[Name, ...], directive: Directive) -> Name:
    """Return the zone of the cluster. A whole reverse tree will do if need be (dnsutil/reverse.go)."""
    forward = [zone for zone in zones if not any(is_at_or_below(zone, tree) for tree in _REVERSE)]
    for zone in (*forward, *(zone for zone in zones if zone in _REVERSE)):
        return zone
    raise CorefileError(directive.position, "reverse zones only", "the zone of the cluster among them")


def _api_server(found: dict[str, Any]) -> ApiServer:
    """Return where the objects come from. What CoreDNS does not look at then is left out."""
    limits = ApiServer(
        qps=found.get("apiserver_qps", 0.0),
        burst=found.get("apiserver_burst", 0),
        max_inflight=found.get("apiserver_max_inflight", 0),
    )
    if "kubeconfig" in found:
        path, context = (*found["kubeconfig"], "")[:2]
        return limits._replace(kubeconfig=path, context=context)
    if "endpoint" in found:
        certificate, key, ca = found.get("tls", ("", "", ""))
        return limits._replace(endpoint=found["endpoint"], certificate=certificate, key=key, ca=ca)
    return limits


def _endpoint(line: Directive) -> str:
    """Read the URL of the API server; further ones are ignored."""
    words = arguments(plain(line), 1)
    if len(words) > 1:
        log.warning(
            "Multiple endpoints have been deprecated, only the first specified endpoint '%s' is used",
            words[0].text,
        )
    return words[0].text


def _selector(line: Directive) -> Selector:
    """Read a label selector, which may be several words."""
    words = arguments(plain(line), 1)
    joined = " ".join(word.text for word in words)
    try:
        return parse_selector(joined)
    except ValueError as error:
        raise CorefileError(words[0].position, shown(joined), f"a label selector: {error}") from error


def _ignore(line: Directive) -> bool:
    """Read what to ignore: no argument says nothing, further ones neither (CoreDNS, setup.go)."""
    words = plain(line).arguments
    return bool(words) and bool(choice("empty_service")(words[0]))


def _decimal(word: Word) -> float:
    if not _DECIMAL.fullmatch(word.text):
        raise CorefileError(word.position, shown(word.text), "a number from 0")
    return float(word.text)


def _fallthrough(line: Directive) -> tuple[Name, ...]:
    return zones_after(line) or (ROOT,)


def _namespaces(line: Directive) -> frozenset[str]:
    return frozenset(several(text)(line))


def _missing(line: Directive) -> NoReturn:
    raise CorefileError(
        line.position,
        f"the option {shown(line.name.text)}, which kdns does not have yet",
        "one that it has; take it out, or leave this server block to CoreDNS",
    )


_PROPERTIES: dict[str, Reader[Any]] = {
    "apiserver_burst": one(integer(0)),
    "apiserver_max_inflight": one(integer(0)),
    "apiserver_qps": one(_decimal),
    "endpoint": _endpoint,
    "endpoint_pod_names": flag,
    "fallthrough": _fallthrough,
    "ignore": _ignore,
    "kubeconfig": each(text, text),
    "labels": _selector,
    "multicluster": _missing,
    "namespace_labels": _selector,
    "namespaces": _namespaces,
    "noendpoints": flag,
    "pods": one(choice(*PodMode)),
    "startup_timeout": first(duration(0)),
    "tls": each(text, text, text, least=3),
    "ttl": first(integer(0, MOST_TTL)),
    "zonal": _missing,
}
