"""Names as `rewrite` sees them, which is as text, and the ways in which one becomes another.

The text is the presentation form of Go's DNS library: what its rules match has these backslashes.
"""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from kdns.corefile.patterns import Match
from kdns.wire.names import Name, from_text

Rename: TypeAlias = Callable[[str], str | None]
"""The text of a name → what it becomes, None if the name is none of those that are meant."""


class Pattern(Protocol):
    """A regular expression that knows how many groups it has."""

    groups: int

    def search(self, text: str, /) -> Match | None: ...


def name_of(text: str) -> Name:
    """Return the name that a text is; what is not ASCII is its octets in UTF-8. Raises BadName."""
    octets = (c if c.isascii() else "".join(f"\\{octet:03d}" for octet in c.encode()) for c in text)
    return from_text(text if text.isascii() else "".join(octets))


def normalized(text: str) -> str:
    """Return a name as it is written in lower case and with a final dot, as CoreDNS normalizes one."""
    before = text.removesuffix(".")
    is_escaped = (len(before) - len(before.rstrip("\\"))) % 2 == 1
    return (text if before != text and not is_escaped else f"{text}.").lower()


def exactly(old: str, new: str) -> Rename:
    return lambda text: new if text == old else None


def prefixed(old: str, new: str) -> Rename:
    return lambda text: new + text[len(old) :] if text.startswith(old) else None


def suffixed(old: str, new: str) -> Rename:
    return lambda text: text[: len(text) - len(old)] + new if text.endswith(old) else None


def containing(old: str, new: str) -> Rename:
    """Every occurrence is replaced."""
    return lambda text: text.replace(old, new) if old in text else None


def matching(pattern: Pattern, new: str) -> Rename:
    """The whole name becomes `new`, in which {1} is the first group; {0} is all that was matched."""

    def rename(text: str) -> str | None:
        found = pattern.search(text)
        if found is None:
            return None
        renamed = new
        for number, group in enumerate((found.group(), *found.groups())):
            renamed = renamed.replace(f"{{{number}}}", group or "")
        return renamed

    return rename


def mapped(old: str, new: str) -> Rename:
    """A name, and with it all that are below it."""

    def rename(text: str) -> str | None:
        return text[: len(text) - len(old)] + new if text == old or text.endswith(f".{old}") else None

    return rename


PLAIN: Mapping[str, Callable[[str, str], Rename]] = {
    "exact": exactly,
    "prefix": prefixed,
    "suffix": suffixed,
    "substring": containing,
}
"""The ways of matching that need no regular expression."""

WAYS = (*PLAIN, "regex")
