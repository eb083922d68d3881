"""Whatever an upstream sends, through a whole chain: every answer is a valid one or SERVFAIL, nothing panics,
and nothing is remembered under a name that was not asked for.
"""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random

import dns.message
import pytest

from kdns.answering.prepared import Prepared
from kdns.answering.responder import Responder
from kdns.answering.responses import from_reply
from kdns.answering.table import AnswerTable
from kdns.cluster.state import ClusterState
from kdns.wire.replies import question_end, read_reply
from tests.app.generations import answer, defects, generation
from tests.builders import TCP, UDP, build_query, cluster_ip, external, namespace, state_of
from tests.upstreams.dummies import both_dummies
from tests.upstreams.evil import EVIL, FRAMES, REPLIES, VICTIMS, question, script

COREFILE = """
.:53 {{
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        pods insecure
    }}
    forward . {upstream} {{
        read_timeout 300ms
        max_connect_attempts 1
        max_fails 0
    }}
    {more}
}}
"""
MORE = (
    "cache 30\nloadbalance",
    "loadbalance {\n prefer 10.0.0.0/9 6.0.0.0/8\n}\nlog",
    "cache {\nserve_stale\n}",
)


def with_externals(kind: str) -> ClusterState:
    """Return a cluster with a Service whose name leads to one that is answered in this way."""
    return state_of(
        namespace("ns"), cluster_ip("web", "10.0.0.1"), external(kind, f"{kind}.ext.outside.test")
    )


def questions(kind: str) -> list[bytes]:
    """Return queries that an upstream answers in this way."""
    names = (f"{kind}.1.Outside.test.", f"{kind}.ns.svc.cluster.local.")
    sizes = (65535,) if kind.startswith("many") else (None, 1232, 65535)
    return [
        build_query(name, qtype, edns=size, do=bool(size), id=number).to_wire()
        for number, name in enumerate(names)
        for qtype in (("A",) if kind.startswith("many") else ("A", "SRV"))
        for size in sizes
    ]


async def check_victims(responder: Responder) -> None:
    """Ask for what was never answered wrongly for itself."""
    for victim in VICTIMS:
        for client in (UDP, TCP):
            for qtype in ("A", "ANY", "PTR"):
                response = await answer(responder, build_query(victim, qtype).to_wire(), client)
                assert response is not None
                assert EVIL not in response
                if qtype == "A" and victim != VICTIMS[2]:
                    message = dns.message.from_wire(response)
                    addresses = [rdata.address for rrset in message.answer for rdata in rrset]
                    assert addresses in (["192.0.2.1"], ["10.0.0.1"])


async def storm(responder: Responder, packets: list[bytes]) -> None:
    """Ask all at once, over both transports, and once more: what is remembered must be valid, too."""
    for _ in range(2):
        await asyncio.gather(
            *(answer(responder, packet, client) for packet in packets for client in (UDP, TCP))
        )


@pytest.mark.parametrize("kind", REPLIES)
async def test_no_reply_of_an_upstream_makes_an_answer_that_is_none(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    dice = Random(kind)
    async with both_dummies(script(dice), script(dice)) as (upstream, _), AsyncExitStack() as stack:
        responders = list[Responder]()
        for more in MORE:
            text = COREFILE.format(upstream=upstream.address, more=more)
            made = await stack.enter_async_context(generation(text, with_externals(kind)))
            responders += made.responders.values()
        await asyncio.gather(*(storm(responder, questions(kind)) for responder in responders))
        for responder in responders:
            await check_victims(responder)
    assert not defects(caplog)


@asynccontextmanager
async def framing(kind: str) -> AsyncIterator[int]:
    """Serve a stream that frames its replies as FRAMES says; give its port."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        try:
            while size := await reader.readexactly(2):
                query = await reader.readexactly(int.from_bytes(size, "big"))
                for step in FRAMES[kind](query):
                    if isinstance(step, str):
                        writer.close()
                        return
                    writer.write(step)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1")
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.close()


@pytest.mark.parametrize("kind", FRAMES)
async def test_no_framing_of_an_upstream_does_harm(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    async with framing(kind) as port:
        text = COREFILE.format(upstream=f"127.0.0.1:{port}", more=MORE[0])
        async with generation(text, with_externals(kind)) as made:
            (responder,) = made.responders.values()
            for packet in questions(kind)[:12]:
                response = await answer(responder, packet, TCP)
                assert response is not None
                assert EVIL not in response
    assert not defects(caplog)


def test_the_answer_table_takes_no_more_memory_than_it_may() -> None:
    limit = 4 << 20
    table = AnswerTable(limit=limit)
    tracemalloc.start()
    try:
        for number in range(40):
            query = build_query(f"many-empty.{number}.outside.test.").to_wire()
            (octets,) = REPLIES["many-empty"](query, Random(0))
            assert isinstance(octets, bytes)
            reply = read_reply(octets, query, question_end(query), query[:2])
            response = from_reply(reply)._replace(remember=True, lifetime=30)
            table.remember(Prepared(question(query), response, 0))
        assert len(table.entries) > 5
        assert tracemalloc.get_traced_memory()[0] < 1.5 * limit
    finally:
        tracemalloc.stop()
