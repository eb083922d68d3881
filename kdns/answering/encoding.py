"""Responses to bytes: RRs after a question, names compressed against it and each other; the header before.

Compression needs only the question's length and its name, so that the octets fit every spelling of the name.
"""

import struct
from collections.abc import Iterable
from functools import lru_cache

from kdns.answering.admission import HEADER
from kdns.answering.queries import CD, RD
from kdns.wire import codes
from kdns.wire.rrsets import NAMES_IN_RDATA, SERIAL_FROM_END, RRset

QUESTION_FIXED = 4
AA, TC, RA, AD = 0x0400, 0x0200, 0x0080, 0x0020
TTL_FROM_OWNER = 4
"""How far after its owner name the TTL of an RR stands."""

_POINTER_REACH = 0x4000
_TO_QUESTION = (0xC000 | HEADER).to_bytes(2, "big")
_RR_FIXED = struct.Struct("!HHIH")
_SRV_FIXED = 6
_HEAD = struct.Struct("!HHHHH")

HEAD_FLAGS = tuple(0x8000 | rd | cd for rd in (0, RD) for cd in (0, CD))
"""The header bits of a plain QUERY that its response repeats, by `head_index // 2`."""


def head(flags: int, counts: tuple[int, ...], has_opt: bool) -> bytes:
    """Return the ten octets between id and question."""
    answers, authorities, additionals = counts
    return _HEAD.pack(flags, 1, answers, authorities, additionals + has_opt)


@lru_cache(maxsize=4096)
def heads(flags: int, repeated: int, counts: tuple[int, ...]) -> tuple[bytes, ...]:
    """Return the heads of all plain queries: by what they could have echoed, of which `repeated` is, and by
    whether they have an OPT."""
    return tuple(
        head(echoed & repeated | flags, counts, has_opt) for echoed in HEAD_FLAGS for has_opt in (False, True)
    )


class Writer:
    """Writes RRs after a question, compressing names (RFC 1035, section 4.1.4).

    `octets` is what was written, `bounds` where each RR ends, `ttls` where each TTL stands, `serial_at` the
    serial of the last SOA.
    """

    def __init__(self, question: bytes) -> None:
        self.octets = bytearray()
        self.bounds: list[int] = []
        self.ttls: list[int] = []
        self.serial_at: int | None = None
        self._base = HEADER + len(question)
        self._qname = question[:-QUESTION_FIXED]
        self._seen: dict[bytes, int] = {}

    def section(self, rrsets: Iterable[RRset]) -> int:
        """Write a section; return how many RRs there were."""
        count = 0
        for rrset in rrsets:
            self.rrset(rrset)
            count += len(rrset.rdatas)
        return count

    def rrset(self, rrset: RRset) -> None:
        """Write each RR of the RRset."""
        octets = self.octets
        names = NAMES_IN_RDATA.get(rrset.type)
        for rdata in rrset.rdatas:
            self._name(rrset.owner)
            self.ttls.append(len(octets) + TTL_FROM_OWNER)
            octets += _RR_FIXED.pack(rrset.type, rrset.rdclass, rrset.ttl, len(rdata))
            if rrset.type == codes.SRV and rrset.rdclass == codes.IN:
                octets += rdata[:_SRV_FIXED]
                self._name(rdata[_SRV_FIXED:], may_point=False)  # RFC 2782, but others may point to it
            elif names is None:
                octets += rdata
            else:
                self._rdata_with_names(rdata, *names)
            self.bounds.append(len(octets))
        if rrset.type == codes.SOA:
            self.serial_at = len(octets) - SERIAL_FROM_END

    def _rdata_with_names(self, rdata: bytes, before: int, number: int) -> None:
        start = len(self.octets)
        self.octets += rdata[:before]
        position = before
        for _ in range(number):
            end = position
            while rdata[end]:
                end += rdata[end] + 1
            self._name(rdata[position : end + 1])
            position = end + 1
        self.octets += rdata[position:]
        self.octets[start - 2 : start] = (len(self.octets) - start).to_bytes(2, "big")

    def _name(self, name: bytes, may_point: bool = True) -> None:
        if may_point and name == self._qname:
            self.octets += _TO_QUESTION
            return
        seen = self._seen
        if not seen:
            self._see(self._qname, HEADER)
        here, at = self._base + len(self.octets), 0
        while length := name[at]:
            suffix = name[at:]
            pointer = seen.get(suffix)
            if pointer is not None:
                if not may_point:
                    break
                self.octets += name[:at] + (0xC000 | pointer).to_bytes(2, "big")
                return
            if here + at < _POINTER_REACH:
                seen[suffix] = here + at
            at += 1 + length
        self.octets += name

    def _see(self, name: bytes, start: int) -> None:
        """Note where each suffix of a name stands that was written at `start`. Nobody points to the root."""
        at = 0
        while length := name[at]:
            self._seen[name[at:]] = start + at
            at += 1 + length
