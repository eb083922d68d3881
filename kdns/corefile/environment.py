"""Replaces {$NAME} and {%NAME%} in words by what the environment says.

A value stays in the word it is put into, whatever spaces or braces it has: nothing is cut again.
"""

from collections.abc import Mapping

from kdns.corefile.errors import CorefileError, shown
from kdns.corefile.values import Notice, Word

_QUOTES = (("{%", "%}"), ("{$", "}"))
MAX_REPLACED = 1000
MAX_TEXT = 1 << 20


class Environment:
    """The variables, and the notices about those that are not set and so are read as nothing."""

    def __init__(self, variables: Mapping[str, str], notices: list[Notice]) -> None:
        self._variables = variables
        self._notices = notices

    def fill(self, word: Word) -> Word:
        """Return the word with its references replaced, those in values too.

        One without a name ({$}) ends the search, as in Caddy. Raises CorefileError where there is no end.
        """
        if "{$" not in word.text and "{%" not in word.text:
            return word
        text = word.text
        for opening, closing in _QUOTES:
            text = self._replaced(text, opening, closing, word)
        return word._replace(text=text)

    def _replaced(self, text: str, opening: str, closing: str, word: Word) -> str:
        for _ in range(MAX_REPLACED):
            start = text.find(opening)
            end = text.find(closing, start) if start >= 0 else -1
            if end <= start + len(opening):
                return text
            text = text.replace(text[start : end + len(closing)], self._value(text, start, end, word))
            if len(text) > MAX_TEXT:
                break
        expected = f"at most {MAX_REPLACED} values and {MAX_TEXT} characters"
        raise CorefileError(word.position, f"{shown(word.text)}, which grows without end", expected)

    def _value(self, text: str, start: int, end: int, word: Word) -> str:
        name = text[start + 2 : end]
        value = self._variables.get(name)
        if value is None:
            self._notices.append(
                Notice(word.position, f"{shown(name)} is not in the environment: read as ''")
            )
        return value or ""
