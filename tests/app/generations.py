"""A generation without its sockets, as a start builds it from a Corefile; what must hold for its answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from kdns.answering import admission, edns
from kdns.answering.queries import Query
from kdns.answering.responder import Responder
from kdns.answering.traffic import Traffic
from kdns.app.generation import Generation
from kdns.app.planning import plan
from kdns.cluster.events import Tag
from kdns.cluster.state import ClusterState
from kdns.cluster.wish import ClusterWish
from kdns.corefile.digest import fingerprint
from kdns.corefile.errors import CorefileError
from kdns.corefile.parsing import parse_corefile
from tests.builders import Sender
from tests.plugins.drawn import ENVIRONMENT
from tests.plugins.lent import FakeProcess
from tests.upstreams.evil import well_formed


class Seen:
    """A cluster that is there."""

    def __init__(self, state: ClusterState) -> None:
        self.state = state

    def forbidden(self) -> frozenset[str]:
        return frozenset()


@asynccontextmanager
async def generation(text: str, state: ClusterState) -> AsyncIterator[Generation]:
    """Build what a Corefile asks for, as a start does; at the end nothing may have panicked."""
    read = parse_corefile(text, "Corefile", ENVIRONMENT)
    problems: list[CorefileError] = []
    made: list[Generation] = []

    def cluster(wish: ClusterWish) -> Seen:
        return Seen(state)

    def forget(tags: frozenset[Tag]) -> None:
        for each in made:
            each.forget(tags)

    planned = plan(read, FakeProcess(), cluster, forget, problems)
    assert problems == []
    addresses = [place for each in planned for key in each.block.keys for place in each.addresses(key)]
    traffic = {address: Traffic(f"dns://{address}") for address in addresses}
    made.append(Generation(fingerprint(read), planned, traffic))
    try:
        yield made[0]
    finally:
        await made[0].end()
    assert made[0].panics == 0, "no packet may meet a defect"
    list(made[0].measure()), list(made[0].enabled()), made[0].pages()


async def answer(responder: Responder, packet: bytes, client: Sender) -> bytes | None:
    """Ask, and check of the response what holds for every one."""
    found = responder.respond(packet, client)  # type: ignore[arg-type]
    response = found if isinstance(found, bytes) or found is None else await found
    if response is None:
        return None
    query = admission.judge(packet)
    assert response[:2] == packet[:2]
    assert response[2] & 0x80
    size = query.edns.udp_size if isinstance(query, Query) and query.edns else 0
    assert len(response) <= edns.limit(size, client.is_stream)
    if isinstance(query, Query):
        end = 12 + len(query.name) + 4
        assert response[4:6] == b"\0\1"
        assert response[12:end] == packet[12:end]
    well_formed(response)
    return response


def defects(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the tracebacks that kdns has logged."""
    return [
        str(record.exc_info[1]) for record in caplog.records if record.exc_info and record.name[:4] == "kdns"
    ]
