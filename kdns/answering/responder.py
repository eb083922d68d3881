"""The responder: one function from a packet to its response, by the fast path or the careful one.

Fast: a plain question whose answer is in the table is spliced from bytes. Careful: everything else. Both end
in the same Prepared answers, and must agree to the octet.
"""

import logging
from collections.abc import Awaitable, Iterator, Mapping
from time import perf_counter
from typing import NamedTuple

from kdns.answering import admission, edns
from kdns.answering.asked import Asked, note
from kdns.answering.blocks import NOWHERE, Block, block_of
from kdns.answering.clients import Answer, Client
from kdns.answering.encoding import QUESTION_FIXED
from kdns.answering.messages import bad_version, encode, question_of, servfail
from kdns.answering.prepared import Prepared, spoken
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response
from kdns.answering.shapes import Shapes
from kdns.answering.table import AnswerTable, question_key
from kdns.answering.transfers import Transfer
from kdns.cluster.events import Tag
from kdns.wire import codes
from kdns.wire.names import Name, fold

log = logging.getLogger("kdns.answering")

MAX_HOPS = 10

_FOREIGN = 8
"""Part of the variant of queries with options that answers may depend on; nothing is remembered for them."""

_REFUSED = Response(codes.REFUSED)


class _Sought(NamedTuple):
    """An answer to get from a block: for which variant of the query and which class of clients it is, and
    whether it may be remembered. The class is that of the time of asking: an address may change hands."""

    query: Query
    block: Block
    variant: int
    client_class: bytes
    may_remember: bool


