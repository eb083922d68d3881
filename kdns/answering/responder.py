"""The responder: one function from a packet to its response, by the fast path or the careful one.

Fast: a plain question whose answer is in the table is spliced from bytes. Careful: everything else. Both end
in the same Prepared answers, and must agree to the octet.
"""

import logging
import struct
from collections.abc import Awaitable, Mapping
from typing import NamedTuple

from kdns.answering import admission, edns
from kdns.answering.chain import Handler, Outcome, Response, refuse
from kdns.answering.clients import Client
from kdns.answering.encoding import HEAD_FLAGS, QUESTION_FIXED, Prepared, head, spoken
from kdns.answering.queries import Query
from kdns.answering.table import AnswerTable, question_key
from kdns.wire import codes
from kdns.wire.names import Name, fold, longest_suffix

log = logging.getLogger("kdns.answering")

MAX_HOPS = 10

_MOST_SHAPES = 4096
_MOST_VERBATIM, _LONGEST_VERBATIM = 16384, 512
"""How many whole responses are kept, and up to which length in octets: some 10 MiB at the most."""


class _Shape(NamedTuple):
    """What a plain query's octets around the question decide: which head, how much room, which OPT."""

    head_index: int
    room: int
    opt: bytes


class Responder:
    """Answers packets from its server blocks: folded origin → handler of the block's chain.

    The longest origin at or above QNAME decides; names outside all of them are REFUSED.
    """

    def __init__(self, table: AnswerTable) -> None:
        self.table = table
        self.blocks: Mapping[Name, Handler] = {}
        self._shapes: tuple[dict[bytes, _Shape], dict[bytes, _Shape]] = ({}, {})

    def respond(self, packet: bytes, client: Client) -> "bytes | Awaitable[bytes | None] | None":
        """Return the response to one packet, None for silence, or an awaitable of either. Never raises.

        What most clients ask is asked by others in the same octets, and found at once.
        """
        known = self.table.verbatim[client.is_stream].get(packet[2:])
        if known is not None:
            return packet[:2] + spoken(known)
        try:
            return self.recall(packet, client.is_stream) or self._respond_carefully(packet, client.is_stream)
        except Exception:  # noqa: BLE001 -- the last line of defence; it is logged
            return self._fail(packet)

    def recall(self, packet: bytes, is_stream: bool) -> bytes | None:
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
        shape = self._shapes[is_stream].get(around) or self._learn_shape(around, is_stream)
        if shape is None or entry.size > shape.room:
            return None
        if entry.serial_at is not None and entry.serial != table.serial:
            entry.set_serial(table.serial)
        known = entry.verbatim(shape.head_index, question, shape.opt)
        if is_folded and entry.size <= _LONGEST_VERBATIM:  # spellings of a name are too many to keep
            verbatim = table.verbatim[is_stream]
            if len(verbatim) >= _MOST_VERBATIM:
                verbatim.clear()
            verbatim[packet[2:]] = known
        return packet[:2] + spoken(known)

    def resolve(self, query: Query, name: Name) -> Outcome:
        """Ask the server's own chains on behalf of `query` for another name: where a CNAME leads."""
        if query.hops >= MAX_HOPS:
            return Response(codes.SERVFAIL, remember=False)
        asked = query._replace(name=name, hops=query.hops + 1)
        return self._block_of(name)(asked)

    def _learn_shape(self, around: bytes, is_stream: bool) -> _Shape | None:
        """Return the shape of a query with these octets around its question, None if it is not plain."""
        flags, questions, *records = struct.unpack("!HHHHH", around[:10])
        opt = around[10:]
        if questions != 1 or flags & ~0x0130 or records != [0, 0, 1 if opt else 0]:
            return None
        size = edns.plain_udp_size(opt) if opt else 0
        if size is None:
            return None
        echoed = HEAD_FLAGS.index(0x8000 | flags & 0x0110)
        shape = _Shape(echoed * 2 + bool(opt), edns.limit(size, is_stream) - len(opt), opt)
        shapes = self._shapes[is_stream]
        if len(shapes) < _MOST_SHAPES:
            shapes[around] = shape
        return shape

    def _respond_carefully(self, packet: bytes, is_stream: bool) -> "bytes | Awaitable[bytes | None] | None":
        verdict = admission.judge(packet)
        if not isinstance(verdict, Query):
            return verdict
        if verdict.edns and verdict.edns.version and verdict.rdclass == codes.IN:
            return _bad_version(verdict)
        entry = self._find(verdict)
        if isinstance(entry, Prepared):
            return self._encode(verdict, entry, is_stream)
        return self._encode_later(verdict, entry, is_stream)

    async def _encode_later(
        self, query: Query, waiting: Awaitable[Prepared], is_stream: bool
    ) -> bytes | None:
        try:
            return self._encode(query, await waiting, is_stream)
        except Exception:
            log.exception("no answer to %r", query)
            return self._encode(query, _servfail(query), is_stream)

    def _find(self, query: Query) -> Prepared | Awaitable[Prepared]:
        """Return the answer in the table, or the one that the chain gives, remembered if it may be."""
        key = question_key(_question(query))
        folded = fold(query.name)
        is_folded = folded == query.name
        entry = self.table.entries.get(key) or self._ask(
            query if is_folded else query._replace(name=folded), key
        )
        if not is_folded and isinstance(entry, Prepared) and entry.is_case_bound:
            return self._ask(query, None)
        return entry

    def _ask(self, query: Query, key: bytes | None) -> Prepared | Awaitable[Prepared]:
        if query.rdclass != codes.IN:
            response: Outcome = Response(codes.REFUSED)
        else:
            response = self._block_of(query.name)(query)
        if isinstance(response, Response):
            return self._prepare(query, response, key)
        return self._prepare_later(query, response, key, self.table.version)

    async def _prepare_later(
        self, query: Query, waiting: Awaitable[Response], key: bytes | None, version: int
    ) -> Prepared:
        response = await waiting
        is_late = self.table.has_forgotten(response.tags, version)
        return self._prepare(query, response, None if is_late else key)

    def _prepare(self, query: Query, response: Response, key: bytes | None) -> Prepared:
        entry = Prepared(_question(query), response, self.table.serial)
        if (
            key is not None
            and response.remember
            and query.opcode == codes.QUERY
            and b"\0" not in query.name[:-1]
        ):
            self.table.remember(entry)
        return entry

    def _block_of(self, name: Name) -> Handler:
        return longest_suffix(fold(name), self.blocks) or refuse

    def _encode(self, query: Query, entry: Prepared, is_stream: bool) -> bytes:
        if entry.serial_at is not None and entry.serial != self.table.serial:
            entry.set_serial(self.table.serial)
        turn = entry.hits
        entry.hits = turn + 1
        question = _question(query)
        limit = edns.limit(query.edns.udp_size if query.edns else 0, is_stream)
        room = limit - admission.HEADER - len(question)
        opt = edns.response_opt(query.edns, room)
        body, counts, is_truncated = entry.fitted(room - len(opt), turn)
        octets = head(query.echoed_flags | entry.flags, counts, bool(opt), is_truncated)
        return query.id + octets + question + body + opt

    def _fail(self, packet: bytes) -> bytes | None:
        """A defect of ours met this packet: say SERVFAIL, tell the log, live on (answers.md, C-120)."""
        log.exception("no answer to the packet %s", packet[:512].hex())
        query = admission.judge(packet)
        return self._encode(query, _servfail(query), False) if isinstance(query, Query) else None


def _question(query: Query) -> bytes:
    return query.name + struct.pack("!HH", query.type, query.rdclass)


def _servfail(query: Query) -> Prepared:
    return Prepared(_question(query), Response(codes.SERVFAIL, remember=False), 0)


def _bad_version(query: Query) -> bytes:
    """RFC 6891, section 6.1.3: BADVERS, whose upper bits are in the OPT, with the version that is spoken."""
    octets = head(query.echoed_flags | codes.BADVERS & 0xF, (0, 0, 0), True, False)
    return query.id + octets + _question(query) + edns.BAD_VERSION
