r"""Regular expressions in a Corefile: Go's, whose syntax is RE2's, matched in time linear in the text.

RE2 itself is imported where a Corefile has one. Go knows two things that it does not: \p with the long names
of categories (\p{Letter}), and classes of many characters repeated until they fill 8 MiB.
"""

import re
from typing import Protocol

from kdns.corefile.errors import CorefileError, shown
from kdns.corefile.values import Word

MAX_PATTERN = 10_000
"""How long a regular expression may be, in octets: CoreDNS's limit."""

_EXPECTED = "a regular expression as in Go"
_ESCAPES = re.compile(r"\\Q.*?(?:\\E|\Z)|\\.", re.DOTALL)


class Match(Protocol):
    """Where a pattern was found. A group that took no part is None."""

    def group(self, group: int | str = 0, /) -> str | None: ...

    def groups(self) -> tuple[str | None, ...]: ...


class Pattern(Protocol):
    """A compiled regular expression, as much of it as plugins use."""

    @property
    def pattern(self) -> str:
        """As it is written."""

    def search(self, text: str, /) -> Match | None:
        """Return where it is found first in `text`, None if nowhere. Linear in the length of `text`."""


def pattern(word: Word) -> Pattern:
    """Read a regular expression. Raises CorefileError, with RE2's own words where it is none."""
    import re2  # type: ignore[import-untyped]

    options = re2.Options()
    options.log_errors = False  # on standard error, in a format of its own
    try:
        size = len(word.text.encode())
        if size > MAX_PATTERN:
            raise CorefileError(word.position, f"{size} octets", f"{_EXPECTED}, of at most {MAX_PATTERN}")
        found: Pattern = re2.compile(word.text, options)
    except UnicodeEncodeError as error:
        raise _none(word, "invalid UTF-8") from error
    except re2.error as error:
        raise _none(word, error.args[0].decode()) from error
    if any(escape[0] == r"\C" for escape in _ESCAPES.finditer(word.text)):
        raise _none(word, r"invalid escape sequence: \C")  # an octet: could cut a character, not in Go
    return found


def _none(word: Word, reason: str) -> CorefileError:
    return CorefileError(word.position, f"{shown(word.text)} ({shown(reason)})", _EXPECTED)
