"""What can be wrong with a template: when it is read, and when it is used."""

from kdns.corefile.errors import CorefileError
from kdns.corefile.values import Position, Word


class Unreadable(ValueError):
    """A template that is none, or not one of ours: where in it, what was found there, what was expected."""

    def __init__(self, at: int, found: str, expected: str, suggestion: str | None = None) -> None:
        super().__init__(found)
        self.at, self._found, self._expected, self._suggestion = at, found, expected, suggestion

    def within(self, word: Word) -> CorefileError:
        """Return the error that this is in a Corefile in which the template is this word."""
        return CorefileError(place(word, self.at), self._found, self._expected, self._suggestion)


def place(word: Word, at: int) -> Position:
    """Return the place in the file of what is at an offset in a word. In quotes, a quote has a backslash."""
    before = word.text[:at]
    line = before.rpartition("\n")[2]
    width = len(line) + (line.count('"') if word.is_quoted else 0)
    file, first, column = word.position
    if line == before:
        return Position(file, first, column + word.is_quoted + width)
    return Position(file, first + before.count("\n"), 1 + width)


class Problem(Exception):
    """Why there is no value, in Go's words as far as these say it: people search for them."""


class Failure(Exception):
    """The problem that a piece of a template has: its offset, and its source."""

    def __init__(self, at: int, source: str, problem: object) -> None:
        super().__init__(problem)
        self.at, self.source = at, source


class TemplateFailure(Exception):
    """Why a template gave no text: the message that Go would give."""

    def __init__(self, name: str, text: str, failure: Failure) -> None:
        before = text[: failure.at]
        line, column = 1 + before.count("\n"), len(before.rpartition("\n")[2].encode())
        super().__init__(
            f'template: {name}:{line}:{column}: executing "{name}" at <{failure.source}>: {failure}'
        )
