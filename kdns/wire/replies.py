"""What an upstream sent, judged against the query it should answer: a Reply, or an error.

Nothing is re-encoded, nothing here waits, and the work is bounded by the length of the message.
"""

import struct

from kdns.wire import codes
from kdns.wire.compression import HEADER, Malformed, MessageNames
from kdns.wire.names import MAX_LABEL, MAX_NAME
from kdns.wire.reply import OF_INTERNET, SHAPES
from kdns.wire.reply import Reply as Reply

_COUNTS = struct.Struct("!HHHH")
_RR_FIXED = struct.Struct("!HHIH")
_QR, _OPCODE, _TC, _RCODE = 0x80, 0x78, 0x02, 0x0F
_ONE_QUESTION = b"\0\1"
_NO_RECORDS = bytes(6)
_MAX_TTL = 0x7FFFFFFF

_ADDRESSES = frozenset({codes.A, codes.AAAA})

_BROKEN_SERVER = frozenset({codes.FORMERR, codes.SERVFAIL, codes.NOTIMP, codes.REFUSED})
"""RCODEs that some servers send as a bare header, without the question."""


class Mismatch(ValueError):
    """Octets that are no reply to this query, whatever they are."""


def question_end(query: bytes) -> int:
    """Return the offset after the question of a query. Raises Malformed if there is none."""
    position = HEADER
    try:
        while length := query[position]:
            if length > MAX_LABEL:
                raise Malformed("a question whose name is compressed")
            position += 1 + length
    except IndexError:
        raise Malformed("a question that is cut off") from None
    end = position + 5
    if position - HEADER >= MAX_NAME or end > len(query) or query[4:6] != _ONE_QUESTION:
        raise Malformed("no question")
    return end


def read_reply(octets: bytes, query: bytes, end: int, id: bytes) -> Reply:
    """Return what answers `query` as it was sent, whose question ends at `end`; it will carry `id`.

    Id, opcode and question must be equal, the latter octet for octet: its case, too, was chosen (0x20).
    Octets after the last record are cut off. A truncated reply that is not well-formed is emptied: the
    client asks again over TCP. Raises Mismatch if it is no reply to the query, Malformed if it is one.
    """
    if len(octets) < HEADER or octets[:2] != query[:2] or octets[2] & 0xF8 != _QR | query[2] & _OPCODE:
        raise Mismatch
    if octets[4:6] != _ONE_QUESTION or octets[HEADER:end] != query[HEADER:end]:
        return _bare_error(octets, query, end, id)
    walk = _Walk(octets, end)
    try:
        size = walk.records(end)
    except (Malformed, IndexError, struct.error) as error:
        if octets[2] & _TC:
            return emptied(octets, end, id)
        raise error if isinstance(error, Malformed) else Malformed("a record that is cut off") from error
    return Reply(
        id + octets[2:size],
        octets[3] & _RCODE | walk.upper_rcode,
        octets[2] & _TC != 0,
        walk.counts,
        tuple(walk.starts),
        tuple(walk.types),
        tuple(walk.ttl_offsets),
        (walk.lowest[0], walk.lowest[1], walk.lowest[2]),
        walk.negative_ttl,
        walk.opt_start,
    )


def emptied(octets: bytes, end: int, id: bytes) -> Reply:
    """Return header and question of a reply, with TC set and without any record."""
    header = id + bytes([octets[2] | _TC]) + octets[3:6] + _NO_RECORDS
    return Reply(header + octets[HEADER:end], octets[3] & _RCODE, True)


def _bare_error(octets: bytes, query: bytes, end: int, id: bytes) -> Reply:
    """Return the reply of a server that did not even read the question; the question is put back.

    It brings no data, so that its missing question lets nobody forge any. Raises Mismatch.
    """
    rcode = octets[3] & _RCODE
    if octets[4:HEADER] != bytes(8) or rcode not in _BROKEN_SERVER:
        raise Mismatch
    return Reply(id + octets[2:4] + _ONE_QUESTION + _NO_RECORDS + query[HEADER:end], rcode, False)


class _Walk:
    """One walk over the records of a message, and what it found."""

    def __init__(self, octets: bytes, end: int) -> None:
        self.octets = octets
        _, *counts = _COUNTS.unpack_from(octets, 4)
        self.counts: tuple[int, int, int] = (counts[0], counts[1], counts[2])
        self.starts: list[int] = []
        self.types: list[int] = []
        self.ttl_offsets: list[int] = []
        self.lowest: list[int | None] = [None, None, None]
        self.negative_ttl: int | None = None
        self.opt_start: int | None = None
        self.upper_rcode = 0
        self.names = MessageNames(octets, end - HEADER - 4, self.ttl_offsets)

    def records(self, position: int) -> int:
        """Walk over all records, the first of which is at `position`; return the offset after the last.

        Raises Malformed; IndexError or struct.error where a record runs out of the message.
        """
        for section, count in enumerate(self.counts):
            for _ in range(count):
                position = self._record(position, section)
        return position

    def _record(self, start: int, section: int) -> int:
        octets = self.octets
        known = octets[start] >= 0xC0 and (octets[start] & 0x3F) << 8 | octets[start + 1]
        fixed = start + 2 if known in self.names.lengths else self.names.end(start)
        rtype, rclass, ttl, length = _RR_FIXED.unpack_from(octets, fixed)
        rdata = fixed + _RR_FIXED.size
        end: int = rdata + length
        if end > len(octets):
            raise Malformed("RDATA that is cut off")
        self.starts.append(start)
        self.types.append(rtype)
        if rtype == codes.OPT:
            self._opt(start, fixed, section, ttl)
            return end
        self.ttl_offsets.append(fixed + 4)
        if rtype in SHAPES and (rclass == codes.IN or rtype not in OF_INTERNET):
            self._rdata(rtype, rdata, end)
        if rtype in _ADDRESSES:
            self.names.movable.append((rdata, end))
        self._ttl(section, ttl if ttl <= _MAX_TTL else 0, rtype, end)
        return end

    def _opt(self, start: int, fixed: int, section: int, ttl: int) -> None:
        if self.opt_start is not None or section != 2 or fixed != start + 1:
            raise Malformed("an OPT that stands where none may (RFC 6891, section 6.1.1)")
        self.opt_start = start
        self.upper_rcode = ttl >> 24 << 4

    def _rdata(self, rtype: int, position: int, end: int) -> None:
        before, names, after = SHAPES[rtype]
        position += before
        for _ in range(names):
            position = self.names.end(position)
        if position + after != end:
            raise Malformed(f"RDATA that is none of type {codes.type_to_text(rtype)}")

    def _ttl(self, section: int, ttl: int, rtype: int, end: int) -> None:
        lowest = self.lowest[section]
        if lowest is None or ttl < lowest:
            self.lowest[section] = ttl
        if rtype == codes.SOA and section == 1:
            minimum = int.from_bytes(self.octets[end - 4 : end], "big")
            negative = min(ttl, minimum if minimum <= _MAX_TTL else 0)
            self.negative_ttl = negative if self.negative_ttl is None else min(negative, self.negative_ttl)
