"""Responses to bytes: a `Prepared` answer holds everything but the query's id, header bits, question and OPT.

Names are compressed against the question, which is then echoed as it was received, so that one prepared
answer serves every spelling of its name.
"""

import struct
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from kdns.answering.admission import HEADER
from kdns.answering.chain import Response
from kdns.answering.queries import CD, RD
from kdns.cluster.events import Tag
from kdns.wire import codes
from kdns.wire.names import Name, offsets
from kdns.wire.rrsets import NAMES_IN_RDATA, SERIAL_FROM_END, RRset

QUESTION_FIXED = 4
LARGEST_MESSAGE = 0xFFFF
_POINTER_REACH = 0x4000
_TO_QUESTION = (0xC000 | HEADER).to_bytes(2, "big")
_AA, _TC = 0x0400, 0x0200
_RR_FIXED = struct.Struct("!HHIH")
_SRV_FIXED = 6
_HEAD = struct.Struct("!HHHHH")

HEAD_FLAGS = tuple(0x8000 | rd | cd for rd in (0, RD) for cd in (0, CD))
"""The header bits of a plain QUERY that its response repeats, by `head_index // 2`."""


class AddressBlock(NamedTuple):
    """Address records that take turns: the octets before them, they themselves twice over, those after them,
    the size of one, and of all. A slice of `twice` has them begin at any of them."""

    before: bytes
    twice: bytes
    after: bytes
    size: int
    span: int


class Prepared:
    """An answer as bytes: its three sections after a question of fixed length.

    `bounds` is where each RR ends; `block` are the address records that take turns, or None; `serial_at` is
    where a live SOA serial stands, or None; `heads` are the ten octets between id and question by shape, none
    where no message can hold it all. `size` is that of the whole message without OPT. `hits` counts the times
    it was sent and is what the addresses' turn goes by.
    """

    __slots__ = (
        "block",
        "body",
        "bounds",
        "counts",
        "flags",
        "heads",
        "hits",
        "is_case_bound",
        "kept_hits",
        "key",
        "serial",
        "serial_at",
        "size",
        "tags",
    )

    def __init__(self, question: bytes, response: Response, serial: int) -> None:
        writer = _Writer(question)
        sections = (response.answer, response.authority, response.additional)
        self.counts = tuple(sum(map(writer.rrset, section)) for section in sections)
        self.body = bytes(writer.octets)
        self.bounds = tuple(writer.bounds)
        self.block = _address_block(response.answer, self.body, self.bounds)
        self.serial_at = writer.serial_at if response.has_live_serial else None
        self.serial = serial
        self.flags = response.rcode & 0xF | (_AA if response.authoritative else 0)
        self.is_case_bound = any(rrset.type == codes.SRV for rrset in response.answer)
        self.size = HEADER + len(question) + len(self.body)
        self.heads = _heads(self.flags, *self.counts) if self.size <= LARGEST_MESSAGE else ()
        self.tags: frozenset[Tag] = response.tags
        self.key = question
        self.hits = self.kept_hits = 0

    def set_serial(self, serial: int) -> None:
        """Write the SOA serial into the body."""
        if self.serial_at is not None:
            at = self.serial_at
            self.body = self.body[:at] + serial.to_bytes(4, "big") + self.body[at + 4 :]
            if self.block is not None:
                self.block = self.block._replace(after=self.body[len(self.block.before) + self.block.span :])
        self.serial = serial

    def turned(self, turn: int) -> bytes:
        """Return the body with the addresses rotated by `turn`, so that each comes first in its turn."""
        if self.block is None:
            return self.body
        before, twice, after, size, span = self.block
        first = turn * size % span
        return before + twice[first : first + span] + after

    def verbatim(self, head_index: int, question: bytes, opt: bytes) -> "Verbatim":
        """Return the response to a plain query of this shape but for its id, ready to be spoken."""
        front = self.heads[head_index] + question
        if self.block is None:
            return self, front + self.body + opt, None, b""
        return self, front + self.block.before, self.block, self.block.after + opt

    def fitted(self, room: int, turn: int) -> tuple[bytes, tuple[int, ...], bool]:
        """Return as much of the body as fits into `room` octets: the octets, the three counts, whether cut.

        Whole RRs only, in the order answer, authority, additional (RFC 2181, section 9).
        """
        body = self.turned(turn)
        if len(body) <= room:
            return body, self.counts, False
        kept = sum(bound <= room for bound in self.bounds)
        counts, left = [], kept
        for count in self.counts:
            counts.append(min(count, left))
            left -= counts[-1]
        return body[: self.bounds[kept - 1]] if kept else b"", tuple(counts), True


