"""`bind`: listens on some addresses only."""

import ipaddress
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence

from kdns.answering.plugin import Plugin, Setting
from kdns.corefile.errors import CorefileError, shown, unexpected
from kdns.corefile.reading import Reader, arguments, plain, properties
from kdns.corefile.values import Directive, Word
from kdns.plugins._interfaces import interface_addresses

log = logging.getLogger("kdns.plugins.bind")

Interfaces = Mapping[str, Sequence[str]]
"""The addresses of each interface."""


def _except(line: Directive) -> tuple[Word, ...]:
    return arguments(plain(line), 1)


PROPERTIES: Mapping[str, Reader[tuple[Word, ...]]] = {"except": _except}


class Bind(Plugin):
    """Addresses, also by the interfaces that have them when it is set up. It does nothing to queries."""

    name = "bind"

    def __init__(self, hosts: Iterable[str]) -> None:
        self.hosts = tuple(hosts)

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Bind":
        """Several directives add up. What one excepts is out of that one only."""
        interfaces, hosts = _interfaces(), dict[str, None]()
        for directive in directives:
            for word, host in _bound(directive, interfaces):
                if host in hosts and host:
                    found = f"{shown(word.text)}, whose address {host} is bound already"
                    raise CorefileError(word.position, found, "each address once")
                hosts[host] = None
        if not hosts:
            found = "no address that is not excepted"
            raise CorefileError(directives[0].position, found, "at least one to listen on")
        return cls(hosts)


def _interfaces() -> Interfaces:
    try:
        return interface_addresses()
    except OSError as error:
        log.warning("failed to get interfaces list, cannot bind by interface name: %s", error)
        return {}


def _bound(directive: Directive, interfaces: Interfaces) -> Iterator[tuple[Word, str]]:
    """Yield the words of a directive with each address that they stand for."""
    words = arguments(directive, 1)
    lines = dict(properties(directive, PROPERTIES))
    excepted = {host for word in lines.get("except", ()) for host in _hosts(word, interfaces)}
    for word in words:
        for host in _hosts(word, interfaces):
            if host not in excepted:
                yield word, host


def _hosts(word: Word, interfaces: Interfaces) -> Sequence[str]:
    """Return the addresses that a word stands for. To CoreDNS 0.0.0.0 and :: are both every one, ""."""
    if word.text in interfaces:
        return interfaces[word.text]
    try:
        address = ipaddress.ip_address(word.text)
    except ValueError:
        address = None
    if address is None or "%" in word.text:
        raise unexpected(word, "an IP address or the name of an interface", interfaces)
    mapped = getattr(address, "ipv4_mapped", None)
    return ["" if address.is_unspecified else str(mapped or address)]
