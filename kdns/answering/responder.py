"""The responder: one function from a packet to its response, by the fast path or the careful one.

Fast: a plain question whose answer is in the table is spliced from bytes. Careful: everything else. Both end
in the same Prepared answers, and must agree to the octet.
"""

import logging
import struct
from collections.abc import Awaitable, Hashable, Mapping
from time import perf_counter
from typing import NamedTuple

from kdns.answering import admission, edns
from kdns.answering.blocks import Block, block_of
from kdns.answering.clients import Client
from kdns.answering.encoding import QUESTION_FIXED, TC, head
from kdns.answering.plugin import Exchange
from kdns.answering.prepared import Prepared, spoken
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response
from kdns.answering.shapes import Shapes
from kdns.answering.table import AnswerTable, question_key
from kdns.wire import codes
from kdns.wire.names import Name, fold

log = logging.getLogger("kdns.answering")

MAX_HOPS = 10

_FOREIGN = 8
"""Part of the variant of queries with options that answers may depend on; nothing is remembered for them."""


class _Asked(NamedTuple):
    """A query on the careful path, and what has to be known about it once it is answered."""

    query: Query
    block: Block
    kind: int
    address: tuple[str, int]
    received: int
    begun: float


class Responder:
    """Answers packets from its server blocks: folded origin → block.

    The longest origin at or above QNAME decides; names outside all of them are REFUSED. `panics` counts the
    packets that met a defect.
    """

    def __init__(self, table: AnswerTable) -> None:
        self.table = table
        self.blocks: Mapping[Name, Block] = {}
        self.panics = 0
        self._classes: dict[Hashable, int] = {}
        self._shapes = Shapes(is_stream=False), Shapes(is_stream=True)

    def respond(self, packet: bytes, client: Client) -> "bytes | Awaitable[bytes | None] | None":
        """Return the response to one packet, None for silence, or an awaitable of either. Never raises.

        What most clients ask is asked by others in the same octets, and found at once.
        """
        known = self.table.verbatim[client.kind].get(packet[2:])
        if known is not None:
            return packet[:2] + spoken(known)
        try:
            return self.recall(packet, client.kind) or self._respond_carefully(packet, client)
        except Exception:  # noqa: BLE001 -- the last line of defence; it is logged
            return self._fail(packet)

    def recall(self, packet: bytes, kind: int) -> bytes | None:
        """Return the response to a plain query whose answer is in the table, else None.

        The question ends at the first zero octet: a key that matches up to there is a well-formed name
        without one, so that no label has to be looked at.
        """
        end = packet.find(0, admission.HEADER) + 1 + QUESTION_FIXED
        question = packet[admission.HEADER : end]
        table = self.table
        entry = table.entries.get(question)
        is_folded = entry is not None
        if entry is None:
            entry = table.entries.get(question_key(question))
            if entry is None or entry.is_case_bound:
                return None
        around = packet[2 : admission.HEADER] + packet[end:]
        shape = self._shapes[kind & 1].of(around)
        if shape is None:
            return None
        if entry.is_live and (entry.stamp != table.stamp or (shape.variant and entry.is_bound)):
            entry = table.find(entry.key, shape.variant)
        if entry is None or entry.size > shape.room or entry.is_watched:
            return None
        tally = entry.tally(kind, bool(shape.opt), shape.has_do)
        known = entry.verbatim(shape.head_index, question, shape.opt, tally)
        if is_folded:  # spellings of a name are too many to keep
            table.keep_verbatim(kind, packet[2:], known, entry)
        return packet[:2] + spoken(known)

    def resolve(self, query: Query, name: Name) -> Outcome:
        """Ask the server's own chains on behalf of `query` for another name: where a CNAME leads."""
        if query.hops >= MAX_HOPS:
            return Response(codes.SERVFAIL, remember=False)
        asked = query._replace(name=name, hops=query.hops + 1)
        return block_of(asked, self.blocks).ask(asked)

    def _respond_carefully(self, packet: bytes, client: Client) -> "bytes | Awaitable[bytes | None] | None":
        query = admission.judge(packet)
        if not isinstance(query, Query):
            return query
        if query.edns and query.edns.version and query.rdclass == codes.IN:
            return _bad_version(query)
        begun, kind = perf_counter(), client.kind
        if kind & 1:
            query = query._replace(is_stream=True)
        block = block_of(query, self.blocks)
        address = client.address if block.observers or block.classify else ("", 0)
        if block.classify:
            query = query._replace(client=address[0])
        asked = _Asked(query, block, kind, address, len(packet), begun)
        entry = self._find(query, block)
        if isinstance(entry, Prepared):
            return self._finish(asked, entry)
        return self._finish_later(asked, entry)

    def _class_of(self, query: Query, block: Block) -> bytes:
        """Return what is added to keys where answers depend on the client: no question's octets end so."""
        if block.classify is None:
            return b""
        number = self._classes.setdefault(block.classify(query.client), len(self._classes))
        return b"c" + number.to_bytes(4, "big")

    async def _finish_later(self, asked: _Asked, waiting: Awaitable[Prepared]) -> bytes | None:
        try:
            return self._finish(asked, await waiting)
        except Exception:
            self.panics += 1
            log.exception("no answer to %r", asked.query)
            return self._finish(asked, _servfail(asked.query))

    def _find(self, query: Query, block: Block) -> Prepared | Awaitable[Prepared]:
        """Return the answer in the table, or the one that the chain gives, remembered if it may be."""
        key = question_key(_question(query)) + self._class_of(query, block)
        folded = fold(query.name)
        is_folded = folded == query.name
        kind = query.variant | (_FOREIGN if edns.has_foreign_options(query.edns) else 0)
        entry = self.table.find(key, kind) or self._ask(
            query if is_folded else query._replace(name=folded), block, kind, True
        )
        if not is_folded and isinstance(entry, Prepared) and entry.is_case_bound:
            return self._ask(query, block, kind, False)
        return entry

    def _ask(
        self, query: Query, block: Block, kind: int, may_remember: bool
    ) -> Prepared | Awaitable[Prepared]:
        response = block.ask(query)
        if isinstance(response, Response):
            return self._prepare(query, block, response, kind, may_remember)
        return self._prepare_later(query, block, response, kind, may_remember, self.table.version)

    async def _prepare_later(
        self,
        query: Query,
        block: Block,
        waiting: Awaitable[Response],
        kind: int,
        may_remember: bool,
        version: int,
    ) -> Prepared:
        response = await waiting
        is_late = self.table.has_forgotten(response.tags, version)
        return self._prepare(query, block, response, kind, may_remember and not is_late)

    def _prepare(
        self, query: Query, block: Block, response: Response, kind: int, may_remember: bool
    ) -> Prepared:
        table = self.table
        question = _question(query)
        entry = Prepared(
            question,
            response,
            table.serial,
            table.second,
            zone=block.zone,
            is_watched=bool(block.observers),
            variant=kind,
            client_class=self._class_of(query, block),
        )
        if (
            may_remember
            and response.remember
            and query.opcode == codes.QUERY
            and b"\0" not in query.name[:-1]
            and not (entry.is_bound and kind & _FOREIGN)
        ):
            table.remember(entry)
        return entry

    def _finish(self, asked: _Asked, entry: Prepared) -> bytes:
        """Encode the answer to the client's limits, count it, and show it to those who observe."""
        query, table = asked.query, self.table
        if entry.is_live and entry.stamp != table.stamp and entry.refreshed(table.serial, table.second):
            entry.stamp = table.stamp
        turn = entry.turn
        entry.turn = turn + 1
        response = _encode(query, entry, turn)
        for count in entry.counts:
            count.value += 1
        block, seconds = asked.block, perf_counter() - asked.begun
        if block.zone is not None:
            self.table.traffic.add(
                block.zone,
                asked.kind,
                query.type,
                entry.flags & 0xF,
                query.has_do,
                asked.received,
                len(response),
                seconds,
            )
        for observe in block.observers:
            observe(Exchange(query, asked.address, query.is_stream, asked.received, response, seconds))
        return response

    def _fail(self, packet: bytes) -> bytes | None:
        """A defect of ours met this packet: say SERVFAIL, tell the log, live on (answers.md, C-120)."""
        self.panics += 1
        log.exception("no answer to the packet %s", packet[:512].hex())
        query = admission.judge(packet)
        return _encode(query, _servfail(query), 0) if isinstance(query, Query) else None


def _encode(query: Query, entry: Prepared, turn: int) -> bytes:
    limit = edns.limit(query.edns.udp_size if query.edns else 0, query.is_stream)
    question = _question(query)
    room = limit - admission.HEADER - len(question)
    opt = edns.response_opt(query.edns, room)
    body, counts, is_truncated = entry.fitted(room - len(opt), turn)
    flags = query.echoed_flags | entry.flags | (TC if is_truncated else 0)
    return query.id + head(flags, counts, bool(opt)) + question + body + opt


def _question(query: Query) -> bytes:
    return query.name + struct.pack("!HH", query.type, query.rdclass)


def _servfail(query: Query) -> Prepared:
    return Prepared(_question(query), Response(codes.SERVFAIL, remember=False), 0)


def _bad_version(query: Query) -> bytes:
    """RFC 6891, section 6.1.3: BADVERS, whose upper bits are in the OPT, with the version that is spoken."""
    flags = query.echoed_flags | codes.BADVERS & 0xF
    return query.id + head(flags, (0, 0, 0), True) + _question(query) + edns.BAD_VERSION
