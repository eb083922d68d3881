"""A `template` directive: for which questions it is, what it answers, and how it is read.

    template CLASS TYPE [ZONE...] {
        match REGEX...
        answer RR...
        additional RR...
        authority RR...
        rcode CODE
        ederror CODE [REASON]
        fallthrough [ZONE...]
    }

Of what may be there once, the last one counts; patterns and records add up.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, cast

from kdns.corefile.errors import CorefileError, shown, unexpected
from kdns.corefile.gotemplate import Field, Value
from kdns.corefile.patterns import Pattern, pattern
from kdns.corefile.reading import Reader, arguments, one, plain, properties, several, zones_or
from kdns.corefile.values import Directive, ServerBlock, Word
from kdns.plugins._template_data import check_fields
from kdns.plugins._template_records import CLASSES, RecordTemplate
from kdns.wire import codes
from kdns.wire.names import ROOT, Name, longest_suffix
from kdns.wire.rcodes import RCODES

ANY_CLASS = 255
QUERY_CLASSES = {**CLASSES, "ANY": ANY_CLASS}
SECTIONS = ("answer", "additional", "authority")
"""In the order in which CoreDNS makes their records."""

EVERYTHING = ".*"
"""What CoreDNS has for a directive without `match`."""

_LARGEST_RCODE = 15
_LARGEST_CODE = 0xFFFF
_NUMBER = re.compile("0{0,100}[0-9]{1,5}")

Groups = tuple[list[Value], dict[str, Value]]
"""What the groups of a pattern matched, by number and by name; one that took no part is empty."""


class NamedPattern(Pattern, Protocol):
    """A regular expression that tells the names of its groups."""

    @property
    def groupindex(self) -> Mapping[str, int]: ...


class Rule(NamedTuple):
    """One directive: for names at or below `zones` (folded) that one of `patterns` matches, if there are any.

    `fallthrough`: the zones whose names are passed on if they match none. An `rcode` fits into the header.
    """

    zones: Mapping[Name, Name]
    rdclass: int
    type: int
    patterns: tuple[NamedPattern, ...] = ()
    records: Mapping[str, tuple[RecordTemplate, ...]] = {}
    rcode: int = codes.NOERROR
    ederror: tuple[int, str] | None = None
    fallthrough: Mapping[Name, bool] = {}

    @property
    def fields(self) -> list[Field]:
        """All that its records ask for."""
        return [field for section in self.records.values() for record in section for field in record.fields]

    def zone_for(self, name: Name, rdclass: int, qtype: int) -> Name | None:
        """Return the zone of a folded name, None if it is not for this question. ANY is everybody's."""
        if ANY_CLASS not in (rdclass, self.rdclass) and rdclass != self.rdclass:
            return None
        if codes.ANY not in (qtype, self.type) and qtype != self.type:
            return None
        return longest_suffix(name, self.zones)

    def match(self, name: str) -> tuple[str, Groups] | None:
        """Return the first pattern that matches a name, and its groups."""
        for each in self.patterns:
            if found := each.search(name):
                groups: list[Value] = [found.group() or "", *(group or "" for group in found.groups())]
                by_name = {str(number): group for number, group in enumerate(groups)}
                by_name |= {group: groups[number] for group, number in each.groupindex.items()}
                return each.pattern, (groups, by_name)
        return None if self.patterns else (EVERYTHING, ([name], {"0": name}))

    def passes_on(self, name: Name) -> bool:
        """Tell whether a folded name that no pattern matches is passed on."""
        return longest_suffix(name, self.fallthrough) is not None


def read_rule(directive: Directive, block: ServerBlock) -> Rule:
    """Read a directive. Raises CorefileError."""
    rdclass, qtype, *zones = arguments(directive, 2)
    records = dict.fromkeys(SECTIONS, tuple[RecordTemplate, ...]())
    patterns = tuple[NamedPattern, ...]()
    others: dict[str, Any] = {}
    for name, value in properties(directive, _PROPERTIES):
        if name == "match":
            patterns += value
        elif name in records:
            records[name] += value
        else:
            others[name] = value
    others.pop("upstream", None)
    found = {zone: zone for zone in zones_or(zones, block.zones)}
    return Rule(found, _class(rdclass), _type(qtype), patterns, records, **others)


def _class(word: Word) -> int:
    if word.text not in QUERY_CLASSES:
        raise unexpected(word, f"a class, one of {', '.join(QUERY_CLASSES)}", QUERY_CLASSES)
    return QUERY_CLASSES[word.text]


def _type(word: Word) -> int:
    """Read a type by its name, in capitals."""
    try:
        number = codes.type_from_text(word.text)
    except ValueError:
        number = 0
    if not number or codes.type_to_text(number) != word.text or word.text.startswith("TYPE"):
        raise unexpected(
            word, "a type by its name, such as A, PTR or ANY", (word.text.upper(),) if number else ()
        )
    return number


def _pattern(word: Word) -> NamedPattern:
    return cast(NamedPattern, pattern(word))


def _records(line: Directive) -> tuple[RecordTemplate, ...]:
    found = tuple(RecordTemplate(word, line.name.text) for word in arguments(plain(line), 1))
    for record in found:
        check_fields(record.fields)
    return found


def _rcode(word: Word) -> int:
    rcode = RCODES.get(word.text)
    if rcode is None:
        raise unexpected(word, "the name of an RCODE, such as NXDOMAIN", RCODES)
    if rcode > _LARGEST_RCODE:
        found = f"{shown(word.text)}, an extended RCODE, which kdns does not have here yet"
        raise CorefileError(word.position, found, "one that fits into the header, such as NXDOMAIN")
    return rcode


def _extended_error(line: Directive) -> tuple[int, str]:
    code, *reason = arguments(plain(line), 1, 2)
    if not _NUMBER.fullmatch(code.text) or int(code.text) > _LARGEST_CODE:
        raise unexpected(code, f"the number of an extended error, up to {_LARGEST_CODE}")
    return int(code.text), reason[0].text if reason else ""


def _later(line: Directive) -> None:
    found = f"{shown(line.name.text)}, which kdns does not have yet"
    raise CorefileError(line.position, found, "match, and templates that do without expressions")


_PROPERTIES: Mapping[str, Reader[Any]] = {
    "match": several(_pattern),
    **dict.fromkeys(SECTIONS, _records),
    "rcode": one(_rcode),
    "ederror": _extended_error,
    "fallthrough": lambda line: dict.fromkeys(zones_or(plain(line).arguments, (ROOT,)), True),
    "upstream": plain,
    "var": _later,
    "expr": _later,
}
