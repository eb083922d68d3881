"""A `Prepared` answer: everything of a response but the query's id, header bits, question and OPT, as bytes.

The question is echoed as it was received, so that one prepared answer serves every spelling of its name.
"""

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from kdns.answering import edns
from kdns.answering.admission import HEADER
from kdns.answering.bodies import Turning, body_of
from kdns.answering.counts import Count
from kdns.answering.encoding import AA, AD, RA, TC, heads
from kdns.answering.queries import RD
from kdns.answering.responses import Response
from kdns.answering.traffic import Tally
from kdns.cluster.events import Tag
from kdns.wire import codes

LARGEST_MESSAGE = 0xFFFF


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
    where a live SOA serial stands, or None; `expires` is the second from which it may not be sent any more,
    or None. `is_live`: it has one of these, and must be `refreshed` whenever its `stamp` is not the table's.
    `flags` are its own header bits, `repeated` those that it may repeat of the query's. `heads` are the ten
    octets between id and question by shape, none where no message can hold it all. `size` is that of the
    whole message without OPT, `reach` with the option `error`. `turn` is what the addresses go by.

    `is_bound`: it is the answer to queries of one `variant` only. `zone` is where it counts, None if nobody
    wants to know; `is_silent`: nothing is sent; `is_watched`: that, or somebody has to see each query that it
    is for. `key` is the question, and what else it depends on of the query and its client.
    """

    __slots__ = (
        "_aged_to",
        "_ttls",
        "block",
        "body",
        "bounds",
        "counts",
        "error",
        "expires",
        "flags",
        "heads",
        "is_bound",
        "is_case_bound",
        "is_live",
        "is_silent",
        "is_watched",
        "kept_hits",
        "key",
        "question_size",
        "reach",
        "repeated",
        "sections",
        "serial",
        "serial_at",
        "size",
        "stamp",
        "tags",
        "tallies",
        "turn",
        "zone",
    )

    def __init__(
        self,
        question: bytes,
        response: Response,
        serial: int,
        second: int = 0,
        zone: str | None = None,
        is_watched: bool = False,
        variant: int = 0,
        client_class: bytes = b"",
    ) -> None:
        self.body, self.sections, self.bounds, ttls, turning, serial_at = body_of(question, response)
        self.block = _block(self.body, turning) if response.in_turn and turning else None
        self.serial_at = serial_at if response.has_live_serial else None
        self.serial = serial
        self._aged_to = second
        self.expires = None if response.lifetime is None else second + response.lifetime
        self._ttls = () if response.keeps_ttl or self.expires is None else ttls[response.lasting :]
        self.is_live = self.serial_at is not None or self.expires is not None
        self.stamp = -1
        self.flags = _flags(response)
        self.repeated = 0xFFFF if response.recursion_desired is None else 0xFFFF & ~RD
        self.is_case_bound = any(rrset.type == codes.SRV for rrset in response.answer)
        self.is_bound = response.lifetime is not None
        self.size = HEADER + len(question) + len(self.body)
        self.error = edns.extended_error(*response.extended_error) if response.extended_error else b""
        self.reach = self.size + len(self.error)
        fits = self.reach <= LARGEST_MESSAGE
        self.heads = heads(self.flags, self.repeated, self.sections) if fits else ()
        self.tags: frozenset[Tag] = response.tags
        self.counts: tuple[Count, ...] = response.counts
        self.key = question + client_class + (bytes((variant,)) if variant and self.is_bound else b"")
        self.question_size = len(question)
        self.zone = zone
        self.is_silent = response.silent
        self.is_watched = is_watched or response.silent
        self.tallies: tuple[Tally, ...] = ()
        self.turn = self.kept_hits = 0

    @property
    def numbers(self) -> int:
        """How many numbers it holds about its octets."""
        return len(self.bounds) + len(self._ttls)

    @property
    def hits(self) -> int:
        """About how often it was sent; grows with each time."""
        return self.turn + sum(tally.hits for tally in self.tallies)

    def refreshed(self, serial: int, second: int) -> bool:
        """Bring serial and TTLs up to date; tell whether it may still be sent."""
        if self.expires is not None:
            if second >= self.expires:
                return False
            if self._ttls and second > self._aged_to:
                self._age(second)
        if self.serial_at is not None and self.serial != serial:
            self._patch(((self.serial_at, serial),))
        self.serial = serial
        return True

    def _age(self, second: int) -> None:
        """Have the TTLs count down. Those of records that take turns stand in the block, too."""
        body, gone = self.body, second - self._aged_to
        self._aged_to = second
        self._patch((at, max(0, int.from_bytes(body[at : at + 4], "big") - gone)) for at in self._ttls)

    def _patch(self, numbers: Iterable[tuple[int, int]]) -> None:
        """Write numbers of four octets into the body."""
        octets = bytearray(self.body)
        for at, number in numbers:
            octets[at : at + 4] = number.to_bytes(4, "big")
        self.body = bytes(octets)
        if self.block is not None:
            begin = len(self.block.before)
            self.block = _block(self.body, (begin, begin + self.block.span, self.block.size))

    def turned(self, turn: int) -> bytes:
        """Return the body with the addresses rotated by `turn`, so that each comes first in its turn."""
        if self.block is None:
            return self.body
        before, twice, after, size, span = self.block
        first = turn * size % span
        return before + twice[first : first + span] + after

    def verbatim(self, head_index: int, question: bytes, opt: bytes, tally: Tally) -> "Verbatim":
        """Return the response to a plain query of this shape but for its id, ready to be spoken."""
        front = self.heads[head_index] + question
        if opt and self.error:
            opt = edns.with_option(opt, self.error)
        if self.block is None:
            return tally, front + self.body + opt, None, b"", self
        return tally, front + self.block.before, self.block, self.block.after + opt, self

    def tally(self, kind: int, has_opt: bool, has_do: bool) -> Tally:
        """Return the tally of clients of this kind."""
        for tally in self.tallies:
            if tally.kind == kind and tally.has_opt == has_opt and tally.has_do == has_do:
                return tally
        self.tallies = (*self.tallies, tally := Tally(kind, has_opt, has_do))
        return tally

    def fitted(self, room: int, turn: int) -> tuple[bytes, tuple[int, ...], bool]:
        """Return as much of the body as fits into `room` octets: the octets, the three counts, whether cut.

        Whole RRs only, in the order answer, authority, additional (RFC 2181, section 9).
        """
        body = self.turned(turn)
        if len(body) <= room:
            return body, self.sections, False
        kept = sum(bound <= room for bound in self.bounds)
        counts, left = [], kept
        for count in self.sections:
            counts.append(min(count, left))
            left -= counts[-1]
        return body[: self.bounds[kept - 1]] if kept else b"", tuple(counts), True


Verbatim: TypeAlias = tuple[Tally, bytes, AddressBlock | None, bytes, Prepared]
"""A whole response but for its id: the tally that counts it, what precedes its addresses, the addresses, what
follows, and the answer that it is."""


def spoken(known: Verbatim) -> bytes:
    """Return the octets, the addresses in turn, and count the answer as sent."""
    tally, front, block, back, entry = known
    tally.hits += 1
    if block is None:
        return front
    turn = entry.turn
    entry.turn = turn + 1
    _, twice, _, size, span = block
    first = turn * size % span
    return front + twice[first : first + span] + back


def _block(body: bytes, turning: Turning) -> AddressBlock:
    begin, end, size = turning
    return AddressBlock(body[:begin], body[begin:end] * 2, body[end:], size, end - begin)


def _flags(response: Response) -> int:
    """Return the bits of the header that the response sets whatever its query had."""
    return (
        response.rcode & 0xF
        | (AA if response.authoritative else 0)
        | (TC if response.truncated else 0)
        | (RA if response.recursion_available else 0)
        | (AD if response.authentic else 0)
        | (RD if response.recursion_desired else 0)
    )
