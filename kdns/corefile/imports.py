"""The words of a Corefile in the order in which they count: each import gives way to what it names.

Where an import may stand is for the grammar to say; what it says there, a snippet or files, is known here.
"""

import os
from dataclasses import dataclass

from kdns.corefile.environment import Environment
from kdns.corefile.errors import CorefileError, shown, unexpected
from kdns.corefile.files import Files, has_wildcard, problem_with
from kdns.corefile.lexer import Text, lex
from kdns.corefile.values import Notice, Word

MAX_DEPTH = 100
"""How deep imports may lie in imports; what imports itself gets there at once."""
MAX_WORDS = 1_000_000
"""How many words all imports together may bring."""


@dataclass(slots=True)
class _Source:
    """Words still to be taken. `depth` is 0 for the Corefile's own."""

    words: list[Word]
    depth: int = 0
    next: int = 0


class WordStream:
    """The words of a Corefile. `last` is the one that was taken last, `end` the place after all of them."""

    def __init__(self, text: Text, environment: Environment, files: Files, notices: list[Notice]) -> None:
        self.end = text.end
        self.last: Word | None = None
        self.snippets: dict[str, list[Word]] = {}
        self.read: dict[str, list[Word]] = {}
        self._sources = [_Source(text.words)]
        self._environment, self._files, self._notices = environment, files, notices
        self._left = MAX_WORDS
        notices += text.notices

    def peek(self) -> Word | None:
        """Return the word that comes next, None at the end."""
        while self._sources:
            source = self._sources[-1]
            if source.next < len(source.words):
                return source.words[source.next]
            self._sources.pop()
        return None

    def take(self) -> Word | None:
        """Return the word that comes next and go on behind it."""
        word = self.peek()
        if word is not None:
            self._sources[-1].next += 1
            self.last = word
        return word

    def expand(self) -> None:
        """Take an import, which comes next, and go on with what it names. Raises CorefileError."""
        before, keyword = self.last, self.take()
        assert keyword is not None
        self.last = before  # what is imported stands in for it
        depth = self._sources[-1].depth + 1
        named = self._argument(keyword)
        if depth > MAX_DEPTH:
            raise unexpected(named, f"an import that ends: it lies in {MAX_DEPTH} others")
        snippet = self.snippets.get(named.text)
        for words in [snippet] if snippet is not None else self._imported(named):
            self._left -= len(words)
            if self._left < 0:
                raise unexpected(named, f"imports of at most {MAX_WORDS} words together")
            first = [word._replace(starts_line=True) for word in words[:1]]
            self._sources.append(_Source(first + words[1:], depth))

    def _argument(self, keyword: Word) -> Word:
        source = self._sources[-1]
        line: list[Word] = []
        for word in source.words[source.next : source.next + 2]:
            if word.starts_line:
                break
            line.append(word)
        if not line:
            raise unexpected(keyword, "a snippet, file or pattern after it")
        if len(line) > 1:
            raise unexpected(line[1], "one argument only of 'import'")
        source.next += 1
        return self._environment.fill(line[0])

    def _imported(self, named: Word) -> list[list[Word]]:
        """Return the words of each file, the last first: the first is to end up on top."""
        pattern = _beside(named.position.file, named.text)
        if problem := problem_with(pattern):
            raise CorefileError(
                named.position, f"{problem} in {shown(named.text)}", "a file, or a pattern with one *"
            )
        try:
            paths = self._files.find(pattern)
        except ValueError as error:  # what no file system can name
            raise unexpected(named, "a file name") from error
        if not paths:
            self._miss(named, has_wildcard(pattern))
        return [self._words_of(path, named) for path in reversed(paths)]

    def _miss(self, named: Word, is_fine: bool) -> None:
        if not is_fine:
            raise unexpected(named, "a file that exists, or a snippet defined above", self.snippets)
        self._notices.append(Notice(named.position, f"no file matches {shown(named.text)}"))

    def _words_of(self, path: str, named: Word) -> list[Word]:
        if path not in self.read:
            try:
                text = lex(self._files.read(path), path)
            except OSError as error:
                found = f"{shown(path)}, which cannot be read ({error.strerror or error})"
                raise CorefileError(named.position, found, "a file") from error
            self._notices += text.notices
            self.read[path] = text.words
        return self.read[path]


def _beside(file: str, path: str) -> str:
    """Return where a path leads that is written in a file. An absolute one stays as it is."""
    if not path or os.path.isabs(path):
        return path
    return os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(file)), path))
