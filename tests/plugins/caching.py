"""A cache with a clock that stands still until it is told, and behind it somebody who says what a test wants.

Replies are made by dnspython from zone-file text.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from kdns.answering import admission
from kdns.answering.chain import Rest
from kdns.answering.counts import Count
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response, from_reply
from kdns.plugins._cache_options import CacheOptions, read_cache
from kdns.plugins.cache import Cache
from kdns.wire import codes
from kdns.wire.names import Name, to_text
from kdns.wire.replies import Reply, question_end, read_reply
from tests.builders import build_query
from tests.corefile.builders import corefile

NAME = "www.example."
A = f"{NAME} 300 IN A 192.0.2.1"
SOA = "example. 60 IN SOA ns.example. host.example. 1 7200 900 1209600 7"
SERVFAIL = Response(codes.SERVFAIL, remember=False, error="nobody is there")
"""What `forward` gives if nobody answered: it has no reply."""

START = 1_000_000.0


def options_of(text: str = "", arguments: str = "", zones: str = ".") -> CacheOptions:
    """Return the options of a directive with these arguments, and these lines in its block."""
    read = corefile(f"{zones} {{\ncache {arguments} {{\n{text}\n}}\n}}\n")
    [directive] = read.blocks[0].directives
    return read_cache(directive, read.blocks[0])


def asking(name: str = NAME, qtype: str = "A", **kwargs: object) -> Query:
    """Return an admitted query; see `build_query`."""
    query = admission.judge(build_query(name, qtype, **kwargs).to_wire())  # type: ignore[arg-type]
    assert isinstance(query, Query)
    return query


Records = Sequence[str]


def reply_to(
    query: Query,
    *answer: str,
    rcode: str = "NOERROR",
    authority: Records = (),
    additional: Records = (),
    flags: str = "RA",
    do: bool | None = None,
) -> Reply:
    """Return an upstream's reply with these records, each in zone-file text. `do` None = it has no OPT."""
    asked = dns.message.make_query(to_text(query.name), codes.type_to_text(query.type))
    packet = asked.to_wire()
    message = dns.message.make_response(asked)
    message.set_rcode(dns.rcode.from_text(rcode))
    message.flags |= dns.flags.from_text(flags)
    if do is not None:
        message.use_edns(0, dns.flags.DO if do else 0)
    sections = (message.answer, message.authority, message.additional)
    for section, records in zip(sections, (answer, authority, additional), strict=True):
        section += [_record(record) for record in records]
    return read_reply(message.to_wire(), packet, question_end(packet), query.id)


def _record(line: str) -> dns.rrset.RRset:
    owner, ttl, rdclass, rtype, rdata = line.split(maxsplit=4)
    return dns.rrset.from_text(owner, int(ttl), rdclass, rtype, rdata)


Says = Callable[[Query], Response]


def replying(*answer: str, **kwargs: object) -> Says:
    """Return what says such a reply to any query; see `reply_to`."""
    return lambda query: from_reply(reply_to(query, *answer, **kwargs))  # type: ignore[arg-type]


class Behind:
    """What is behind the cache: says `says`, at once, or once it is released. Notes what it was asked."""

    name: ClassVar[str] = "behind"

    def __init__(self) -> None:
        self.says: Says = replying(A)
        self.asked: list[Query] = []
        self.is_slow = False
        self._waiting: list[asyncio.Future[None]] = []

    def respond(self, query: Query, rest: Rest) -> Outcome:
        self.asked.append(query)
        return self._later(query) if self.is_slow else self.says(query)

    async def _later(self, query: Query) -> Response:
        self._waiting.append(asyncio.get_running_loop().create_future())
        await self._waiting[-1]
        return self.says(query)

    async def release(self) -> None:
        """Answer all who wait, and let them see it."""
        await settle()
        for waiting in self._waiting:
            waiting.set_result(None)
        self._waiting.clear()
        await settle()


async def settle() -> None:
    """Let everything go on that can."""
    for _ in range(10):
        await asyncio.sleep(0)


class World:
    """A cache with this in its block, its clock, and what is behind it."""

    def __init__(self, text: str = "", arguments: str = "", zones: str = ".") -> None:
        self.now = START
        self.behind = Behind()
        self.cache = Cache(
            options_of(text, arguments, zones), "dns://:53", lambda: self.now, lambda: 1_700_000_000
        )
        self.rest = Rest([self.behind], no_way)

    def outcome(self, name: str = NAME, qtype: str = "A", **kwargs: object) -> Outcome:
        return self.cache.respond(asking(name, qtype, **kwargs), self.rest)

    def ask(self, name: str = NAME, qtype: str = "A", **kwargs: object) -> Response:
        """Return the response that is there at once, which is sent."""
        found = self.outcome(name, qtype, **kwargs)
        assert isinstance(found, Response)
        return sent(found)

    async def wait(self, name: str = NAME, qtype: str = "A", **kwargs: object) -> Response:
        """Return the response that must be waited for, which is sent."""
        found = self.outcome(name, qtype, **kwargs)
        assert isinstance(found, Awaitable)
        return sent(await found)

    def upstream(self) -> int:
        """Return how often the rest was asked since the last time."""
        number = len(self.behind.asked)
        self.behind.asked.clear()
        return number

    def figures(self) -> dict[str, float]:
        """Return what is measured: name without its prefix, and type if it has one, → value."""
        return {
            " ".join([family.name.removeprefix("coredns_cache_"), *labels[1:-2]]): value
            for family in self.cache.measure()
            for labels, value in family.samples
        }


def no_way(query: Query, name: Name) -> Response:
    raise AssertionError("no alias is followed")


def sent(response: Response, times: int = 1) -> Response:
    """Count a response as sent so often, as the responder does."""
    count: Count
    for count in response.counts:
        count.value += times
    return response


def ttls(response: Response) -> set[int]:
    """Return all TTLs in a response."""
    opened = response.opened()
    return {rrset.ttl for rrset in (*opened.answer, *opened.authority, *opened.additional)}


def ttl(response: Response) -> int | None:
    """Return the one TTL in a response, None without any record."""
    found = ttls(response)
    assert len(found) <= 1
    return found.pop() if found else None


def address(response: Response) -> int:
    """Return the last octet of the one address in the answer."""
    [rrset] = response.opened().answer
    [rdata] = rrset.rdatas
    return rdata[-1]