Verbatim: TypeAlias = tuple[Prepared, bytes, AddressBlock | None, bytes]
"""A whole response but for its id: the answer that counts it, what precedes its addresses, what follows."""


def spoken(known: Verbatim) -> bytes:
    """Return the octets, the addresses in turn, and count the answer as sent."""
    entry, front, block, back = known
    turn = entry.hits
    entry.hits = turn + 1
    if block is None:
        return front
    _, twice, _, size, span = block
    first = turn * size % span
    return front + twice[first : first + span] + back


@lru_cache(maxsize=4096)
def _heads(flags: int, answers: int, authorities: int, additionals: int) -> tuple[bytes, ...]:
    return tuple(
        _HEAD.pack(echoed | flags, 1, answers, authorities, additionals + opt)
        for echoed in HEAD_FLAGS
        for opt in (0, 1)
    )


def head(flags: int, counts: tuple[int, ...], has_opt: bool, is_truncated: bool) -> bytes:
    """Return the ten octets between id and question."""
    answers, authorities, additionals = counts
    flags |= _TC if is_truncated else 0
    return _HEAD.pack(flags, 1, answers, authorities, additionals + has_opt)


def _address_block(answer: tuple[RRset, ...], body: bytes, bounds: tuple[int, ...]) -> AddressBlock | None:
    """Return the last RRset of the answer if it holds several addresses, all of one size."""
    if not answer or answer[-1].type not in (codes.A, codes.AAAA) or len(answer[-1].rdatas) < 2:
        return None
    number = len(answer[-1].rdatas)
    last = sum(len(rrset.rdatas) for rrset in answer)
    edges = (0, *bounds)[last - number : last + 1]
    size, span = edges[1] - edges[0], edges[-1] - edges[0]
    if any(end - start != size for start, end in pairwise(edges)):
        return None
    return AddressBlock(body[: edges[0]], body[edges[0] : edges[-1]] * 2, body[edges[-1] :], size, span)


class _Writer:
    """Writes RRs after a question, compressing names (RFC 1035, section 4.1.4)."""

    def __init__(self, question: bytes) -> None:
        self.octets = bytearray()
        self.bounds: list[int] = []
        self.serial_at: int | None = None
        self._base = HEADER + len(question)
        self._qname = Name(question[:-QUESTION_FIXED])
        self._seen: dict[bytes, int] = {}

    def rrset(self, rrset: RRset) -> int:
        """Write each RR of the RRset; return how many there were."""
        octets = self.octets
        names = NAMES_IN_RDATA.get(rrset.type)
        for rdata in rrset.rdatas:
            self._name(rrset.owner)
            octets += _RR_FIXED.pack(rrset.type, rrset.rdclass, rrset.ttl, len(rdata))
            if rrset.type == codes.SRV:
                octets += rdata[:_SRV_FIXED]
                self._name(Name(rdata[_SRV_FIXED:]), may_point=False)  # RFC 2782, but others may point to it
            elif names is None:
                octets += rdata
            else:
                self._rdata_with_names(rdata, *names)
            self.bounds.append(len(octets))
        if rrset.type == codes.SOA:
            self.serial_at = len(octets) - SERIAL_FROM_END
        return len(rrset.rdatas)

    def _rdata_with_names(self, rdata: bytes, before: int, number: int) -> None:
        start = len(self.octets)
        self.octets += rdata[:before]
        position = before
        for _ in range(number):
            end = position
            while rdata[end]:
                end += rdata[end] + 1
            self._name(Name(rdata[position : end + 1]))
            position = end + 1
        self.octets += rdata[position:]
        self.octets[start - 2 : start] = (len(self.octets) - start).to_bytes(2, "big")

    def _name(self, name: Name, may_point: bool = True) -> None:
        if may_point and name == self._qname:
            self.octets += _TO_QUESTION
            return
        if not self._seen:
            self._seen = {self._qname[at:]: HEADER + at for at in offsets(self._qname) if self._qname[at]}
        here = self._base + len(self.octets)
        for at in offsets(name):
            suffix = name[at:]
            pointer = self._seen.get(suffix)
            if pointer is not None:
                if not may_point:
                    break
                self.octets += name[:at] + (0xC000 | pointer).to_bytes(2, "big")
                return
            if here + at < _POINTER_REACH and len(suffix) > 1:
                self._seen[suffix] = here + at
        self.octets += name
