"""The one exception of the language, and of plugins that read their directives: where, what, what else.

Nothing else may be raised for a text, whatever it says.
"""

from collections.abc import Iterable
from difflib import get_close_matches

from kdns.corefile.values import Position, Word

SHOWN = 60
"""How many characters of a word a message repeats; longer ones are not compared with anything either."""


class CorefileError(ValueError):
    """A Corefile that cannot be read: "file:line:column: found ..., expected ...; did you mean ...?"."""

    def __init__(self, position: Position, found: str, expected: str, suggestion: str | None = None) -> None:
        hint = "" if suggestion is None else f"; did you mean {suggestion!r}?"
        super().__init__(f"{position}: found {found}, expected {expected}{hint}")
        self.position, self.found, self.expected, self.suggestion = position, found, expected, suggestion


def unexpected(word: Word, expected: str, candidates: Iterable[str] = ()) -> CorefileError:
    """Return the error that this word is; the nearest of `candidates` is suggested instead."""
    return CorefileError(word.position, shown(word.text), expected, nearest(word.text, candidates))


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that `word` was most likely meant to be, None where none is like it."""
    if len(word) > SHOWN:
        return None
    by_folded = {candidate.lower(): candidate for candidate in sorted(candidates)}
    found = get_close_matches(word.lower(), by_folded, n=1)
    return by_folded[found[0]] if found else None


def shown(text: str) -> str:
    """Return a text as messages show it: quoted, on one line, in ASCII where it cannot be printed."""
    short = text if len(text) <= SHOWN else text[:SHOWN] + "..."
    return repr(short)
