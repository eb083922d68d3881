"""tests.apiserver.failures: each thing that can go wrong does, once, to the request that it is meant for."""

import asyncio

import aiohttp
import pytest

from tests.apiserver.asking import SERVICES, WATCH_LIST, Answer, Asker, next_event, summary
from tests.apiserver.builders import service
from tests.apiserver.failures import (
    ERROR_WITHOUT_REASON,
    HTML_PAGE,
    NAMELESS,
    UNKNOWN_TYPE,
    VERSIONLESS,
    Close,
    CutBody,
    CutLine,
    End,
    Error,
    Event,
    Fail,
    Failure,
    Garbage,
    InStream,
    LongLine,
    Replay,
    Silence,
    Slow,
    Stall,
    Storm,
)
from tests.apiserver.fake import FakeApiServer

LIST: dict[str, str] = {}
WATCH = {"watch": "1", "timeoutSeconds": "1"}


@pytest.fixture(autouse=True)
def two_services(server: FakeApiServer) -> None:
    server.put(service("shop/a"), service("shop/b"))


async def lines_with(server: FakeApiServer, *failures: Failure) -> list[str]:
    """Return the lines of a watch that the failures meet; it begins with two objects."""
    server.script(*failures, verb="watch")
    return (await watch(server)).text.splitlines()


async def watch(server: FakeApiServer) -> Answer:
    """Return what a watch of services begins with."""
    asking = asyncio.create_task(Asker(server.url).ask(SERVICES, watch="1"))
    watched = asyncio.create_task(server.watched("services"))
    await asyncio.wait({asking, watched}, return_when=asyncio.FIRST_COMPLETED)
    watched.cancel()
    server.drop_watches()
    return await asking


async def is_healthy(asker: Asker) -> bool:
    return (await asker.ask(SERVICES)).names == ["a", "b"]


# In place of an answer


@pytest.mark.parametrize(
    ("failure", "code", "reason"),
    [
        (Fail(400), 400, "BadRequest"),
        (Fail(401), 401, "Unauthorized"),
        (Fail(403), 403, "Forbidden"),
        (Fail(404), 404, "NotFound"),
        (Fail(410), 410, "Expired"),
        (Fail(500), 500, "InternalError"),
        (Fail(503), 503, "ServiceUnavailable"),
        (Fail(504), 504, "Timeout"),
        (Fail(410, body={"kind": "Status", "reason": "Gone", "code": 410}), 410, "Gone"),
    ],
)
@pytest.mark.parametrize("query", [LIST, WATCH])
async def test_a_code_comes_with_its_status(
    server: FakeApiServer, asker: Asker, failure: Fail, code: int, reason: str, query: dict[str, str]
) -> None:
    server.script(failure)
    answer = await asker.ask(SERVICES, **query)
    assert (answer.code, answer.tree["reason"]) == (code, reason)


@pytest.mark.parametrize(
    ("failure", "code", "retry_after", "text"),
    [
        (Fail(429), 429, "1", "Too many requests, please try again later.\n"),
        (Fail(429, retry_after=7), 429, "7", "Too many requests, please try again later.\n"),
        (Fail(502, body=HTML_PAGE), 502, None, HTML_PAGE),
        (Fail(200, body=HTML_PAGE), 200, None, HTML_PAGE),
    ],
)
async def test_a_code_may_come_with_text_and_advice(
    server: FakeApiServer, asker: Asker, failure: Fail, code: int, retry_after: str | None, text: str
) -> None:
    server.script(failure)
    answer = await asker.ask(SERVICES)
    assert (answer.code, answer.headers.get("Retry-After"), answer.text) == (code, retry_after, text)


@pytest.mark.parametrize("failure", [Close(), Close("reset"), Stall(0, headers=False)])
@pytest.mark.parametrize("query", [LIST, WATCH])
async def test_a_connection_may_end_before_any_header(
    server: FakeApiServer, asker: Asker, failure: Failure, query: dict[str, str]
) -> None:
    server.script(failure, failure)  # as aiohttp asks a second time by itself
    with pytest.raises(aiohttp.ClientConnectionError):
        await asker.ask(SERVICES, **query)
    assert await is_healthy(asker)


@pytest.mark.parametrize("query", [LIST, WATCH])
async def test_a_stalled_answer_has_headers_and_nothing_else(
    server: FakeApiServer, asker: Asker, query: dict[str, str]
) -> None:
    server.script(Stall())
    async with asker.open(SERVICES, **query) as response:
        assert response.status == 200
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(response.content.readany(), 0.05)
    assert await is_healthy(asker)


