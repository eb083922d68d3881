"""Server blocks out of words: which of them are keys, snippets, directives and options, as in Caddy.

What Caddy refuses is an error here; what it takes is taken too, with a notice where it was hardly meant.
"""

from collections.abc import Iterator
from itertools import pairwise

from kdns.corefile.environment import Environment
from kdns.corefile.errors import CorefileError, shown, unexpected
from kdns.corefile.imports import WordStream
from kdns.corefile.keys import read_keys
from kdns.corefile.values import Directive, Key, Notice, Position, ServerBlock, Word

MAX_DEPTH = 100
"""How deep blocks may lie in blocks. No plugin has more than one."""
MAX_KEYS = 1 << 16
"""How many zones all server blocks may have together: a few networks are thousands of zones."""


class Grammar:
    """Reads the blocks of one Corefile. Every method raises CorefileError."""

    def __init__(
        self, words: WordStream, environment: Environment, default_port: int, notices: list[Notice]
    ) -> None:
        self._words, self._environment = words, environment
        self._default_port, self._notices = default_port, notices
        self._keys_left = MAX_KEYS

    def blocks(self) -> Iterator[ServerBlock]:
        """Yield the server blocks; snippets are remembered on the way."""
        while (first := self._words.peek()) is not None:
            header = self._header()
            if len(header) == 1 and header[0].text.startswith("(") and header[0].text.endswith(")"):
                self._snippet(header[0])
                continue
            keys = [key for word in header for key in self._keys(word)]
            directives = self._body()
            if keys:
                yield ServerBlock(tuple(keys), directives)
            elif directives:
                self._notice(first.position, "a server block without a zone, which nobody serves")

    def _header(self) -> list[Word]:
        """Take the words up to the brace or the line's end. A comma goes on over the end of the line."""
        words: list[Word] = []
        has_begun, comma = False, None
        while (word := self._words.peek()) is not None:
            if word.starts_line and has_begun and comma is None:
                break
            if word.text == "import" and word.starts_line:
                self._words.expand()
            elif word.text == "{":
                break
            else:
                self._words.take()
                has_begun = True
                if (filled := self._environment.fill(word)).text:
                    comma = filled if filled.text.endswith(",") else None
                    words.append(filled._replace(text=filled.text.removesuffix(",")))
        if comma is not None:
            raise self._instead_of(f"another zone after the comma of {shown(comma.text)}")
        return words

    def _keys(self, word: Word) -> tuple[Key, ...]:
        if not word.text:
            raise CorefileError(word.position, "','", "a zone before the comma")
        keys = read_keys(word, self._default_port, self._notices)
        self._keys_left -= len(keys)
        if self._keys_left < 0:
            raise unexpected(word, f"at most {MAX_KEYS} zones together")
        return keys

    def _snippet(self, name: Word) -> None:
        """Remember the words up to the brace that closes the snippet, imports unexpanded."""
        opening = self._words.take()
        if opening is None or opening.text != "{":
            raise self._instead_of("'{' after the name of a snippet", opening)
        text = name.text[1:-1]
        if text in self._words.snippets:
            raise unexpected(name, "a snippet that is not defined yet")
        body: list[Word] = []
        depth = 1
        while depth:
            word = self._words.take()
            if word is None:
                raise self._instead_of(f"'}}' for the '{{' at {opening.position}")
            depth += (word.text == "{") - (word.text == "}")
            body.append(word)
        self._refuse_self_import(text, body)
        self._words.snippets[text] = body[:-1]

    def _refuse_self_import(self, name: str, body: list[Word]) -> None:
        for word, argument in pairwise(body):
            is_import = word.text == "import" and (word.starts_line or word is body[0])
            if is_import and self._environment.fill(argument).text == name:
                raise unexpected(argument, "another snippet than the one that imports it")

    def _body(self) -> tuple[Directive, ...]:
        """Take the directives of a server block. Without braces it goes on to the end."""
        opening = self._words.peek()
        if opening is not None and opening.text == "{":
            self._words.take()
            return tuple(self._directives(opening))
        return tuple(self._directives(None))

    def _directives(self, opening: Word | None) -> Iterator[Directive]:
        while (word := self._words.peek()) is not None:
            if word.text == "import":
                self._words.expand()
                continue
            self._words.take()
            if word.text == "}":
                if opening is None:
                    self._notice(word.position, "a '}' without its '{' ends the server block")
                return
            yield self._directive(word, 0)
        if opening is not None:
            self._end_without_brace(opening)

    def _end_without_brace(self, opening: Word) -> None:
        error = self._instead_of(f"'}}' for the '{{' at {opening.position}")
        if self._words.last is None or self._words.last.text != "}":
            raise error
        # Caddy takes the brace that has closed the last directive for this one too.
        self._notice(error.position, f"found {error.found}, expected {error.expected}")

    def _directive(self, name: Word, depth: int) -> Directive:
        """Take what follows a name on its line, and its block. `depth` is that of the block it lies in."""
        if name.text == "{":
            raise unexpected(name, "a name; '{' belongs to the end of a line")
        arguments: list[Word] = []
        block = None
        while (word := self._words.peek()) is not None:
            if block is not None and not word.starts_line and not (depth and word.text == "}"):
                raise unexpected(word, "the end of the line after '}'")
            if word.text == "{" and not word.starts_line:
                self._words.take()
                block = tuple(self._options(word, depth + 1))
                continue
            if word.starts_line or word.text == "}":
                break
            self._words.take()
            arguments.append(self._environment.fill(word))
        if word is not None and word.text == "}" and not word.starts_line and not depth:
            raise unexpected(word, "it on a line of its own")
        return Directive(self._environment.fill(name), tuple(arguments), block)

    def _options(self, opening: Word, depth: int) -> Iterator[Directive]:
        if depth > MAX_DEPTH:
            raise unexpected(opening, f"at most {MAX_DEPTH} blocks within each other")
        option: Directive | None = None
        while (word := self._words.peek()) is not None:
            if word.text == "import" and word.starts_line:
                self._words.expand()
                continue
            self._words.take()
            if word.text == "}":
                if option is not None and not word.starts_line:
                    self._closed_on_line(word, option)
                return
            option = self._directive(word, depth)
            yield option
        raise self._instead_of(f"'}}' for the '{{' at {opening.position}")

    def _closed_on_line(self, brace: Word, option: Directive) -> None:
        name = shown(option.name.text)
        self._notice(brace.position, f"CoreDNS may read this '}}' as an argument of {name}: give it a line")

    def _instead_of(self, expected: str, word: Word | None = None) -> CorefileError:
        """Return the error that the word that comes next, or the end of the file, is."""
        word = word or self._words.peek()
        if word is not None:
            return unexpected(word, expected)
        return CorefileError(self._words.end, "the end of the file", expected)

    def _notice(self, position: Position, text: str) -> None:
        self._notices.append(Notice(position, text))
