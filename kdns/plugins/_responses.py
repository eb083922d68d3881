"""What `log` reads out of a response that was sent: its class, and how long it is without compression."""

import struct
import time
from collections.abc import Iterator
from typing import TypeAlias

from kdns.answering.plugin import Exchange
from kdns.wire import codes
from kdns.wire.compression import HEADER, name_at
from kdns.wire.replies import question_end
from kdns.wire.rrsets import NAMES_IN_RDATA

SUCCESS, DENIAL, ERROR = "success", "denial", "error"

_COUNTS = struct.Struct("!HHH")
_COUNTS_AT = 6
_FIXED = struct.Struct("!HHIH")
_AUTHORITY = 1
_POINTER, _TO_QUESTION, _QUESTION_FIXED = 0xC0, b"\xc0\x0c", 4
_TRANSFERS = (codes.AXFR, codes.IXFR)

_RRSIG = 46
_VALIDITY = struct.Struct("!8xII")
"""When an RRSIG expires and from when on it holds, in seconds modulo 2**32 (RFC 4034, section 3.1)."""


_Record: TypeAlias = tuple[int, int, int, int, int]
"""Section, octets of the uncompressed owner name, type; where the RDATA starts and ends."""


def _records(response: bytes) -> Iterator[_Record]:
    end = question_end(response)
    # Names that are a pointer only, mostly to the question's: looking each up would cost six times as much.
    sizes = {_TO_QUESTION: end - HEADER - _QUESTION_FIXED}
    for section, count in enumerate(_COUNTS.unpack_from(response, _COUNTS_AT)):
        for _ in range(count):
            pointer, fixed = response[end : end + 2], end + 2
            owner_size = sizes.get(pointer)
            if owner_size is None:
                owner, fixed = name_at(response, end)
                owner_size = len(owner)
                if pointer[0] >= _POINTER:
                    sizes[pointer] = owner_size
            rtype, _, _, length = _FIXED.unpack_from(response, fixed)
            start = fixed + _FIXED.size
            end = start + length
            yield section, owner_size, rtype, start, end


def plain_size(response: bytes | None) -> int:
    """Return the length in octets that a response would have without compression and without its OPT.

    CoreDNS counts the same, and also what had to be cut off for the client's limit.
    """
    if response is None:
        return 0
    size = question_end(response)
    for _, owner_size, rtype, start, end in _records(response):
        if rtype in NAMES_IN_RDATA:
            size += owner_size + _FIXED.size + _plain_rdata_size(response, rtype, start, end)
        elif rtype != codes.OPT:
            size += owner_size + _FIXED.size + end - start
    return size


def _plain_rdata_size(response: bytes, rtype: int, start: int, end: int) -> int:
    before, names = NAMES_IN_RDATA[rtype]
    size, at = end - start, start + before
    for _ in range(names):
        name, after = name_at(response, at)
        size += len(name) - (after - at)
        at = after
    return size


def class_of(exchange: Exchange) -> str:
    """Return the class of a response: success, denial or error. What is no QUERY or a transfer is an error.

    So is a response that denies and answers at once, one whose signatures are out of date, and none at all.
    """
    query, sent = exchange.query, exchange.sent
    if sent is None or query.opcode != codes.QUERY or query.type in _TRANSFERS:
        return ERROR
    rcode, has_answer = sent[3] & 0xF, sent[_COUNTS_AT : _COUNTS_AT + 2] != b"\0\0"
    if rcode not in (codes.NOERROR, codes.NXDOMAIN) or (query.has_do and _is_out_of_date(sent)):
        return ERROR
    if has_answer:
        return SUCCESS if rcode == codes.NOERROR else ERROR
    return DENIAL if rcode == codes.NXDOMAIN or _has_soa(sent) else SUCCESS


def _has_soa(response: bytes) -> bool:
    return any(rtype == codes.SOA and section == _AUTHORITY for section, _, rtype, _, _ in _records(response))


def _is_out_of_date(response: bytes) -> bool:
    now = int(time.time())
    return any(
        rtype == _RRSIG and not _holds(response[start:end], now)
        for _, _, rtype, start, end in _records(response)
    )


def _holds(rrsig: bytes, now: int) -> bool:
    if len(rrsig) < _VALIDITY.size:
        return False
    expiration, inception = _VALIDITY.unpack_from(rrsig)
    return _is_not_before(expiration, now) and _is_not_before(now, inception)


def _is_not_before(moment: int, other: int) -> bool:
    """Compare times modulo 2**32 (RFC 1982)."""
    return (moment - other) & 0xFFFFFFFF < 1 << 31
