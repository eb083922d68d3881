"""Cuts the text of a file into words with their places, as Caddy's lexer does.

Spaces, comments and quotes are known here, and end here; braces, imports and environment are not.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from kdns.corefile.errors import CorefileError, shown
from kdns.corefile.values import Notice, Position, Word

# Go's unicode.IsSpace, which is not Python's: \s has U+001C to U+001F as well.
_SPACE = r"\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"

# A carriage return before a word is a space, in a word it is nothing. Possessive quantifiers: whatever the
# text, no character is looked at twice.
_PIECE = re.compile(
    rf"""
      (?P<blank> [{_SPACE}]++ | \#[^\n]*+ )
    | " (?P<quoted> [^"\\]*+ (?: \\. [^"\\]*+ )*+ ) "
    | (?P<word> [^{_SPACE}\#"] (?: [^{_SPACE}\#] | \r )*+ ) (?P<lost> \# (?: [^{_SPACE}] | \r )*+ )?
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r'\\(?:(")|.)', re.DOTALL)


class Text(NamedTuple):
    """The words of a file, the place after its last character, and what to say about it."""

    words: list[Word]
    end: Position
    notices: list[Notice]


def lex(text: str, file: str) -> Text:
    """Cut a text into words. Raises CorefileError where a quote is not closed, for nothing else."""
    text = text.removeprefix("\ufeff")
    words: list[Word] = []
    notices: list[Notice] = []
    last_line = 0
    end = Position(file, 1, 1)
    for position, piece, end in _pieces(text, file):
        if piece.lastgroup == "blank":
            continue
        is_quoted = piece.lastgroup == "quoted"
        words.append(Word(_content(piece), position, is_quoted, position.line > last_line))
        last_line = end.line
        if piece["lost"]:
            notices.append(
                Notice(position, f"{shown(piece['lost'])} is dropped here: quote a word with a # in it")
            )
    return Text(words, end, notices)


def _pieces(text: str, file: str) -> Iterator[tuple[Position, re.Match[str], Position]]:
    """Yield every piece, blank ones too, with the places where it begins and where it ends."""
    at, line, line_start = 0, 1, 0
    while at < len(text):
        position = Position(file, line, at - line_start + 1)
        piece = _PIECE.match(text, at)
        if piece is None:
            raise CorefileError(position, 'a " that is never closed', 'a second " after it')
        if breaks := text.count("\n", at, piece.end()):
            line += breaks
            line_start = text.rindex("\n", at, piece.end()) + 1
        at = piece.end()
        yield position, piece, Position(file, line, at - line_start + 1)


def _content(piece: re.Match[str]) -> str:
    """Return what a piece says. In quotes only a quote can be escaped; other backslashes stay."""
    if piece["quoted"] is not None:
        return _ESCAPED.sub(lambda escaped: escaped[1] or escaped[0], piece["quoted"])
    return piece["word"].replace("\r", "")
