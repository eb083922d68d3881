"""Cuts the text of a master file (RFC 1035, section 5.1) into entries of tokens, with their lines.

Comments, quotes, parentheses and line ends are known here, and end here; what an entry says is not.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from kdns.wire.fields import Token, Unexpected

# Possessive quantifiers: whatever the text, no character is looked at twice.
_PIECE = re.compile(
    r"""
      (?P<blank> [ \t\r]++ | ;.*+ )
    | (?P<parenthesis> [()] )
    | " (?P<quoted> (?: [^"\\] | \\. )*+ ) "
    | (?P<word> (?: [^ \t\r;()"\\] | \\. )++ )
    """,
    re.VERBOSE,
)


class Entry(NamedTuple):
    """A directive or a record: at least one token. `indented` = it has no owner name of its own."""

    indented: bool
    tokens: list[Token]


def entries(text: str) -> Iterator[Entry]:
    """Yield the entries of a master file. Raises Unexpected where quotes or parentheses do not match.

    A quoted string ends on its line, as in BIND: RFC 1035 lets it go on, but then a forgotten quote
    swallows the records up to the next one.
    """
    opened: list[int] = []
    tokens: list[Token] = []
    indented = False
    for number, line in enumerate(text.split("\n"), start=1):
        if not opened:
            indented = line[:1] in (" ", "\t")
        for group, piece in _pieces(line.removesuffix("\r"), number):
            if group == "parenthesis":
                _open_or_close(opened, piece, number)
            else:
                tokens.append(Token(piece, group == "quoted", number))
        if tokens and not opened:
            yield Entry(indented, tokens)
            tokens = []
    if opened:
        raise Unexpected(opened[-1], "a ( that is never closed", ") before the end of the file")


def _pieces(line: str, number: int) -> Iterator[tuple[str, str]]:
    """Yield the name of the group that matched, and its text: words, quoted strings, parentheses."""
    position = 0
    while position < len(line):
        piece = _PIECE.match(line, position)
        if piece is None:
            raise _unfinished(line[position], number)
        group = str(piece.lastgroup)
        if group != "blank":
            yield group, piece[group]
        position = piece.end()


def _unfinished(character: str, number: int) -> Unexpected:
    if character == '"':
        return Unexpected(number, "a quoted string that is not closed", 'a second " on its line')
    return Unexpected(number, "a backslash that ends its line or string", "the character that it quotes")


def _open_or_close(opened: list[int], parenthesis: str, number: int) -> None:
    if parenthesis == "(":
        opened.append(number)
    elif opened:
        opened.pop()
    else:
        raise Unexpected(number, "a ) without its (", "the end of the line, or a field")
