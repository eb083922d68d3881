"""Judges a packet before anything else looks at it: a Query, an error that is a bare header, or silence.

Every octet is checked against the end of the packet, every name against its limits; the work is bounded
by the length of the packet. The rules are those of miekg/dns' acceptfunc.go, which CoreDNS applies.
"""

import struct
from typing import TypeAlias

from kdns.answering.queries import CD, RD, Edns, Query
from kdns.wire import codes
from kdns.wire.names import MAX_LABEL, MAX_NAME, Name

HEADER = 12
_HEADER_FORMAT = struct.Struct("!HHHHHH")
_RR_FIXED = struct.Struct("!HHIH")
_QUESTION_FIXED = struct.Struct("!HH")
_OPTION_FIXED = struct.Struct("!HH")

_QR, _OPCODE = 0x8000, 0x7800

_SOA_NUMBERS = 20

_MOST_ADDITIONALS = 2
"""An OPT and a TSIG. Before them, one answer (NOTIFY, RFC 1996) and one authority record (IXFR, RFC 1995)."""

Verdict: TypeAlias = "Query | bytes | None"


class _Malformed(Exception):
    """The packet is no DNS message."""


def judge(packet: bytes) -> Verdict:
    """Return the query in this packet, the octets of an error response, or None for silence. Never raises."""
    if len(packet) < HEADER:
        return None
    _, flags, questions, answers, authorities, additionals = _HEADER_FORMAT.unpack_from(packet)
    if flags & _QR:
        return None
    if flags & _OPCODE and (flags & _OPCODE) >> 11 != codes.NOTIFY:
        return refusal(packet, codes.NOTIMP)
    if questions != 1 or answers > 1 or authorities > 1 or additionals > _MOST_ADDITIONALS:
        return refusal(packet, codes.FORMERR)
    question = b""
    try:
        end = _end_of_question_name(packet)
        qtype, qclass = _unpack(_QUESTION_FIXED, packet, end)
        name, question = Name(packet[HEADER:end]), packet[HEADER : end + _QUESTION_FIXED.size]
        edns = _edns(packet, HEADER + len(question), answers + authorities + additionals)
        has_serial = qtype == codes.IXFR and authorities and not answers
        serial = _serial(packet, HEADER + len(question)) if has_serial else None
    except _Malformed:
        return refusal(packet, codes.FORMERR, question)
    return Query(packet[:2], flags, name, qtype, qclass, edns, serial=serial)


def refusal(packet: bytes, rcode: int, question: bytes = b"") -> bytes:
    """Return an error response: a header, and the question if it could be read. `packet` has a header.

    What is no QUERY keeps its opcode only where that is not implemented (miekg/dns, server.go).
    """
    (flags,) = struct.unpack_from("!H", packet, 2)
    kept = RD | CD | (_OPCODE if rcode == codes.NOTIMP else 0)
    header = _HEADER_FORMAT.pack(0, _QR | flags & kept | rcode, bool(question), 0, 0, 0)
    return packet[:2] + header[2:] + question


def _edns(packet: bytes, position: int, records: int) -> Edns | None:
    """Read the records after the question, of which only an OPT matters."""
    edns = None
    for _ in range(records):
        start, position = position, _end_of_name(packet, position)
        rtype, size, ttl, length = _unpack(_RR_FIXED, packet, position)
        rdata = position + _RR_FIXED.size
        if rdata + length > len(packet):
            raise _Malformed
        position_after = rdata + length
        if rtype == codes.OPT:
            if edns or packet[start:position] != b"\0":
                raise _Malformed  # RFC 6891, section 6.1.1: one OPT at the most, owned by the root
            edns = Edns(size, ttl & 0xFFFF, ttl >> 16 & 0xFF, _options(packet[rdata:position_after]))
        position = position_after
    return edns


def _serial(packet: bytes, position: int) -> int | None:
    """Read the serial of the SOA after the question of an IXFR query (RFC 1995, section 3).

    The records have been found well-formed. An SOA's RDATA ends in five numbers of four octets.
    """
    position = _end_of_name(packet, position)
    rtype, _, _, length = _unpack(_RR_FIXED, packet, position)
    end = position + _RR_FIXED.size + length
    if rtype != codes.SOA or length < _SOA_NUMBERS:
        return None
    return int.from_bytes(packet[end - _SOA_NUMBERS :][:4], "big")


def _unpack(fixed: struct.Struct, packet: bytes, position: int) -> tuple[int, ...]:
    if position + fixed.size > len(packet):
        raise _Malformed
    return fixed.unpack_from(packet, position)


def _end_of_question_name(packet: bytes) -> int:
    """Return where the first name ends. Nothing precedes it that it could be compressed against."""
    position = HEADER
    while True:
        if position >= len(packet):
            raise _Malformed
        length = packet[position]
        position += 1 + length
        if length > MAX_LABEL or position - HEADER > MAX_NAME:
            raise _Malformed
        if length == 0:
            return position


def _end_of_name(packet: bytes, position: int) -> int:
    """Return where a name that may be compressed ends, having followed it to its root (RFC 1035, 4.1.4).

    A pointer must lead backwards, and the name it makes up has at most 255 octets: both bound the work.
    """
    end, total, lowest = 0, 0, position
    while True:
        if position >= len(packet):
            raise _Malformed
        length = packet[position]
        if length >= 0xC0:
            if position + 1 >= len(packet):
                raise _Malformed
            end = end or position + 2
            position = (length & 0x3F) << 8 | packet[position + 1]
            if position >= lowest or position < HEADER:
                raise _Malformed
            lowest = position
            continue
        position += 1 + length
        total += 1 + length
        if length > MAX_LABEL or total > MAX_NAME:
            raise _Malformed
        if length == 0:
            return end or position


def _options(rdata: bytes) -> bytes:
    position = 0
    while position < len(rdata):
        _, length = _unpack(_OPTION_FIXED, rdata, position)
        position += _OPTION_FIXED.size + length
    if position != len(rdata):
        raise _Malformed
    return rdata
