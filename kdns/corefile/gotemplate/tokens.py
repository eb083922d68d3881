"""Cuts a template into tokens: the text between actions, and the words of each action.

Comments and trim markers are known here, and end here.
"""

import re
from collections.abc import Generator, Iterator
from typing import Literal, NamedTuple, TypeAlias

from kdns.corefile.errors import shown
from kdns.corefile.gotemplate.failures import Unreadable

Kind: TypeAlias = Literal[
    "text", "open", "close", "string", "number", "field", "variable", "word", "mark", "end"
]


class Token(NamedTuple):
    """A piece of a template. `at` is its offset; `is_apart`: blanks stand before it, which matters."""

    kind: Kind
    text: str
    at: int
    is_apart: bool = False


SPACE = " \t\r\n"
_OPEN, _CLOSE = "{{", "}}"
_TRIM_BEFORE = re.compile(r"-[ \t\r\n]")
_COMMENT = re.compile(r"/\*.*?\*/(?=\}\}|[ \t\r\n]-\}\})", re.DOTALL)
_END = re.compile(r"\}\}|[ \t\r\n]-\}\}[ \t\r\n]*")
# Possessive quantifiers and an atomic group: whatever the text, no character is looked at twice. In Python
# 3.11.2 a possessive group with a lookbehind matches nothing, and that would never end.
_PIECE = re.compile(
    r"""
      (?P<close> [ \t\r\n]*+-\}\} (?<=[ \t\r\n]-\}\}) [ \t\r\n]*+ | \}\} )
    | (?P<blank> [ \t\r\n]++ )
    | (?P<string> " (?: [^"\\\n] | \\[^\n] )*+ " | `[^`]*+` )
    | (?P<number> [+-]?+ \.?+ [0-9] (?> (?: [\w.] | (?<=[eEpP])[+-] )* ) | ' (?: [^'\\\n] | \\[^\n] )*+ ' )
    | (?P<field> \.\w++ )
    | (?P<variable> \$\w*+ )
    | (?P<word> \w++ )
    | (?P<mark> := | [=|,().] )
    """,
    re.VERBOSE,
)
_NAMES = ("field", "variable", "word")
_AFTER_NAME = re.compile(r"[ \t\r\n.,|:)(]|\}\}|\Z")


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens, "end" last. Raises Unreadable."""
    at = 0
    while (start := text.find(_OPEN, at)) >= 0:
        trims = _TRIM_BEFORE.match(text, start + len(_OPEN))
        before = text[at:start].rstrip(SPACE) if trims else text[at:start]
        if before:
            yield Token("text", before, at)
        at = trims.end() if trims else start + len(_OPEN)
        if text.startswith("/*", at):
            at = _after_comment(text, at)
        else:
            yield Token("open", _OPEN, start)
            at = yield from _action(text, at)
    if at < len(text):
        yield Token("text", text[at:], at)
    yield Token("end", "", len(text))


def _after_comment(text: str, at: int) -> int:
    comment = _COMMENT.match(text, at)
    end = comment and _END.match(text, comment.end())
    if not end:
        raise Unreadable(at, "a comment that is not all of its action", "*/}} after it")
    return end.end()


def _action(text: str, at: int) -> Generator[Token, None, int]:
    """Yield the words of an action and its end; return where the text goes on."""
    start, is_apart = at, False
    while piece := _PIECE.match(text, at):
        kind, at = piece.lastgroup, piece.end()
        if kind == "blank":
            is_apart = True
            continue
        if kind in _NAMES and not _AFTER_NAME.match(text, at):
            raise Unreadable(at, f"{shown(text[at])} after {shown(piece[0])}", "a space between them")
        yield Token(kind, piece[0], piece.start(), is_apart)  # type: ignore[arg-type]  # the groups are Kinds
        is_apart = False
        if kind == "close":
            return at
    if at == len(text):
        raise Unreadable(start, "an action that is not closed", f"{_CLOSE} after it")
    raise _stray(text[at], at)


def _stray(character: str, at: int) -> Unreadable:
    if character in "\"`'":
        return Unreadable(at, f"a {character} that is never closed", f"a second {character} after it")
    return Unreadable(at, f"{shown(character)} in an action", "a field, a variable, a function or a constant")
