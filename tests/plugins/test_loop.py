"""`loop`: what it counts, when it is off, and that it finds a real loop."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from kdns.answering.blocks import Block
from kdns.answering.chain import Rest
from kdns.answering.plugin import Address, Plugin
from kdns.answering.queries import CD, Query
from kdns.answering.responder import Responder
from kdns.answering.responses import Outcome, Response
from kdns.answering.table import AnswerTable
from kdns.plugins import loop
from kdns.plugins.forward import Forward
from kdns.plugins.loop import Loop
from kdns.servers.addresses import ListenAddress
from kdns.servers.limits import Quota
from kdns.servers.listeners import open_listeners
from kdns.wire import codes
from kdns.wire.names import ROOT, Name, from_text, labels
from tests.plugins.lent import FakeProcess, lent, refusal
from tests.upstreams.dummies import Dummy, closed_port, silent, udp_dummy, until

HOST = "127.0.0.1"


class Next:
    """The rest of the chain: remembers what it was asked."""

    name = "next"

    def __init__(self) -> None:
        self.queries: list[Query] = []

    def respond(self, query: Query, rest: Rest) -> Outcome:
        self.queries.append(query)
        return Response(codes.NXDOMAIN)


def refuse(query: Query, name: Name) -> Response:
    return Response(codes.REFUSED)


def asked(plugin: Loop, name: Name, qtype: int = codes.HINFO, flags: int = 0) -> tuple[Response, list[Query]]:
    """Return what is answered to a query, and what was passed on."""
    rest = Next()
    response = plugin.respond(Query(b"\0\1", flags, name, qtype), Rest([rest], refuse))
    assert isinstance(response, Response)
    return response, rest.queries


async def own_name(plugin: Loop, dummy: Dummy) -> Name:
    """Return the name that the plugin asks its server for, which is a dummy."""
    await until(lambda: dummy.queries)
    return Name(dummy.queries[0][12:-4])


@asynccontextmanager
async def running(plugin: Plugin) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(plugin.run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


REFUSED = [
    ("loop x", "2:6: found 1 argument of 'loop', expected none"),
    ("loop {\nx\n}", "2:1: found a block after 'loop', expected the end of the line"),
    ("loop\nloop", "3:1: found a second 'loop', expected one in a server block, that at Corefile:2:1"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_coredns_refuses_is_refused(text: str, message: str) -> None:
    assert refusal(Loop, text) == message


@asynccontextmanager
async def asking(
    zones: str = ".", process: FakeProcess | None = None
) -> AsyncIterator[tuple[Loop, Name, Dummy]]:
    """Run a plugin whose server never answers; yield it, the name that it asks for, and that server."""
    async with udp_dummy(silent) as dummy:
        plugin = lent(Loop, "loop", process, [tuple(dummy.address)], zones)
        async with running(plugin):
            yield plugin, await own_name(plugin, dummy), dummy


@pytest.mark.parametrize(
    ("zones", "zone"),
    [(".", "."), ("Example.org", "example.org."), ("b.example a.example", "b.example.")],
)
async def test_it_asks_for_a_name_of_its_own_in_the_first_zone(zones: str, zone: str) -> None:
    async with asking(zones) as (_, name, dummy):
        query = dummy.queries[0]
        first, second, *rest = labels(name)
        assert first.isdigit()
        assert second.isdigit()
        assert rest == labels(from_text(zone))
        assert query[2:12] == bytes.fromhex("0100 0001 0000 0000 0000")
        assert query[-4:] == bytes.fromhex("000d 0001")


async def test_the_third_time_is_a_loop(caplog: pytest.LogCaptureFixture) -> None:
    process = FakeProcess()
    async with asking("example.org", process) as (plugin, name, dummy):
        for _ in range(2):
            response, passed_on = asked(plugin, name)
            assert (response.rcode, response.remember) == (codes.NXDOMAIN, False)
            assert len(passed_on) == 1
        assert process.reasons == []
        response, passed_on = asked(plugin, Name(name.upper()))
        assert (response.rcode, response.remember, passed_on) == (codes.SERVFAIL, False, [])
    host, port = dummy.address
    first, second = (label.decode() for label in labels(name)[:2])
    (reason,) = process.reasons
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [("CRITICAL", reason)]
    assert re.sub(r"^Loop \(127\.0\.0\.1:\d+ ->", "Loop (SENDER ->", reason) == (
        f'Loop (SENDER -> {host}:{port}) detected for zone "example.org.", '
        "see https://coredns.io/plugins/loop#troubleshooting. "
        f'Query: "HINFO {first}.{second}.example.org."'
    )


async def test_other_queries_do_not_count_and_are_passed_on_as_they_are() -> None:
    process = FakeProcess()
    async with asking(process=process) as (plugin, name, _):
        for other, qtype in [(name, codes.A), (from_text("1.2."), codes.HINFO), (ROOT, codes.HINFO)] * 3:
            response, (passed_on,) = asked(plugin, other, qtype)
            assert (response, passed_on.flags) == (Response(codes.NXDOMAIN), 0)
    assert process.reasons == []


async def test_two_in_a_row_are_passed_on_as_different_queries() -> None:
    async with asking() as (plugin, name, _):
        flags = [asked(plugin, name, flags=before)[1][0].flags for before in (CD, CD)]
    assert flags == [CD, 0]


async def test_any_response_switches_it_off() -> None:
    process = FakeProcess()
    async with udp_dummy(lambda query: [b"?", query[:2] + b"\x81\x82" + query[4:]]) as dummy:
        plugin = lent(Loop, "loop", process, [tuple(dummy.address)])
        await plugin.run()
        name = await own_name(plugin, dummy)
    for _ in range(4):
        response, (passed_on,) = asked(plugin, name)
        assert (response, passed_on.flags) == (Response(codes.NXDOMAIN), 0)
    assert process.reasons == []


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_TIMEOUT", 0.02)
    monkeypatch.setattr(loop, "_PAUSE", 0.01)


async def test_without_a_response_it_tries_again_and_counts_anew(hasty: None) -> None:
    process = FakeProcess()
    async with asking(process=process) as (plugin, name, dummy):
        for number in (1, 2, 3):
            await until(lambda number=number: len(dummy.queries) >= number)
            asked(plugin, name)
            seen = len(dummy.queries)
            await until(lambda seen=seen: len(dummy.queries) > seen)
        assert {query[12:] for query in dummy.queries} == {dummy.queries[0][12:]}
    assert process.reasons == []


async def test_after_its_time_it_is_off(hasty: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_TRY_SECONDS", 0.03)
    with closed_port() as address:
        await lent(Loop, "loop", listen=[tuple(address)]).run()


def test_a_zone_that_leaves_no_room_is_refused() -> None:
    zone = ".".join(["a" * 60] * 4)
    assert refusal(Loop, "loop", zone).endswith("name longer than 255 octets), expected a shorter one")


@asynccontextmanager
async def serving(plugins_at: Callable[[Address], list[Plugin]]) -> AsyncIterator[list[Plugin]]:
    """Serve a chain of plugins on a free port of loopback."""
    responder = Responder(AnswerTable())
    listeners = await open_listeners(ListenAddress(HOST, 0), responder.respond, quota=Quota())
    plugins = plugins_at(listeners[0].address)
    responder.blocks = {ROOT: Block(Rest(plugins, responder.resolve))}
    try:
        yield plugins
    finally:
        for listener in listeners:
            listener.close()
        for plugin in plugins:
            await plugin.close()


async def test_a_server_that_forwards_to_itself_is_found_out() -> None:
    process = FakeProcess()

    def chain(address: Address) -> list[Plugin]:
        return [
            lent(Loop, "loop", process, [address]),
            lent(Forward, f"forward . {address[0]}:{address[1]}"),
        ]

    async with serving(chain) as (plugin, _), running(plugin):
        await until(lambda: process.reasons)
    assert len(process.reasons) == 1


async def test_a_server_whose_upstream_answers_is_fine() -> None:
    process = FakeProcess()
    async with udp_dummy() as dummy:

        def chain(address: Address) -> list[Plugin]:
            return [lent(Loop, "loop", process, [address]), lent(Forward, f"forward . {dummy.address}")]

        async with serving(chain) as (plugin, _):
            await plugin.run()
    assert process.reasons == []
