"""A Reply: another server's message as the octets that came, and where in them things stand.

What may be patched are the id and the TTLs; all else stays as it is.
"""

import struct
from itertools import pairwise
from typing import NamedTuple

from kdns.wire import codes
from kdns.wire.compression import name_at
from kdns.wire.names import Name
from kdns.wire.rrsets import RRset

_RR_FIXED = struct.Struct("!HHIH")

SHAPES = {
    codes.A: (4, 0, 0),
    codes.NS: (0, 1, 0),
    codes.CNAME: (0, 1, 0),
    codes.SOA: (0, 2, 20),
    codes.PTR: (0, 1, 0),
    codes.MX: (2, 1, 0),
    codes.AAAA: (16, 0, 0),
    codes.SRV: (6, 1, 0),
    codes.DNAME: (0, 1, 0),
}
"""Type → octets before the names in its RDATA, number of names, octets after them. Others are opaque."""

OF_INTERNET = frozenset({codes.A, codes.AAAA, codes.SRV})
"""Types that have this shape in class IN only."""


class Reply(NamedTuple):
    """A well-formed reply. Offsets are into `octets`; records stand in the order of the message.

    `rcode` has the upper bits from the OPT. `counts` and `lowest_ttls` are of the answer, authority and
    additional section; a section without a record but OPT has no lowest TTL. `starts` and `types` are of
    every record; `ttl_offsets` of every record but OPT. `negative_ttl` is how long the absence may be
    remembered (RFC 2308, section 5), None without an SOA in the authority section. TTLs with the top bit
    set count as 0 (RFC 2181, section 8).
    """

    octets: bytes
    rcode: int
    is_truncated: bool
    counts: tuple[int, int, int] = (0, 0, 0)
    starts: tuple[int, ...] = ()
    types: tuple[int, ...] = ()
    ttl_offsets: tuple[int, ...] = ()
    lowest_ttls: tuple[int | None, int | None, int | None] = (None, None, None)
    negative_ttl: int | None = None
    opt_start: int | None = None

    @property
    def has_opt(self) -> bool:
        return self.opt_start is not None

    def with_id(self, id: bytes) -> "Reply":
        """Return the same reply to another query, whose octets after the id are the same."""
        return self if self.octets[:2] == id else self._replace(octets=id + self.octets[2:])

    def with_ttl(self, ttl: int) -> "Reply":
        """Return the same reply with this TTL in every record."""
        octets, written = bytearray(self.octets), ttl.to_bytes(4, "big")
        for at in self.ttl_offsets:
            octets[at : at + 4] = written
        low, middle, high = (None if lowest is None else ttl for lowest in self.lowest_ttls)
        return self._replace(octets=bytes(octets), lowest_ttls=(low, middle, high))

    def rrsets(self) -> tuple[tuple[RRset, ...], tuple[RRset, ...], tuple[RRset, ...]]:
        """Return the records of the three sections as RRsets of neighbours, without the OPT.

        Names in RDATA are uncompressed for the types in `SHAPES`; the RDATA of others is as it came.
        """
        answers, authorities, _ = self.counts
        edges = (0, answers, answers + authorities, len(self.starts))
        first, second, third = (self._rrsets(slice(*edge)) for edge in pairwise(edges))
        return first, second, third

    def _rrsets(self, section: slice) -> tuple[RRset, ...]:
        rrsets: list[tuple[Name, int, int, int, list[bytes]]] = []
        for start, rtype in zip(self.starts[section], self.types[section], strict=True):
            if rtype == codes.OPT:
                continue
            owner, fixed = name_at(self.octets, start)
            _, rclass, ttl, length = _RR_FIXED.unpack_from(self.octets, fixed)
            rdata = self._rdata(rtype, rclass, fixed + _RR_FIXED.size, length)
            last = rrsets[-1] if rrsets else None
            if last and last[:4] == (owner, rtype, ttl, rclass):
                last[4].append(rdata)
            else:
                rrsets.append((owner, rtype, ttl, rclass, [rdata]))
        return tuple(
            RRset(owner, rtype, ttl, tuple(rdatas), rclass) for owner, rtype, ttl, rclass, rdatas in rrsets
        )

    def _rdata(self, rtype: int, rclass: int, position: int, length: int) -> bytes:
        octets, end = self.octets, position + length
        if rtype not in SHAPES or (rclass != codes.IN and rtype in OF_INTERNET):
            return octets[position:end]
        before, names, _ = SHAPES[rtype]
        rdata = octets[position : position + before]
        position += before
        for _ in range(names):
            name, position = name_at(octets, position)
            rdata += name
        return rdata + octets[position:end]
