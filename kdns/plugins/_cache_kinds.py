"""What a response is to a cache: its kind, the one TTL that all of its records get, whether it is kept.

As CoreDNS has it, which looks at the TTLs of records only, not at the last field of an SOA (RFC 2308).
"""

import struct
from collections.abc import Collection, Sequence
from enum import Enum
from typing import NamedTuple

from kdns.answering.queries import DO, Query
from kdns.answering.responses import Response
from kdns.plugins._cache_options import CacheOptions
from kdns.wire import codes
from kdns.wire.names import Name, fold
from kdns.wire.replies import Reply
from kdns.wire.rrsets import RRset

RRSIG = 46
_TTL_OF_OTHERS = 5
"""The TTL in seconds of what has no records, or is of a kind whose records do not matter."""

_OPT_FLAGS, _LENGTH_FROM_TTL = 7, 4
_SIGNATURE = struct.Struct("!H8xII")
"""Length, expiration and inception of an RRSIG's RDATA (RFC 4034, section 3.1)."""
_SERIAL_HALF = 1 << 31


class Kind(Enum):
    """POSITIVE is every NOERROR that is nothing else, OTHER what no cache keeps."""

    POSITIVE = "positive"
    DELEGATION = "delegation"
    NXDOMAIN = "nxdomain"
    NODATA = "nodata"
    FAILURE = "failure"
    OTHER = "other"

    @property
    def is_denial(self) -> bool:
        """Whether it is kept among the denials."""
        return self in _AMONG_DENIALS


_AMONG_DENIALS = (Kind.NXDOMAIN, Kind.NODATA, Kind.FAILURE)
_DENIALS = (Kind.NXDOMAIN, Kind.NODATA)  # tuples: members of an enumeration are slow to hash
_BY_RECORDS = (*_DENIALS, Kind.POSITIVE)
_FAILURES = frozenset({codes.SERVFAIL, codes.NOTIMP})


class Verdict(NamedTuple):
    """`is_answer`: it has what was asked for. `may_be_kept`, if its `ttl` is not 0."""

    kind: Kind
    ttl: int
    is_answer: bool
    may_be_kept: bool = False


def judge(query: Query, response: Response, options: CacheOptions, time: float) -> Verdict:
    """Judge a response. `time` is that of the calendar, for signatures that are over.

    Only another server's may be kept: an answer of ours is remembered until it changes.
    """
    if response.reply is None:
        return _judge_own(query, response, options)
    return _judge_reply(query, response.reply, options, time)


def _judge_own(query: Query, response: Response, options: CacheOptions) -> Verdict:
    answer, authority = response.answer, response.authority
    types = [rrset.type for rrset in authority]
    ttls = [rrset.ttl for rrset in (*answer, *authority, *response.additional)]
    kind = _kind(query.type, response.rcode, len(answer), types)
    if kind is Kind.POSITIVE and answer and codes.SOA in types and not _answers(query, answer):
        kind = Kind.NODATA
    return Verdict(kind, _ttl(kind, min(ttls) if ttls else None, options), kind is Kind.POSITIVE)


def _judge_reply(query: Query, reply: Reply, options: CacheOptions, time: float) -> Verdict:
    answers, authorities, _ = reply.counts
    types = reply.types[answers : answers + authorities]
    kind, is_answer = _kind(query.type, reply.rcode, answers, types), False
    if _has_bad_signature(reply, time):
        kind = Kind.OTHER
    elif kind is Kind.POSITIVE and answers:
        is_answer = _answers(query, reply.rrsets()[0])
        kind = kind if is_answer or codes.SOA not in types else Kind.NODATA
    lowest = [ttl for ttl in reply.lowest_ttls if ttl is not None]
    may_be_kept = (
        not reply.is_truncated
        and kind is not Kind.OTHER
        and (kind is not Kind.NXDOMAIN or codes.SOA in types)
        and (kind is not Kind.POSITIVE or is_answer or not answers)
    )
    return Verdict(kind, _ttl(kind, min(lowest, default=None), options), is_answer, may_be_kept)


