"""The chain: plugins in a row, each of which may ask the rest, and the way back to its start."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol, TypeAlias

from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response
from kdns.wire import codes
from kdns.wire.names import Name

Handler: TypeAlias = Callable[[Query], Outcome]
Resolve: TypeAlias = Callable[[Query, Name], Outcome]
"""Asks the server's own chains on behalf of a query for another name."""


class Link(Protocol):
    """What the chain needs of a plugin."""

    name: ClassVar[str]

    def respond(self, query: Query, rest: "Rest") -> Outcome:
        """Answer `query`, or return what `rest` gives for it (changed or not). Raises nothing."""
        ...


class _End:
    """What is at the end of a chain: nobody knew what to say after `last`, which should have known.

    A chain without plugins refuses: this server does not serve the name (RFC 1035, section 4.1.1).
    """

    def __init__(self, last: Link | None) -> None:
        self._response = (
            Response(codes.REFUSED)
            if last is None
            else Response(codes.SERVFAIL, remember=False, error=f"plugin/{last.name}: no next plugin found")
        )

    def respond(self, query: Query, rest: "Rest") -> Outcome:
        return self._response


class Rest:
    """Plugins in a row. For a plugin it is the rest of its chain: `rest(query)` asks the next one.

    `rest.resolve(query, name)` asks the server anew for another name on behalf of this query, which is how a
    CNAME that leads elsewhere is followed. `rest.is_empty`: there is nobody to ask.
    """

    __slots__ = ("_link", "_rest", "is_empty", "resolve")

    def __init__(self, links: Sequence[Link], resolve: Resolve, last: Link | None = None) -> None:
        self.resolve = resolve
        self.is_empty = not links
        self._link: Link | _End = links[0] if links else _End(last)
        self._rest = Rest(links[1:], resolve, links[0]) if links else None  # none of its own: no cycle

    def __call__(self, query: Query) -> Outcome:
        return self._link.respond(query, self._rest or self)
