"""The chain: what a plugin is, what it returns, and how plugins are put in a row.

A plugin answers (a Response of its own), transforms (changes that of the rest), or passes on to the rest.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import NamedTuple, Protocol, TypeAlias

from kdns.answering.queries import Query
from kdns.cluster.events import Tag
from kdns.wire import codes
from kdns.wire.names import Name
from kdns.wire.rrsets import RRset


class Response(NamedTuple):
    """What a response says, and how long that holds.

    `tags` name everything in the cluster that could change it; with none it never changes.
    `remember` False: it must be asked for anew each time. `has_live_serial`: the serial of its SOA is
    the cluster state's at the time of sending.
    """

    rcode: int = codes.NOERROR
    answer: tuple[RRset, ...] = ()
    authority: tuple[RRset, ...] = ()
    additional: tuple[RRset, ...] = ()
    authoritative: bool = False
    tags: frozenset[Tag] = frozenset()
    remember: bool = True
    has_live_serial: bool = False


Outcome: TypeAlias = "Response | Awaitable[Response]"
Handler: TypeAlias = Callable[[Query], Outcome]
Resolve: TypeAlias = Callable[[Query, Name], Outcome]
"""Asks the server's own chains on behalf of a query for another name."""


class Plugin(Protocol):
    """A link of the chain. `name` is the Corefile's word for it."""

    name: str

    def respond(self, query: Query, rest: Handler) -> Outcome:
        """Answer `query`, or return what `rest` gives for it (changed or not). Raises nothing."""
        ...


def then(outcome: Outcome, change: Callable[[Response], Response]) -> Outcome:
    """Return `outcome` changed, now if it is there, else as soon as it is."""
    return change(outcome) if isinstance(outcome, Response) else _then_later(outcome, change)


async def _then_later(waiting: Awaitable[Response], change: Callable[[Response], Response]) -> Response:
    return change(await waiting)


def followed(alias: Response, target: Response) -> Response:
    """Return the answer of a CNAME and of the name it leads to as one.

    The CNAME is an answer whatever its target gives, so RCODE and AA are its own (CoreDNS,
    plugin/backend_lookup.go).
    """
    return alias._replace(
        answer=alias.answer + target.answer,
        additional=alias.additional + target.additional,
        tags=alias.tags | target.tags,
        remember=alias.remember and target.remember,
        has_live_serial=alias.has_live_serial or target.has_live_serial,
    )


def refuse(_query: Query) -> Outcome:
    """What is at the end of every chain: this server does not serve that name (RFC 1035, 4.1.1)."""
    return Response(codes.REFUSED)


def build_chain(plugins: Sequence[Plugin]) -> Handler:
    """Return the handler that asks the first plugin, which may ask the rest."""
    handler: Handler = refuse
    for plugin in reversed(plugins):
        handler = partial(plugin.respond, rest=handler)
    return handler
