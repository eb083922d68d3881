"""`forward`: asks other name servers."""

import asyncio
import struct
from collections.abc import Iterable, Iterator, Sequence

from kdns.answering.chain import Rest
from kdns.answering.edns import NSID, split, with_data
from kdns.answering.plugin import Plugin, Setting
from kdns.answering.queries import AD, CD, RD, Edns, Query
from kdns.answering.responses import Outcome, Response, from_reply
from kdns.corefile.values import Directive
from kdns.measures import Family, Histogram
from kdns.plugins._forward_options import ForwardOptions, read_forward
from kdns.upstreams.errors import Overloaded, UpstreamError
from kdns.upstreams.metrics import measure
from kdns.wire import codes
from kdns.wire.names import Name, fold, is_at_or_below
from kdns.wire.rcodes import mnemonic
from kdns.wire.replies import Reply

GRACE = 5.0
"""Seconds that queries under way get to finish."""

_FIXED = struct.Struct("!HH")
_COUNTS_WITHOUT_OPT, _COUNTS_WITH_OPT = b"\0\1\0\0\0\0\0\0", b"\0\1\0\0\0\0\0\1"
_OPT = struct.Struct("!BHHBBHH")
_OPCODE = 0x7800
_HOP_BY_HOP = frozenset({10, 11, 12})
"""COOKIE, TCP-KEEPALIVE, PADDING: they are between the client and this server (RFC 7873, 7828, 7830)."""
_LARGEST_RCODE = 0xF


class Forward(Plugin):
    """The `forward` directives of a server block: the first that is for the name answers."""

    name = "forward"

    def __init__(self, forwards: Iterable[ForwardOptions]) -> None:
        self._forwards = tuple(forwards)
        self._groups = tuple(forward.group for forward in self._forwards)

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Forward":
        return cls(map(read_forward, directives))

    def respond(self, query: Query, rest: Rest) -> Outcome:
        return self._ask(0, query, rest)

    async def close(self) -> None:
        """One after the other, as those that wait in one may yet ask the next."""
        now = asyncio.get_running_loop().time
        until = now() + GRACE
        for group in self._groups:
            await group.close(max(until - now(), 0.0))

    def measure(self) -> Iterator[Family | Histogram]:
        return measure(self._groups)

    def _ask(self, first: int, query: Query, rest: Rest) -> Outcome:
        """Ask the first directive from `first` on that is for the name, else the rest of the chain."""
        name = fold(query.name)
        for index, forward in enumerate(self._forwards[first:], first):
            if _is_for(forward, name):
                return self._forwarded(index, query, rest)
        return rest(query)

    async def _forwarded(self, index: int, query: Query, rest: Rest) -> Response:
        forward = self._forwards[index]
        try:
            reply = await forward.group.exchange(upstream_query(query), over_tcp=query.is_stream)
        except Overloaded as error:
            return Response(codes.REFUSED, remember=False, error=str(error))
        except UpstreamError as error:
            return _failed(str(error))
        if index + 1 < len(self._forwards) and _is_for_next(forward, reply):
            outcome = self._ask(index + 1, query, rest)
            return outcome if isinstance(outcome, Response) else await outcome
        if reply.rcode > _LARGEST_RCODE:
            # Its upper bits are about the OPT between upstream and us (RFC 6891, section 6.1.3).
            return _failed(f"upstream answered {mnemonic(reply.rcode)}")
        return from_reply(reply)


def _failed(error: str) -> Response:
    return Response(codes.SERVFAIL, remember=False, error=error)


def _is_for(forward: ForwardOptions, name: Name) -> bool:
    """Tell whether a directive is for this folded name. FROM itself cannot be excepted."""
    if not is_at_or_below(name, forward.zone):
        return False
    return name == forward.zone or not any(is_at_or_below(name, zone) for zone in forward.excepted)


def _is_for_next(forward: ForwardOptions, reply: Reply) -> bool:
    if forward.next_on_nodata and reply.rcode == codes.NOERROR and not reply.counts[0]:
        return True
    return reply.rcode in forward.next_rcodes


def upstream_query(query: Query) -> bytes:
    """Return the message to send upstream: what the client asks, without what is only between it and us."""
    flags = query.flags & (_OPCODE | RD | AD | CD)
    question = query.name + _FIXED.pack(query.type, query.rdclass)
    head = query.id + flags.to_bytes(2, "big")
    if query.edns is None:
        return head + _COUNTS_WITHOUT_OPT + question
    return head + _COUNTS_WITH_OPT + question + _opt(query.edns)


def _opt(edns: Edns) -> bytes:
    options = _end_to_end(edns.options) if edns.options else b""
    fixed = _OPT.pack(0, codes.OPT, edns.udp_size, 0, edns.version, edns.flags, len(options))
    return fixed + options


def _end_to_end(options: bytes) -> bytes:
    """Return the options that are not between the client and us alone.

    NSID goes empty (RFC 5001, section 2.1): its data is what the client is to get.
    """
    kept = b"".join(octets for code, octets in split(options) if code not in _HOP_BY_HOP)
    return with_data(kept, NSID, b"")
