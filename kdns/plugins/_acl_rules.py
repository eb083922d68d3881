"""The rules of `acl`, as its directives have them."""

from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

from kdns.corefile.errors import CorefileError, shown, unexpected
from kdns.corefile.reading import own_zones, plain
from kdns.corefile.scalars import Scalar
from kdns.corefile.values import Directive, ServerBlock, Word
from kdns.plugins._networks import EVERYWHERE, Network, Networks, network
from kdns.wire import codes
from kdns.wire.names import Name

ALLOW, BLOCK, FILTER, DROP = ACTIONS = ("allow", "block", "filter", "drop")
_TYPE, _NET, _ALL = "type", "net", "*"


class Policy(NamedTuple):
    """What is done with queries from one of `networks` for one of `types`; None is every type."""

    action: str
    types: Container[int] | None
    networks: Networks

    def is_for(self, qtype: int) -> bool:
        return self.types is None or qtype in self.types


class Rule(NamedTuple):
    """Policies for names in `zones` (the keys, folded), of which the first that is for a query decides."""

    zones: Mapping[Name, Name]
    policies: tuple[Policy, ...]


def read_rule(directive: Directive, block: ServerBlock) -> Rule:
    """Read `acl [ZONES...] {ACTION [type TYPES...] [net SOURCES...]}`."""
    zones = own_zones(directive, block)
    return Rule(dict(zip(zones, zones, strict=True)), tuple(map(_policy, directive.block or ())))


def _policy(line: Directive) -> Policy:
    action = plain(line).name.text.lower()
    if action not in ACTIONS:
        raise unexpected(line.name, f"one of {', '.join(ACTIONS)}", ACTIONS)
    found: dict[str, set[Any]] = {section: set() for section in _SECTIONS}
    for section, words in _sections(line.arguments):
        # As in CoreDNS, what follows "all" is not looked at.
        found[section].update(map(_SECTIONS[section], takewhile(lambda word: word.text != _ALL, words)))
        if any(word.text == _ALL for word in words):
            found[section].add(_ALL)
    limits = {section: each for section, each in found.items() if each and _ALL not in each}
    return Policy(action, limits.get(_TYPE), Networks(limits.get(_NET, EVERYWHERE)))


def _sections(words: Sequence[Word]) -> Iterator[tuple[str, list[Word]]]:
    """Yield the words behind each `type` and `net`."""
    left = list(words)
    while left:
        section = left.pop(0)
        if section.text.lower() not in _SECTIONS:
            raise unexpected(section, " or ".join(_SECTIONS), _SECTIONS)
        found = list[Word]()
        while left and left[0].text.lower() not in _SECTIONS:
            found.append(left.pop(0))
        if not found:
            raise CorefileError(section.position, f"nothing after {shown(section.text)}", "what it is about")
        yield section.text.lower(), found


def _qtype(word: Word) -> int:
    if not codes.is_mnemonic(word.text):
        meant = filter(codes.is_mnemonic, [word.text.upper()])
        raise unexpected(word, "the mnemonic of a type, in upper case", meant)
    return codes.type_from_text(word.text)


def _source(word: Word) -> Network:
    """Read a network or a single address."""
    if "/" in word.text:
        return network(word)
    try:
        return network(word._replace(text=f"{word.text}/{128 if ':' in word.text else 32}"))
    except CorefileError as error:
        raise unexpected(word, "a network such as 10.0.0.0/8, or an address") from error


_SECTIONS: Mapping[str, Scalar[Any]] = {_TYPE: _qtype, _NET: _source}
