"""A zone transfer as messages: as many records in each as it holds, names compressed (RFC 5936).

Nothing is made before it is asked for, so that whoever sends may pause, go on, or give up.
"""

from collections.abc import Iterator

from kdns.answering import edns
from kdns.answering.admission import HEADER
from kdns.answering.encoding import Writer, head
from kdns.answering.prepared import Prepared
from kdns.answering.queries import Query
from kdns.answering.responses import Response
from kdns.wire.rrsets import RRset

_RECORDS_AT_ONCE = 32
"""Records after which others may have their turn: about half a millisecond."""

_RR_FIXED = 10
_POINTERS_TO_ROOT = 3
"""Where a pointer stands for the root, which is shorter: in the owner, and twice in an SOA."""


class Overlong(ValueError):
    """A record that no message can hold."""


class Transfer(Prepared):
    """The answer that is all that a Response's `transfer` yields. Without that, it is an empty response."""

    __slots__ = ("_rrsets",)

    def __init__(self, question: bytes, response: Response) -> None:
        super().__init__(question, response, 0)
        self._rrsets = response.transfer

    def messages(self, query: Query) -> Iterator[bytes]:
        """Yield the messages that answer `query`, and b"" wherever it is time for others to have their turn.

        Each repeats the question and has the OPT of a response, as CoreDNS's have. Raises Overlong.
        """
        question = query.name + query.type.to_bytes(2, "big") + query.rdclass.to_bytes(2, "big")
        room = edns.LARGEST_TCP - HEADER - len(question)
        opt = edns.response_opt(query.edns, room)
        room -= len(opt)
        flags = query.echoed_flags & self.repeated | self.flags

        def message() -> bytes:
            counts = (len(writer.bounds), 0, 0)
            return query.id + head(flags, counts, bool(opt)) + question + bytes(writer.octets) + opt

        writer = Writer(question)
        for number, record in enumerate(_records(self._rrsets() if self._rrsets else iter(())), 1):
            longest = len(record.owner) + _RR_FIXED + len(record.rdatas[0]) + _POINTERS_TO_ROOT
            if longest > room:
                raise Overlong(f"a record of type {record.type} with {len(record.rdatas[0])} octets")
            if len(writer.octets) + longest > room:
                yield message()
                writer = Writer(question)
            writer.rrset(record)
            if number % _RECORDS_AT_ONCE == 0:
                yield b""
        yield message()


def _records(rrsets: Iterator[RRset]) -> Iterator[RRset]:
    """Yield each record as an RRset of its own: one RRset may be longer than a message."""
    for rrset in rrsets:
        if len(rrset.rdatas) == 1:
            yield rrset
        else:
            for rdata in rrset.rdatas:
                yield rrset._replace(rdatas=(rdata,))
