"""The `transfer` directives of a server block: who may have which zones, and is told when they change."""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kdns.corefile.errors import CorefileError, shown, unexpected
from kdns.corefile.reading import Reader, one, own_zones, properties, several
from kdns.corefile.values import Directive, ServerBlock, Word
from kdns.plugins._addresses import packed
from kdns.upstreams.options import DNS_PORT, Address
from kdns.wire.names import Name

EVERYBODY = Address("*", 0)
_HOST_AND_PORT = re.compile(r"(?:\[([^][]*)]|([^][:]*)):([0-9]{0,5})")


class Rule(NamedTuple):
    """One directive. `to` are the secondaries, or EVERYBODY; `source` is where they are told from or ""."""

    zones: tuple[Name, ...]
    to: tuple[Address, ...]
    source: str = ""

    @property
    def secondaries(self) -> tuple[Address, ...]:
        """Those who are told of changes."""
        return tuple(each for each in self.to if each != EVERYBODY)

    def allows(self, client: str) -> bool:
        """Tell whether this client, given by its address, may have the zones."""
        return EVERYBODY in self.to or packed(client) in {packed(each.host) for each in self.to}


def read_rule(directive: Directive, block: ServerBlock) -> Rule:
    """Read a directive. Raises CorefileError."""
    to, sources = list[Address](), list[str]()
    for name, value in properties(directive, _PROPERTIES):
        if name == "to":
            to += value
        elif sources:
            raise CorefileError(value.position, "a second source", "one for all NOTIFY messages")
        else:
            sources.append(_source(value))
    if not to:
        raise CorefileError(directive.position, "a transfer to nobody", "a property `to` with addresses or *")
    return Rule(own_zones(directive, block), tuple(dict.fromkeys(to)), "".join(sources))


def _to(word: Word) -> Address:
    """Read an IP address, with or without a port, as Go's net.SplitHostPort takes it apart."""
    if word.text == "*":
        return EVERYBODY
    split = _HOST_AND_PORT.fullmatch(word.text)
    host = (split[1] or split[2] or "") if split else word.text
    port = int(split[3] or DNS_PORT) if split else DNS_PORT
    if not _is_ip(host) or not 0 < port < 1 << 16:
        raise unexpected(word, "an IP address such as 192.0.2.1, 192.0.2.1:5300 or [2001:db8::1]:5300, or *")
    return Address(host, port)


def _source(word: Word) -> str:
    if "%" in word.text or not _is_ip(word.text):
        raise CorefileError(word.position, f"the source {shown(word.text)}", "an IP address of this machine")
    return word.text


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


_PROPERTIES: Mapping[str, Reader[Any]] = {
    "to": several(_to),
    "source": one(lambda word: word),
}


def by_zone(rules: Sequence[Rule]) -> dict[Name, Rule]:
    """Return which rule is for a zone: the first that names it."""
    return {zone: rule for rule in reversed(rules) for zone in rule.zones}