class Responder:
    """Answers packets from its server blocks: folded origin → block.

    The longest origin at or above QNAME decides; names outside all of them are REFUSED. `panics` counts the
    packets that met a defect.
    """

    def __init__(self, table: AnswerTable) -> None:
        self.table = table
        self.blocks: Mapping[Name, Block] = {}
        self.panics = 0
        self._shapes = Shapes(is_stream=False), Shapes(is_stream=True)

    def respond(self, packet: bytes, client: Client) -> Answer | Awaitable[Answer]:
        """Return the answer to one packet, or an awaitable of it. Never raises.

        What most clients ask is asked by others in the same octets, and found at once.
        """
        known = self.table.verbatim[client.kind].get(packet[2:])
        if known is not None:
            return packet[:2] + spoken(known)
        try:
            return self.recall(packet, client.kind) or self._respond_carefully(packet, client)
        except Exception:  # noqa: BLE001 -- the last line of defence; it is logged
            return self._fail(packet)

    def recall(self, packet: bytes, kind: int, client_class: bytes = b"") -> bytes | None:
        """Return the response to a plain query whose answer is in the table, else None.

        `client_class` is what is added to keys for the client. The question ends at the first zero octet: a
        key that matches up to there is a well-formed name without one, so that no label has to be looked at.
        """
        end = packet.find(0, admission.HEADER) + 1 + QUESTION_FIXED
        question = packet[admission.HEADER : end]
        table = self.table
        # To add what is empty would cost a copy each time.
        entry = table.entries.get(question + client_class if client_class else question)
        is_folded = entry is not None
        if entry is None:
            entry = table.entries.get(question_key(question) + client_class)
            if entry is None or entry.is_case_bound:
                return None
        around = packet[2 : admission.HEADER] + packet[end:]
        shape = self._shapes[kind & 1].of(around)
        if shape is None:
            return None
        if entry.is_live and (entry.stamp != table.stamp or (shape.variant and entry.is_bound)):
            entry = table.find(entry.key, shape.variant)
        if entry is None or entry.reach > shape.room or entry.is_watched:
            return None
        tally = entry.tally(kind, bool(shape.opt), shape.has_do)
        known = entry.verbatim(shape.head_index, question, shape.opt, tally)
        if is_folded:  # spellings of a name are too many to keep
            octets = packet[2:]
            table.keep_verbatim(kind, octets + client_class if client_class else octets, known, entry)
        return packet[:2] + spoken(known)

    def forget(self, tags: frozenset[Tag], serial: int) -> None:
        """Forget the answers that carry one of these tags; live serials are `serial` from now on."""
        self.table.forget(tags, serial)

    def resolve(self, query: Query, name: Name) -> Outcome:
        """Ask the server's own chains on behalf of `query` for another name: where a CNAME leads."""
        if query.hops >= MAX_HOPS:
            return Response(codes.SERVFAIL, remember=False)
        asked = query._replace(name=name, hops=query.hops + 1)
        return block_of(asked, self.blocks).ask(asked)

    def _respond_carefully(self, packet: bytes, client: Client) -> Answer | Awaitable[Answer]:
        query = admission.judge(packet)
        if not isinstance(query, Query):
            return query
        block = block_of(query, self.blocks)
        if query.edns and query.edns.version and (query.rdclass == codes.IN or block is not NOWHERE):
            return bad_version(query)
        begun, kind = perf_counter(), client.kind
        if kind & 1:
            query = query._replace(is_stream=True)
        address = client.address if block.observers else ("", 0)
        query = self._from_client(query, client)
        for adjusted in block.adjusting:
            query = adjusted(query)
        asked = Asked(query, block, kind, address, len(packet), begun)
        entry = self._find(query, block)
        if isinstance(entry, Prepared):
            return self._finish(asked, entry)
        return self._finish_later(asked, entry)

    def _from_client(self, query: Query, client: Client) -> Query:
        """Return the query with what of its client the answers depend on: nothing, but for transfers."""
        if query.type not in (codes.AXFR, codes.IXFR):
            return query
        return query._replace(client=client.address[0], port=client.address[1])

    def _class_of(self, query: Query) -> bytes:
        """Return what is added to keys where answers depend on the client."""
        return b""

    async def _finish_later(self, asked: Asked, waiting: Awaitable[Prepared]) -> Answer:
        try:
            return self._finish(asked, await waiting)
        except Exception:
            self.panics += 1
            log.exception("no answer to %r", asked.query)
            return self._finish(asked, servfail(asked.query))

    def _find(self, query: Query, block: Block) -> Prepared | Awaitable[Prepared]:
        """Return the answer in the table, or the one that the chain gives, remembered if it may be."""
        client_class = self._class_of(query)
        key = question_key(question_of(query)) + client_class
        folded = fold(query.name)
        is_folded = folded == query.name
        kind = query.variant | (_FOREIGN if edns.has_foreign_options(query.edns) else 0)
        is_query = query.opcode == codes.QUERY
        entry = (is_query and self.table.find(key, kind)) or self._ask(
            _Sought(query if is_folded else query._replace(name=folded), block, kind, client_class, is_query)
        )
        if not is_folded and isinstance(entry, Prepared) and entry.is_case_bound:
            return self._ask(_Sought(query, block, kind, client_class, False))
        return entry

    def _ask(self, sought: _Sought) -> Prepared | Awaitable[Prepared]:
        response = sought.block.ask(sought.query)
        if isinstance(response, Response):
            return self._prepare(sought, response)
        return self._prepare_later(sought, response, self.table.version)

    async def _prepare_later(self, sought: _Sought, waiting: Awaitable[Response], version: int) -> Prepared:
        response = await waiting
        if self.table.has_forgotten(response.tags, version):
            sought = sought._replace(may_remember=False)
        return self._prepare(sought, response)

    def _prepare(self, sought: _Sought, response: Response) -> Prepared:
        table, query, kind = self.table, sought.query, sought.variant
        question = question_of(query)
        if response.transfer is not None:
            return Transfer(question, response) if query.is_stream else Prepared(question, _REFUSED, 0)
        entry = Prepared(
            question,
            response,
            table.serial,
            table.second,
            zone=sought.block.zone,
            is_watched=bool(sought.block.observers or sought.block.adjusting),
            variant=kind,
            client_class=sought.client_class,
        )
        entry.stamp = table.stamp
        if (
            sought.may_remember
            and response.remember
            and b"\0" not in query.name[:-1]
            and not (entry.is_bound and kind & _FOREIGN)
        ):
            table.remember(entry)
        return entry

    def _finish(self, asked: Asked, entry: Prepared) -> Answer:
        """Encode the answer to the client's limits, count it, and show it to those who observe."""
        query, table = asked.query, self.table
        if isinstance(entry, Transfer):
            return self._transfer(asked, entry)
        if entry.is_live and entry.stamp != table.stamp and entry.refreshed(table.serial, table.second):
            entry.stamp = table.stamp
        turn = entry.turn
        entry.turn = turn + 1
        response = None if entry.is_silent else encode(query, entry, turn)
        note(asked, entry, self.table.traffic, response, len(response or b""))
        return response

    def _transfer(self, asked: Asked, entry: Transfer) -> Iterator[bytes]:
        """Yield the messages of a transfer. Those who observe see its header only: it may be megabytes."""
        sent = 0
        try:
            for message in entry.messages(asked.query):
                sent += len(message)
                yield message
        finally:
            note(asked, entry, self.table.traffic, encode(asked.query, entry, 0), sent)

    def _fail(self, packet: bytes) -> bytes | None:
        """A defect of ours met this packet: say SERVFAIL, tell the log, live on (answers.md, C-120)."""
        self.panics += 1
        log.exception("no answer to the packet %s", packet[:512].hex())
        query = admission.judge(packet)
        return encode(query, servfail(query), 0) if isinstance(query, Query) else None
