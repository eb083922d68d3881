"""The three sections of a response as octets, written from RRsets or taken from another server's reply.

Says where in them things stand that are patched, cut or turned later; changes nothing itself.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from kdns.answering.admission import HEADER
from kdns.answering.encoding import Writer
from kdns.answering.responses import Response
from kdns.wire import codes
from kdns.wire.replies import Reply

_POINTER = 0xC0
_ADDRESS_TYPES = {codes.A: 16, codes.AAAA: 28}
"""Type → how long the RR is if its owner is a compression pointer."""

Turning: TypeAlias = tuple[int, int, int]
"""Where the RRs that take turns begin and end, and the size of one."""


class Body(NamedTuple):
    """The sections as octets, how many RRs each has, where these end, where TTLs stand, which addresses take
    turns, where the last SOA's serial stands (None in another server's octets)."""

    octets: bytes
    counts: tuple[int, ...]
    bounds: tuple[int, ...]
    ttls: tuple[int, ...]
    turning: Turning | None
    serial_at: int | None


def body_of(question: bytes, response: Response) -> Body:
    """Return the sections of a response to this question."""
    if response.reply is None:
        return _written(question, response)
    return _received(question, response.reply) or _written(question, response.opened())


def _written(question: bytes, response: Response) -> Body:
    """Write the RRsets of a response."""
    writer = Writer(question)
    counts = (
        writer.section(response.answer),
        writer.section(response.authority),
        writer.section(response.additional),
    )
    bounds = tuple(writer.bounds)
    turning = None
    if response.in_turn and response.answer:
        last = response.answer[-1]
        number = len(last.rdatas)
        if number > 1 and last.type in _ADDRESS_TYPES:
            turning = _equal((0, *bounds)[counts[0] - number : counts[0] + 1])
    return Body(bytes(writer.octets), counts, bounds, tuple(writer.ttls), turning, writer.serial_at)


def _equal(edges: Sequence[int]) -> Turning | None:
    """Return the stretch between edges as one whose parts may change places, None if their sizes differ."""
    size = edges[1] - edges[0]
    is_equal = all(end - start == size for start, end in pairwise(edges))
    return (edges[0], edges[-1], size) if is_equal else None


def _received(question: bytes, reply: Reply) -> Body | None:
    """Take another server's octets without their OPT. None if it is not the last record, as it nearly always
    is: then names behind it could point to each other, and all has to be written anew."""
    base, end, starts = HEADER + len(question), len(reply.octets), reply.starts
    answers, authorities, additionals = reply.counts
    if reply.opt_start is not None:
        if reply.opt_start != starts[-1]:
            return None
        end, starts, additionals = reply.opt_start, starts[:-1], additionals - 1
    return Body(
        reply.octets[base:end],
        (answers, authorities, additionals),
        tuple(start - base for start in (*starts[1:], end)) if starts else (),
        tuple(at - base for at in reply.ttl_offsets),
        _turning(reply, base, (*starts, end)[: answers + 1]),
        None,
    )


def _turning(reply: Reply, base: int, edges: Sequence[int]) -> Turning | None:
    """Return the addresses at the end of an answer section whose RRs lie between these edges.

    Only such whose owners are the same pointer: nothing that others point to is in them, so that they may
    change places.
    """
    octets, types = reply.octets, reply.types
    last = len(edges) - 1
    if last < 2 or types[last - 1] not in _ADDRESS_TYPES:
        return None
    rtype, size = types[last - 1], _ADDRESS_TYPES[types[last - 1]]
    owner = octets[edges[last - 1] : edges[last - 1] + 2]
    first = last
    while first and types[first - 1] == rtype and octets[edges[first - 1] : edges[first - 1] + 2] == owner:
        first -= 1
    turning = _equal(edges[first:]) if last - first > 1 else None
    if turning is None or turning[2] != size or owner[0] < _POINTER:
        return None
    return turning[0] - base, turning[1] - base, size
