"""A query on the careful path, and what is told about it once it is answered."""

from time import perf_counter
from typing import NamedTuple

from kdns.answering.blocks import Block
from kdns.answering.plugin import Exchange
from kdns.answering.prepared import Prepared
from kdns.answering.queries import Query
from kdns.answering.traffic import Traffic


class Asked(NamedTuple):
    """What has to be known of a query later. `kind` and `address` are its client's, `received` its length in
    octets, `begun` when it came."""

    query: Query
    block: Block
    kind: int
    address: tuple[str, int]
    received: int
    begun: float


def note(asked: Asked, entry: Prepared, traffic: Traffic, response: bytes | None, sent: int) -> None:
    """Count an answer of so many octets, and show it to those who observe."""
    for count in entry.counts:
        count.value += 1
    query, block, seconds = asked.query, asked.block, perf_counter() - asked.begun
    if block.zone is not None:
        traffic.add(
            block.zone,
            asked.kind,
            query.type,
            entry.flags & 0xF,
            query.has_do,
            asked.received,
            sent,
            seconds,
        )
    for observe in block.observers:
        observe(Exchange(query, asked.address, query.is_stream, asked.received, response, seconds))
