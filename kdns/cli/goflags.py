"""Go's rules for flags: the words of a command line in, values by name out, and Go's texts for what is wrong.

One dash or two; a value follows after "=" or as the next word, that of a switch after "=" only; the first
word that is no flag ends the flags. Nothing is known here about what any flag means.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")
_HELP = ("help", "h")


class Flag(NamedTuple):
    """A flag. `value` is what the usage calls its value, None for a switch; `sets` is the flag that it is
    another name of."""

    name: str
    help: str
    value: str | None = None
    sets: str = ""


class FlagError(Exception):
    """A command line that breaks the rules; the message is Go's."""


class HelpWanted(Exception):
    """Help was asked for, and what comes after that does not count."""


@dataclass(frozen=True, slots=True)
class Flags:
    """What a command line says: all values of each flag that was given, in order, and the words after."""

    values: Mapping[str, Sequence[str]]
    rest: Sequence[str]

    def every(self, name: str) -> Sequence[str]:
        """Return all values of a flag that may be repeated."""
        return self.values.get(name, ())

    def last(self, name: str) -> str | None:
        """Return the value that counts, None if the flag was not given."""
        return self.values[name][-1] if name in self.values else None

    def is_on(self, name: str) -> bool:
        return self.last(name) in _TRUE


def parse(words: Iterable[str], flags: Iterable[Flag]) -> Flags:
    """Read a command line without its program. Raises FlagError and HelpWanted."""
    known = {flag.name: flag for flag in flags}
    values: dict[str, list[str]] = {}
    left = list(words)
    while left and left[0].startswith("-") and left[0] != "-":
        word = left.pop(0)
        if word == "--":
            break
        name, equals, value = _split(word)
        flag = known.get(name)
        if flag is None:
            raise HelpWanted if name in _HELP else FlagError(f"flag provided but not defined: -{name}")
        if flag.value is None:
            value = _switched(name, value) if equals else _TRUE[0]
        elif not equals:
            if not left:
                raise FlagError(f"flag needs an argument: -{name}")
            value = left.pop(0)
        values.setdefault(flag.sets or name, []).append(value)
    return Flags(values, left)


def _split(word: str) -> tuple[str, str, str]:
    """Return a flag's name, "=" or "", and what comes after that."""
    text = word[2:] if word.startswith("--") else word[1:]
    if text[:1] in ("-", "="):
        raise FlagError(f"bad flag syntax: {word}")
    return text.partition("=")


def _switched(name: str, value: str) -> str:
    if value not in _TRUE + _FALSE:
        quoted = json.dumps(value, ensure_ascii=False)
        raise FlagError(f"invalid boolean value {quoted} for -{name}: parse error")
    return value


def usage(flags: Iterable[Flag]) -> str:
    """Return the list of flags as Go prints it, in order of their names."""
    return "\n".join(
        f"  -{flag.name}{' ' + flag.value if flag.value else ''}\n    \t{flag.help}" for flag in sorted(flags)
    )
