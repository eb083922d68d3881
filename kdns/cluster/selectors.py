"""Label selectors as the API writes them: `a=b, c!=d, e in (f, g), h notin (i), j, !k`.

The grammar is that of apimachinery's labels.Parse, without `<` and `>`, which no selector of objects has.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

_TEXT = r"[^\s=!(),<>]"
_REQUIREMENT = re.compile(
    rf"""\s*(?:
        (?P<lacking>!)?\s*(?P<name>{_TEXT}+)
      | (?P<equal>{_TEXT}+)\s*(?P<sign>==|=|!=)\s*(?P<value>{_TEXT}*)
      | (?P<set>{_TEXT}+)\s+(?P<word>in|notin)\s*\((?P<values>[^=!()<>]*)\)
    )\s*(?P<more>,|\Z)""",
    re.ASCII | re.VERBOSE,
)
_PREFIX = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_LONGEST_PREFIX, _LONGEST_NAME = 253, 63
_SHOWN = 40


class Requirement(NamedTuple):
    """What one label must be: present, with one of `values` unless that is None; or not so."""

    key: str
    values: frozenset[str] | None
    is_wanted: bool = True

    def is_met(self, labels: Mapping[str, str]) -> bool:
        """Tell whether labels are so. A label that is absent has none of the values."""
        is_so = self.key in labels and (self.values is None or labels[self.key] in self.values)
        return is_so is self.is_wanted

    def __str__(self) -> str:
        if self.values is None:
            return self.key if self.is_wanted else f"!{self.key}"
        if len(self.values) == 1:
            return f"{self.key}{'=' if self.is_wanted else '!='}{min(self.values)}"
        return f"{self.key} {'in' if self.is_wanted else 'notin'} ({','.join(sorted(self.values))})"


class Selector(NamedTuple):
    """Requirements that must all be met; without any, everything is taken.

    Its text is a selector again, the same one however it was written.
    """

    requirements: frozenset[Requirement] = frozenset()

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Tell whether an object with these labels is selected."""
        return all(each.is_met(labels) for each in self.requirements)

    def __str__(self) -> str:
        return ",".join(sorted(map(str, self.requirements)))


def parse_selector(text: str) -> Selector:
    """Read a selector; an empty text takes everything. Raises ValueError, which says what was found."""
    requirements: set[Requirement] = set()
    position, more = 0, bool(text.strip())
    while more:
        match = _REQUIREMENT.match(text, position)
        if match is None:
            found = repr(text[position:].strip()[:_SHOWN]) if text[position:].strip() else "its end"
            raise ValueError(f"{found} is none of key=value, key!=value, key in (values), key, !key")
        requirements.add(_requirement(match))
        position, more = match.end(), bool(match["more"])
    return Selector(frozenset(requirements))


def _requirement(match: "re.Match[str]") -> Requirement:
    """Return what was matched, checked. Raises ValueError."""
    if match["name"]:
        return Requirement(_key(match["name"]), None, is_wanted=not match["lacking"])
    if match["equal"]:
        return Requirement(_key(match["equal"]), _values([match["value"]]), match["sign"] != "!=")
    values = [each.strip() for each in match["values"].split(",")]
    return Requirement(_key(match["set"]), _values(values), match["word"] == "in")


def _key(text: str) -> str:
    prefix, slash, name = text.rpartition("/")
    is_prefix = bool(_PREFIX.fullmatch(prefix)) and len(prefix) <= _LONGEST_PREFIX
    if (slash and not is_prefix) or not _is_name(name):
        raise ValueError(f"{text[:_SHOWN]!r} is no key of a label")
    return text


def _values(texts: list[str]) -> frozenset[str]:
    for text in texts:
        if text and not _is_name(text):
            raise ValueError(f"{text[:_SHOWN]!r} is no value of a label")
    return frozenset(texts)


def _is_name(text: str) -> bool:
    return bool(_NAME.fullmatch(text)) and len(text) <= _LONGEST_NAME
