"""`timeouts`: how long connections may take, and how many queries they may bring."""

from collections.abc import Mapping, Sequence
from typing import Any

from kdns.answering.plugin import Connections, Plugin, Setting
from kdns.corefile.errors import CorefileError, shown, unexpected
from kdns.corefile.reading import Reader, arguments, one, properties
from kdns.corefile.scalars import duration, integer
from kdns.corefile.values import Directive, Word

_time = one(duration(1, 24 * 3600, may_be_bare=True))
_ANY_NUMBER = -1


def _queries(word: Word) -> int:
    number = integer(_ANY_NUMBER)(word)
    if not number:
        raise unexpected(word, f"a positive integer, or {_ANY_NUMBER} for no limit")
    return number


PROPERTIES: Mapping[str, Reader[Any]] = {
    "read": _time,
    "write": _time,
    "idle": _time,
    "maxtcpqueries": one(_queries),
}


class Timeouts(Plugin):
    """Only says what connections may do, those of all server blocks of an address."""

    name = "timeouts"

    def __init__(self, connections: Connections) -> None:
        self.connections = connections

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Timeouts":
        """Several directives add up; of what is said twice, the last counts."""
        found: dict[str, Any] = {}
        for directive in directives:
            arguments(directive, 0, 0)
            said = dict(properties(directive, PROPERTIES))
            if not said:
                raise CorefileError(
                    directive.position, f"{shown('timeouts')} without any", f"one of {', '.join(PROPERTIES)}"
                )
            found |= said
        return cls(Connections(found.pop("maxtcpqueries", None), **found))
