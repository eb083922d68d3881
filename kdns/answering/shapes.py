"""What the octets around a question decide about its response: whether the query is plain, and what then.

They are the same in the queries of many clients, so that they are taken apart once.
"""

import struct
from typing import NamedTuple

from kdns.answering import edns
from kdns.answering.encoding import HEAD_FLAGS
from kdns.answering.queries import AD, CD, RD, variant

_MOST = 4096
_PLAIN_FLAGS = RD | AD | CD


class Shape(NamedTuple):
    """Which head (as `heads` has them), how much room without the OPT, which OPT, which variant."""

    head_index: int
    room: int
    opt: bytes
    variant: int
    has_do: bool


class Shapes:
    """The shapes that queries over datagrams have, or those over streams."""

    def __init__(self, is_stream: bool) -> None:
        self._is_stream = is_stream
        self._known: dict[bytes, Shape] = {}

    def of(self, around: bytes) -> Shape | None:
        """Return the shape of a query with these octets around its question: the header's from the flags on,
        and all behind the question. None if it is not plain."""
        known = self._known.get(around)
        if known is None:
            known = self._read(around)
            if known is not None and len(self._known) < _MOST:
                self._known[around] = known
        return known

    def _read(self, around: bytes) -> Shape | None:
        flags, questions, *records = struct.unpack("!HHHHH", around[:10])
        opt = around[10:]
        if questions != 1 or flags & ~_PLAIN_FLAGS or records != [0, 0, 1 if opt else 0]:
            return None
        size = edns.plain_udp_size(opt) if opt else 0
        if size is None:
            return None
        has_do = bool(opt) and edns.has_do(opt)
        echoed = HEAD_FLAGS.index(0x8000 | flags & (RD | CD))
        room = edns.limit(size, self._is_stream) - len(opt)
        return Shape(echoed * 2 + bool(opt), room, opt, variant(flags, has_do), has_do)
