"""What a chain of plugins gives for a query: a Response, now or later.

A Response says what is answered, and everything that decides how long it may be said again.
"""

from collections.abc import Awaitable, Callable, Iterator
from typing import NamedTuple, TypeAlias

from kdns.answering.counts import Count
from kdns.cluster.events import Tag
from kdns.wire import codes
from kdns.wire.replies import Reply
from kdns.wire.rrsets import RRset


class Response(NamedTuple):
    """What a response says, and how long that holds.

    The records are RRsets, or the octets of another server's `reply`: then the three sections are empty
    here, and `opened` makes RRsets of them for whoever has to look inside.

    `remember` False: it must be asked for anew each time. Otherwise it is said again until one of its `tags`
    is forgotten (they name everything in the cluster, or in a plugin, that could change it; with none it
    never changes), and for `lifetime` seconds at most, if that is not None. Meanwhile its TTLs count down,
    unless it `keeps_ttl`; those of the first `lasting` records never do. `has_live_serial`: the serial of its
    SOA is the cluster state's when it is sent.

    `in_turn`: addresses take turns in coming first. Each of `counts` grows by one whenever it is sent.
    `error` is why there is no better answer, for the log; empty if nothing went wrong.

    `extended_error` says the same to clients whose query has an OPT, if there is room: an INFO-CODE and an
    EXTRA-TEXT (RFC 8914). `recursion_desired` None: RD is the query's. `silent`: nothing is sent at all.

    `transfer`: instead of sections, all that this yields is sent, in as many messages as it takes. That goes
    over TCP only, and cannot be remembered.
    """

    rcode: int = codes.NOERROR
    answer: tuple[RRset, ...] = ()
    authority: tuple[RRset, ...] = ()
    additional: tuple[RRset, ...] = ()
    authoritative: bool = False
    tags: frozenset[Tag] = frozenset()
    remember: bool = True
    has_live_serial: bool = False
    truncated: bool = False
    recursion_available: bool = False
    authentic: bool = False
    lifetime: int | None = None
    keeps_ttl: bool = False
    lasting: int = 0
    reply: Reply | None = None
    in_turn: bool = False
    counts: tuple[Count, ...] = ()
    error: str = ""
    extended_error: tuple[int, str] | None = None
    recursion_desired: bool | None = None
    silent: bool = False
    transfer: Callable[[], Iterator[RRset]] | None = None

    def opened(self) -> "Response":
        """Return the same response with RRsets in its sections, whoever made them."""
        if self.reply is None:
            return self
        answer, authority, additional = self.reply.rrsets()
        return self._replace(answer=answer, authority=authority, additional=additional, reply=None)


Outcome: TypeAlias = "Response | Awaitable[Response]"


def then(outcome: Outcome, change: Callable[[Response], Response]) -> Outcome:
    """Return `outcome` changed, now if it is there, else as soon as it is."""
    return change(outcome) if isinstance(outcome, Response) else _then_later(outcome, change)


async def _then_later(waiting: Awaitable[Response], change: Callable[[Response], Response]) -> Response:
    return change(await waiting)


def from_reply(reply: Reply) -> Response:
    """Return what another server said, not to be remembered: that is a cache's business."""
    flags = int.from_bytes(reply.octets[2:4], "big")
    return Response(
        reply.rcode,
        authoritative=bool(flags & 0x0400),
        truncated=reply.is_truncated,
        recursion_available=bool(flags & 0x0080),
        authentic=bool(flags & 0x0020),
        remember=False,
        reply=reply,
    )


def followed(alias: Response, target: Response) -> Response:
    """Return the answer of a CNAME and of the name it leads to as one.

    The CNAME is an answer whatever its target gives, so RCODE and AA are its own (CoreDNS,
    plugin/backend_lookup.go); that something was cut off is not forgotten.
    """
    target = target.opened()
    lifetimes = [each for each in (alias.lifetime, target.lifetime) if each is not None]
    return alias._replace(
        answer=alias.answer + target.answer,
        additional=alias.additional + target.additional,
        tags=alias.tags | target.tags,
        remember=alias.remember and target.remember,
        has_live_serial=alias.has_live_serial or target.has_live_serial,
        truncated=alias.truncated or target.truncated,
        lifetime=min(lifetimes) if lifetimes else None,
        keeps_ttl=alias.keeps_ttl or target.keeps_ttl,
        lasting=0 if alias.lifetime else sum(len(each.rdatas) for each in alias.answer) + target.lasting,
        counts=alias.counts + target.counts,
    )
