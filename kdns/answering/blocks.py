"""Server blocks: which of them answers a query, and what has to be told about its answers."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from kdns.answering.chain import Handler
from kdns.answering.plugin import Exchange
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response
from kdns.answering.traffic import DROPPED
from kdns.wire import codes
from kdns.wire.names import Name, fold, longest_suffix, parent

Observe = Callable[[Exchange], None]
Adjust = Callable[[Query], Query]


class Block(NamedTuple):
    """What answers in a zone. `zone` is the label under which it is counted, None: it is not. `observers`
    have to see every exchange. `adjusting` change each query before anything else looks at it. `classes` are
    those beside IN that it answers in."""

    ask: Handler
    zone: str | None = None
    observers: tuple[Observe, ...] = ()
    adjusting: tuple[Adjust, ...] = ()
    classes: frozenset[int] = frozenset()


def _refuse(_query: Query) -> Outcome:
    return Response(codes.REFUSED)


NOWHERE = Block(_refuse, DROPPED)
"""Stands where no server block is for a name."""


def block_of(query: Query, blocks: Mapping[Name, Block]) -> Block:
    """Return the block of the longest zone; `blocks` are by their folded zones.

    DS is the parent's, if that is served here, too (RFC 4035, section 3.1.4.1). Other classes than IN have
    only the blocks that answer in them.
    """
    name = fold(query.name)
    if query.rdclass != codes.IN:
        block = longest_suffix(name, blocks)
        return block if block and query.rdclass in block.classes else NOWHERE
    if query.type == codes.DS and name in blocks and len(name) > 1:
        return longest_suffix(parent(name), blocks) or blocks[name]
    return longest_suffix(name, blocks) or NOWHERE
