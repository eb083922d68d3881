"""`health`: its options, its page, and what it learns from asking for that itself."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from kdns.answering.plugin import OK, Address
from kdns.measures import Family, Histogram
from kdns.observability.pages import PageServers
from kdns.plugins import health
from kdns.plugins.health import Health
from tests.plugins.lent import lent, refusal
from tests.upstreams.dummies import until

HOST = "127.0.0.1"
ADDRESS = "an address and a port such as :8080, 127.0.0.1:8080 or [::1]:8080"
DURATION = "a duration such as 5s or 1m30s"

TAKEN = [
    ("health", ("", 8080), None),
    ("health :8081", ("", 8081), None),
    ("health 0.0.0.0:8081", ("", 8081), None),
    ("health localhost:8081", ("localhost", 8081), None),
    ("health {\nlameduck 5s\n}", ("", 8080), "5s"),
    ("health :8081 {\nlameduck 1m30s\n}", ("", 8081), "1m30s"),
    ("health {\nlameduck 1s\nlameduck 2s\n}", ("", 8080), "2s"),
    ("health {\nlameduck 0\n}", ("", 8080), None),
    ("health {\nlameduck -5s\n}", ("", 8080), None),
    ("health { }", ("", 8080), None),
    ("health :8081 {\nlameduck 1s\n}\nhealth :8082", ("", 8082), "1s"),
    ("health :8081\nhealth {\nlameduck 1s\n}", ("", 8081), "1s"),
]


@pytest.mark.parametrize(("text", "address", "lameduck"), TAKEN)
async def test_it_is_where_the_last_says_and_lingers_as_long(
    text: str, address: Address, lameduck: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    plugin = lent(Health, text)
    assert list(plugin.pages()) == [address]
    lingering = asyncio.create_task(plugin.linger())
    await asyncio.sleep(0)
    assert lingering.done() == (lameduck is None)
    assert caplog.messages == ([f"Going into lameduck mode for {lameduck}"] if lameduck else [])
    lingering.cancel()


REFUSED = [
    ("health 8080", f"2:8: found '8080', expected {ADDRESS}; did you mean ':8080'?"),
    ("health :8080 :8081", "2:14: found 2 arguments of 'health', expected at most 1"),
    ("health {\nlameduck\n}", "3:1: found no arguments of 'lameduck', expected 1"),
    ("health {\nlameduck 5\n}", f"3:10: found '5', expected {DURATION}"),
    ("health {\nlameduck 5s 6s\n}", "3:13: found 2 arguments of 'lameduck', expected 1"),
    (
        "health {\nlameduk 5s\n}",
        "3:1: found 'lameduk', expected a property of 'health'; did you mean 'lameduck'?",
    ),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_coredns_refuses_is_refused(text: str, message: str) -> None:
    assert refusal(Health, text) == message


def test_its_page_is_always_fine() -> None:
    (pages,) = lent(Health, "health").pages().values()
    assert {path: page() for path, page in pages.items()} == {"/health": OK}


def free_port() -> int:
    with socket.socket() as place:
        place.bind((HOST, 0))
        return int(place.getsockname()[1])


@asynccontextmanager
async def running(plugin: Health) -> AsyncIterator[None]:
    task = asyncio.create_task(plugin.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def measured(plugin: Health) -> tuple[int, float]:
    """Return how many requests were made, and how many of them failed."""
    durations, failures = plugin.measure()
    assert isinstance(durations, Histogram)
    assert isinstance(failures, Family)
    return sum(durations.samples[0][1]), failures.samples[0][1]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_INTERVAL", 0.005)


@pytest.mark.parametrize("host", [HOST, "", "localhost"])
async def test_it_asks_for_its_page_again_and_again(hasty: None, host: str) -> None:
    plugin = Health((host, free_port()), 0)
    servers = PageServers()
    (await servers.prepare(plugin.pages())).take_over()
    async with running(plugin):
        await until(lambda: measured(plugin)[0] >= 3)
    assert measured(plugin)[1] == 0
    await servers.close()


async def test_it_does_not_ask_before_a_second_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = asyncio.Event()

    async def sleep(seconds: float) -> None:
        assert seconds == 1.0
        waits.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(health.asyncio, "sleep", sleep)
    plugin = Health((HOST, free_port()), 0)
    async with running(plugin):
        await waits.wait()
    assert measured(plugin) == (0, 0)


async def test_a_page_that_cannot_be_had_is_a_failure(hasty: None, caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    plugin = Health((HOST, port), 0)
    async with running(plugin):
        await until(lambda: measured(plugin)[1] >= 2)
    requests, failures = measured(plugin)
    assert requests == failures
    message = caplog.messages[0]
    assert message.startswith(f'Local health request to "http://127.0.0.1:{port}/health" failed: ')
    assert "Connect call failed" in message


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(10)


async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"220 mail.example ESMTP\r\n")
    writer.close()


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


@pytest.mark.parametrize(
    ("serve", "reason"),
    [(hang, "no response within 50ms"), (babble, "no HTTP response"), (hang_up, "no HTTP response")],
)
async def test_anything_but_a_response_is_a_failure(
    hasty: None, serve: Serve, reason: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_TIMEOUT", 0.05)
    server = await asyncio.start_server(serve, HOST, 0)
    plugin = Health((HOST, server.sockets[0].getsockname()[1]), 0)
    async with running(plugin):
        await until(lambda: measured(plugin)[1])
    assert caplog.messages[0].endswith(f'/health" failed: {reason}')
    server.close()


async def test_a_slow_response_is_told_but_no_failure(
    hasty: None, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_SLOW", 0.0)
    plugin = Health((HOST, free_port()), 0)
    servers = PageServers()
    (await servers.prepare(plugin.pages())).take_over()
    async with running(plugin):
        await until(lambda: measured(plugin)[0])
    await servers.close()
    assert measured(plugin)[1] == 0
    assert '/health" took more than 1s: ' in caplog.messages[0]


def test_its_families_are_those_of_coredns() -> None:
    assert list(lent(Health, "health").measure()) == [
        Histogram(
            "coredns_health_request_duration_seconds",
            "Histogram of the time (in seconds) each request took.",
            (),
            (0.00025, 0.0025, 0.025, 0.25, 2.5),
            [((), (0, 0, 0, 0, 0, 0), 0.0)],
        ),
        Family(
            "counter",
            "coredns_health_request_failures_total",
            "The number of times the health check failed.",
            (),
            [((), 0)],
        ),
    ]