def levelled(response: Response, ttl: int) -> Response:
    """Return a response with this TTL in all of its records; it is not remembered for longer either."""
    if response.reply is not None:
        return response._replace(reply=response.reply.with_ttl(ttl))
    if response.lifetime is not None and response.lifetime > ttl:
        response = response._replace(lifetime=ttl, remember=response.remember and ttl > 0)
    answer, authority, additional = response.answer, response.authority, response.additional
    for rrset in (*answer, *authority, *additional):
        if rrset.ttl != ttl:
            return response._replace(
                answer=_with_ttl(answer, ttl),
                authority=_with_ttl(authority, ttl),
                additional=_with_ttl(additional, ttl),
            )
    return response


def _with_ttl(rrsets: tuple[RRset, ...], ttl: int) -> tuple[RRset, ...]:
    return tuple([RRset(owner, rtype, ttl, rdatas, rclass) for owner, rtype, _, rdatas, rclass in rrsets])


def _kind(qtype: int, rcode: int, answers: int, authority: Collection[int]) -> Kind:
    """Return the kind of a response with so many answers, and records of these types in its authority
    section. That an answer may be none is looked for elsewhere."""
    if qtype in (codes.AXFR, codes.IXFR):
        return Kind.OTHER
    if rcode == codes.NOERROR:
        if answers:
            return Kind.POSITIVE
        if codes.SOA in authority:
            return Kind.NODATA
        return Kind.DELEGATION if codes.NS in authority else Kind.POSITIVE
    if rcode == codes.NXDOMAIN:
        return Kind.OTHER if answers else Kind.NXDOMAIN
    return Kind.FAILURE if rcode in _FAILURES else Kind.OTHER


def _ttl(kind: Kind, lowest: int | None, options: CacheOptions) -> int:
    if kind is Kind.FAILURE:
        return int(options.failure_ttl)
    limits = options.denial if kind in _DENIALS else options.success
    if lowest is None or kind not in _BY_RECORDS:
        lowest = _TTL_OF_OTHERS
    return min(max(lowest, limits.least), limits.most)


def _answers(query: Query, answer: Sequence[RRset]) -> bool:
    """Tell whether there is a record of QTYPE where the CNAMEs from QNAME on lead (RFC 1034, section 3.6.2).

    If they lead nowhere (two from one name, a loop), there is none; a CNAME itself, and ANY, need no path.
    """
    name, rclass = fold(query.name), query.rdclass
    relevant = [rrset for rrset in answer if rrset.rdclass == rclass]
    if query.type == codes.ANY:
        return any(fold(rrset.owner) == name for rrset in relevant)
    targets: dict[Name, set[Name]] = {}
    for rrset in relevant:
        if rrset.type == codes.CNAME:
            found = targets.setdefault(fold(rrset.owner), set())
            found.update(Name(rdata.lower()) for rdata in rrset.rdatas)
    if query.type == codes.CNAME:
        return len(targets.get(name, ())) == 1
    passed: set[Name] = set()
    while name in targets:
        if name in passed or len(targets[name]) > 1:
            return False
        passed.add(name)
        (name,) = targets[name]
    return any(rrset.type == query.type and fold(rrset.owner) == name for rrset in relevant)


def _has_bad_signature(reply: Reply, time: float) -> bool:
    """Tell whether a reply with DO has an RRSIG that is over, or not valid yet (RFC 4034, section 3.1.5)."""
    octets, opt = reply.octets, reply.opt_start
    if opt is None or RRSIG not in reply.types or not octets[opt + _OPT_FLAGS] << 8 & DO:
        return False
    types = [rtype for rtype in reply.types if rtype != codes.OPT]
    return any(
        rtype == RRSIG and not _is_valid(octets, ttl_at + _LENGTH_FROM_TTL, int(time))
        for rtype, ttl_at in zip(types, reply.ttl_offsets, strict=True)
    )


def _is_valid(octets: bytes, at: int, now: int) -> bool:
    """Tell whether an RRSIG is valid now; the length of its RDATA stands at `at`."""
    if len(octets) - at < _SIGNATURE.size:
        return False
    length, expiration, inception = _SIGNATURE.unpack_from(octets, at)
    return length >= _SIGNATURE.size - 2 and not (_is_after(inception, now) or _is_after(now, expiration))


def _is_after(one: int, other: int) -> bool:
    """Compare times of 32 bits, of which there is one in 136 years (RFC 1982)."""
    return 0 < (one - other) % (2 * _SERIAL_HALF) < _SERIAL_HALF
