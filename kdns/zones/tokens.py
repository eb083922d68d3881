"""Cuts the lines of a master file (RFC 1035, section 5.1) into entries of tokens, with their line numbers.

Comments, quotes, parentheses and line ends are known here, and end here; what an entry says is not.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kdns.wire.fields import Token, Unexpected

_PLAIN = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\"();\\\x7f-\U0010ffff]*")
"""Lines whose words are what `str.split` says."""

# Possessive quantifiers: whatever the text, no character is looked at twice.
_PIECE = re.compile(
    r"""
      (?P<blank> [ \t\r\n]++ | ;.*+ )
    | (?P<parenthesis> [()] )
    | (?P<quote> " )
    | (?P<word> (?: [^ \t\r\n;()"\\] | \\[^\r\n] )++ )
    """,
    re.VERBOSE,
)
_QUOTED = re.compile(r'(?P<text> (?: [^"\\] | \\. )*+ ) (?P<end> "? )', re.VERBOSE | re.DOTALL)


class Entry(NamedTuple):
    """A directive or a record: at least one token. `indented` = it has no owner name of its own."""

    indented: bool
    tokens: list[Token]


def entries(lines: Iterable[str]) -> Iterator[Entry]:
    """Yield the entries of a master file. Raises Unexpected where quotes or parentheses do not match."""
    cutter = _Cutter()
    for number, line in enumerate(lines, start=1):
        if cutter.is_idle and _PLAIN.fullmatch(line):
            if words := line.split():
                yield Entry(line[0] in " \t", [Token(word, False, number) for word in words])
            continue
        cutter.cut(line, number)
        if cutter.tokens and cutter.is_idle:
            yield Entry(cutter.indented, cutter.tokens)
            cutter.tokens = []
    cutter.finish()


class _Cutter:
    """What is open at the end of a line: the entry, its parentheses, a string."""

    def __init__(self) -> None:
        self.tokens: list[Token] = []
        self.indented = False
        self._opened: list[int] = []
        self._string: list[str] = []
        self._string_line = 0

    @property
    def is_idle(self) -> bool:
        """Whether the entry is complete: neither a parenthesis nor a string is open."""
        return not self._opened and not self._string_line

    def cut(self, line: str, number: int) -> None:
        """Take in a line."""
        if self.is_idle:
            self.indented = line[:1] in (" ", "\t")
        position = self._go_on(line, 0) if self._string_line else 0
        while position < len(line):
            piece = _PIECE.match(line, position)
            if piece is None:
                raise Unexpected(number, "a backslash that ends its line", "the character that it quotes")
            position = piece.end()
            if piece.lastgroup == "word":
                self.tokens.append(Token(piece[0], False, number))
            elif piece.lastgroup == "quote":
                self._string_line = number
                position = self._go_on(line, position)
            elif piece.lastgroup == "parenthesis":
                self._open_or_close(piece[0], number)

    def _go_on(self, line: str, position: int) -> int:
        """Take in what belongs to the open string, and return where it ends: it may have several lines."""
        piece = _QUOTED.match(line, position)
        assert piece is not None, "it may be empty"
        self._string.append(piece["text"])
        if piece["end"]:
            self.tokens.append(Token("".join(self._string), True, self._string_line))
            self._string, self._string_line = [], 0
            return piece.end()
        return len(line)

    def _open_or_close(self, parenthesis: str, number: int) -> None:
        if parenthesis == "(":
            self._opened.append(number)
        elif self._opened:
            self._opened.pop()
        else:
            raise Unexpected(number, "a ) without its (", "the end of the line, or a field")

    def finish(self) -> None:
        """Raise Unexpected if something is still open at the end of the file."""
        if self._string_line:
            raise Unexpected(self._string_line, "a quoted string that is not closed", 'a second "')
        if self._opened:
            raise Unexpected(self._opened[-1], "a ( that is never closed", ") before the end of the file")
