"""Responses as whole messages: a prepared answer cut to what a client takes, and those that need no chain."""

import struct

from kdns.answering import edns
from kdns.answering.admission import HEADER
from kdns.answering.encoding import TC, head
from kdns.answering.prepared import Prepared
from kdns.answering.queries import Query
from kdns.answering.responses import Response
from kdns.wire import codes


def question_of(query: Query) -> bytes:
    """Return the question as it was asked, in octets."""
    return query.name + struct.pack("!HH", query.type, query.rdclass)


def encode(query: Query, entry: Prepared, turn: int) -> bytes:
    """Return this answer as the response to `query`, its addresses in their `turn`, within its limits."""
    limit = edns.limit(query.edns.udp_size if query.edns else 0, query.is_stream)
    question = question_of(query)
    room = limit - HEADER - len(question)
    opt = edns.response_opt(query.edns, room, entry.error, len(entry.body))
    body, counts, is_truncated = entry.fitted(room - len(opt), turn)
    flags = query.echoed_flags & entry.repeated | entry.flags | (TC if is_truncated else 0)
    return query.id + head(flags, counts, bool(opt)) + question + body + opt


def servfail(query: Query) -> Prepared:
    """Return the answer that there is none."""
    return Prepared(question_of(query), Response(codes.SERVFAIL, remember=False), 0)


def bad_version(query: Query) -> bytes:
    """RFC 6891, section 6.1.3: BADVERS, whose upper bits are in the OPT, with the version that is spoken."""
    flags = query.echoed_flags | codes.BADVERS & 0xF
    return query.id + head(flags, (0, 0, 0), True) + question_of(query) + edns.BAD_VERSION
