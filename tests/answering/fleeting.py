"""A plugin as a cache before another server is one: what it says holds for a while, and differs by variant.

What it says depends on the second and the query alone, so that a fresh responder can be asked the same.
"""

from collections.abc import Callable

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from kdns.answering import edns
from kdns.answering.chain import Rest
from kdns.answering.queries import AD, CD, Query
from kdns.answering.responses import Outcome, Response, from_reply
from kdns.wire import codes, rrsets
from kdns.wire.names import from_text, to_text
from kdns.wire.replies import question_end, read_reply
from kdns.wire.rrsets import RRset

PERIOD = 7
"""All lifetimes end when the second is a multiple of it."""

OUTSIDE, KEPT, NOWHERE = map(from_text, ("outside.example.com.", "kept.example.com.", "nowhere.example.com."))
_TARGET = "target.example.net."
_SOA = "ns.example.com. root.example.com. 1 2 3 4 5"


class Fleeting:
    """Answers three names; `now` gives the second."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now

    def respond(self, query: Query, rest: Rest) -> Outcome:
        left = PERIOD - self._now() % PERIOD
        if edns.has_foreign_options(query.edns) and query.name in (OUTSIDE, KEPT):
            text = RRset(query.name, codes.TXT, left, (rrsets.txt([b"for you"]),))
            return Response(answer=(text,), lifetime=left)
        if query.name == OUTSIDE and query.type == codes.TXT:
            text = RRset(query.name, codes.TXT, left, (rrsets.txt([str(query.variant).encode()]),))
            return Response(answer=(text,), lifetime=left)
        if query.name in (OUTSIDE, NOWHERE):
            return self._received(query, left)._replace(lifetime=left, remember=True, in_turn=True)
        if query.name == KEPT:
            text = RRset(query.name, codes.TXT, 30, (rrsets.txt([b"kept"]),))
            return Response(answer=(text,), lifetime=left, keeps_ttl=True)
        return rest(query)

    def _received(self, query: Query, ttl: int) -> Response:
        asked = dns.message.make_query(to_text(query.name), query.type, id=0)
        message = dns.message.make_response(asked)
        message.use_edns(0, payload=4096)
        message.flags |= dns.flags.RA
        if query.flags & AD or query.has_do:
            message.flags |= dns.flags.AD
        if query.name == NOWHERE:
            message.set_rcode(dns.rcode.NXDOMAIN)
            message.authority.append(dns.rrset.from_text("example.com.", ttl, "IN", "SOA", _SOA))
        else:
            owner = to_text(query.name)
            message.answer.append(dns.rrset.from_text(owner, ttl, "IN", "CNAME", _TARGET))
            for n in range(1, 3 if query.flags & CD else 41):  # an RRset each: dnspython shuffles larger ones
                message.answer.append(dns.rrset.from_text(_TARGET, ttl, "IN", "A", f"192.0.2.{n}"))
            message.additional.append(dns.rrset.from_text("ns.example.com.", ttl, "IN", "AAAA", "fd00::1"))
        wire = asked.to_wire()
        return from_reply(read_reply(message.to_wire(), wire, question_end(wire), b"\0\0"))
