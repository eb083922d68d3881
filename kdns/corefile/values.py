"""What a Corefile is once it is read: server blocks with keys and directives, every word with its place.

The values know nothing of the text's spacing, comments, imports or environment, and nothing of plugins.
"""

from dataclasses import dataclass
from typing import NamedTuple

from kdns.wire.names import Name, to_text


class Position(NamedTuple):
    """A place in a file. Lines and columns (in characters) are counted from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Word(NamedTuple):
    """A word or quoted string without its quotes. `starts_line` = it is the first of its line."""

    text: str
    position: Position
    is_quoted: bool = False
    starts_line: bool = False


class Notice(NamedTuple):
    """Something that is no error, but hardly what was meant: for the log and for `kdns check`."""

    position: Position
    text: str

    def __str__(self) -> str:
        return f"{self.position}: {self.text}"


@dataclass(frozen=True, slots=True)
class Directive:
    """A name, its arguments, and its block: None where it has none, else the directives (options) in it."""

    name: Word
    arguments: tuple[Word, ...] = ()
    block: "tuple[Directive, ...] | None" = None

    @property
    def position(self) -> Position:
        return self.name.position


class Key(NamedTuple):
    """One zone that a server block serves; `zone` is folded. `text` is what stood there: a CIDR is one
    text and may be several keys."""

    scheme: str
    zone: Name
    port: int
    text: str
    position: Position

    def __str__(self) -> str:
        return f"{self.scheme}://{to_text(self.zone)}:{self.port}"


@dataclass(frozen=True, slots=True)
class ServerBlock:
    """At least one key, and the directives in the order in which they are written."""

    keys: tuple[Key, ...]
    directives: tuple[Directive, ...] = ()

    @property
    def zones(self) -> tuple[Name, ...]:
        """The zones of its keys, each once."""
        return tuple(dict.fromkeys(key.zone for key in self.keys))


@dataclass(frozen=True, slots=True)
class Corefile:
    """A whole Corefile. `files` are the paths of all that was read for it, the Corefile itself first.

    `blocks` may be empty: CoreDNS then serves a Corefile of its own (".:PORT {whoami log}").
    """

    blocks: tuple[ServerBlock, ...]
    files: tuple[str, ...]
    notices: tuple[Notice, ...] = ()
