"""How a plugin reads its directive: a table from each property's name to the reader of its line.

    PROPERTIES = {"lameduck": one(duration()), "pods": one(choice("disabled", "insecure", "verified")),
                  "noendpoints": flag, "fallthrough": zones_after}
    options = Options(**dict(properties(directive, PROPERTIES)))

Readers take the line as a Directive, return a value and raise CorefileError.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar

from kdns.corefile import scalars
from kdns.corefile.errors import CorefileError, shown, unexpected
from kdns.corefile.scalars import Scalar
from kdns.corefile.values import Directive, ServerBlock, Word
from kdns.wire.names import Name

T = TypeVar("T")
Reader = Callable[[Directive], T]


def properties(directive: Directive, table: Mapping[str, Reader[Any]]) -> Iterator[tuple[str, Any]]:
    """Yield the name and value of each line of a directive's block, in order, repeated ones too.

    A name that is not in the table is an error, which suggests the nearest one that is.
    """
    for line in directive.block or ():
        reader = table.get(line.name.text)
        if reader is None:
            raise unexpected(line.name, f"a property of {shown(directive.name.text)}", table)
        yield line.name.text, reader(line)


def arguments(line: Directive, least: int = 0, most: int | None = None) -> tuple[Word, ...]:
    """Return the arguments of a line, of which there must be so many. None for `most` = no limit."""
    count = len(line.arguments)
    if count < least or (most is not None and count > most):
        word = line.name if count < least or most is None else line.arguments[most]
        found = f"{count or 'no'} argument{'' if count == 1 else 's'} of {shown(line.name.text)}"
        raise CorefileError(word.position, found, _counted(least, most))
    return line.arguments


def _counted(least: int, most: int | None) -> str:
    if most is None:
        return f"{least} or more"
    if least == most:
        return str(most or "none")
    return f"{least} to {most}" if least else f"at most {most}"


def plain(line: Directive) -> Directive:
    """Return the line, which must have no block."""
    if line.block is not None:
        raise CorefileError(line.position, f"a block after {shown(line.name.text)}", "the end of the line")
    return line


def flag(line: Directive) -> Literal[True]:
    """Read a property that says all by being there."""
    arguments(plain(line), 0, 0)
    return True


def one(scalar: Scalar[T]) -> Reader[T]:
    """Return a reader of lines with exactly one argument."""
    return lambda line: scalar(arguments(plain(line), 1, 1)[0])


def first(scalar: Scalar[T]) -> Reader[T]:
    """Return a reader of the first argument, for lines of which CoreDNS ignores the others."""
    return lambda line: scalar(arguments(plain(line), 1)[0])


def several(scalar: Scalar[T], least: int = 1, most: int | None = None) -> Reader[tuple[T, ...]]:
    """Return a reader of lines with any number of arguments of one kind."""
    return lambda line: tuple(scalar(word) for word in arguments(plain(line), least, most))


def each(*kinds: Scalar[Any], least: int = 1) -> Reader[tuple[Any, ...]]:
    """Return a reader of lines with an argument of each kind, of which the last may be left out."""
    return lambda line: tuple(
        scalar(word) for scalar, word in zip(kinds, arguments(plain(line), least, len(kinds)), strict=False)
    )


def zones_after(line: Directive) -> tuple[Name, ...]:
    """Read a line of zones, such as `fallthrough`; no argument = no zones."""
    return zones_or(plain(line).arguments, ())


def zones_or(words: Sequence[Word], default: tuple[Name, ...]) -> tuple[Name, ...]:
    """Return the zones that these words are, else `default`: a block's own zones, where a plugin has none."""
    return tuple(zone for word in words for zone in scalars.zones(word)) or default


def own_zones(directive: Directive, block: ServerBlock) -> tuple[Name, ...]:
    """Return the zones that a plugin is for: its arguments, else those of its server block."""
    return zones_or(directive.arguments, block.zones)