async def test_a_server_with_stalled_answers_can_be_stopped(server: FakeApiServer, asker: Asker) -> None:
    server.script(Stall(headers=False), Silence())
    tasks = [asyncio.create_task(asker.ask(SERVICES, **query)) for query in (WATCH_LIST, WATCH_LIST)]
    await server.until(lambda: server.scripted == 0)
    await server.stop()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(outcome, aiohttp.ClientError)


# The answer, but not as it should be


async def test_a_list_may_be_cut(server: FakeApiServer, asker: Asker) -> None:
    server.script(CutBody(), CutBody(0.0, "reset"))
    for _ in range(2):
        with pytest.raises(aiohttp.ClientError):
            await asker.ask(SERVICES)
    assert await is_healthy(asker)


async def test_a_slow_answer_is_whole(server: FakeApiServer, asker: Asker) -> None:
    whole = [(await asker.ask(SERVICES)).text, (await watch(server)).text]
    server.script(Slow(size=7), Slow(size=1))
    assert [(await asker.ask(SERVICES)).text, (await watch(server)).text] == whole
    assert server.scripted == 0


# In a stream


@pytest.mark.parametrize(
    ("failure", "events"),
    [
        (End(), ["ADDED", "ADDED"]),
        (End(after=0), []),
        (End(after=1), ["ADDED"]),
        (Error(), ["ADDED", "ADDED", "ERROR"]),
        (ERROR_WITHOUT_REASON, ["ADDED", "ADDED", "ERROR"]),
        (UNKNOWN_TYPE, ["ADDED", "ADDED", "TELEPORTED"]),
        (NAMELESS, ["ADDED", "ADDED", "ADDED"]),
        (VERSIONLESS, ["ADDED", "ADDED", "ADDED"]),
        (Event(None, None), ["ADDED", "ADDED", None]),
        (Replay(), ["ADDED"] * 3),
        (Replay(2), ["ADDED"] * 4),
        (Storm(100), ["ADDED"] * 102),
        (Silence(0), ["ADDED", "ADDED"]),
    ],
)
async def test_odd_events_come_where_they_should(
    server: FakeApiServer, failure: InStream, events: list[str | None]
) -> None:
    server.script(failure)
    assert [each.get("type") for each in (await watch(server)).trees] == events


async def test_a_replay_says_what_was_said(server: FakeApiServer) -> None:
    first, second, *again = await lines_with(server, Replay(2))
    assert again == [first, second]


async def test_a_line_may_be_cut(server: FakeApiServer) -> None:
    lines = await lines_with(server, CutLine(after=1))
    assert len(lines) == 2
    assert lines[1].endswith('"na')


@pytest.mark.parametrize("failure", [CutLine("fin"), CutLine("reset"), End("fin"), End("reset", after=1)])
async def test_a_stream_may_end_without_its_last_chunk(
    server: FakeApiServer, asker: Asker, failure: InStream
) -> None:
    server.script(failure)
    with pytest.raises(aiohttp.ClientError):
        await asker.ask(SERVICES, **WATCH)


async def test_garbage_stands_between_events(server: FakeApiServer) -> None:
    lines = await lines_with(server, Garbage(after=1))
    assert lines[1:-1] == HTML_PAGE.splitlines()
    assert all('"ADDED"' in line for line in (lines[0], lines[-1]))


async def test_a_line_may_be_longer_than_anyone_wants(server: FakeApiServer) -> None:
    size = (3 << 20) + 5
    lines = await lines_with(server, LongLine(size, after=1))
    assert len(lines) == 3
    assert lines[1].count("x") == size


async def test_failures_can_be_injected_into_open_watches(server: FakeApiServer, asker: Asker) -> None:
    async with asker.open(SERVICES, watch="1", resourceVersion=server.version) as response:
        await server.watched("services")
        assert server.inject(UNKNOWN_TYPE, resource="pods") == 0
        server.put(service("shop/c"))
        assert server.inject(Replay(), Error(), resource="services") == 1
        events = [summary(await next_event(response)) for _ in range(3)]
        assert await response.content.readline() == b""
    assert events == [("ADDED", "c"), ("ADDED", "c"), ("ERROR", "Expired")]


async def test_initial_events_may_end_without_their_bookmark(server: FakeApiServer, asker: Asker) -> None:
    server.script(End(after=2))
    answer: Answer = await asker.ask(SERVICES, **WATCH_LIST)
    assert [kind for kind, _ in answer.events] == ["ADDED", "ADDED"]
