"""kdns.observability.pages: what is said at a path, at the moment it is asked."""

import socket
from collections.abc import Iterator

import aiohttp
import pytest

from kdns.observability.pages import OK, PLAIN_TEXT, Page, PagesError, serve_pages


@pytest.fixture
def port() -> Iterator[int]:
    """A port that is free until the test takes it."""
    with socket.socket() as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind(("127.0.0.1", 0))
        yield place.getsockname()[1]


async def get(port: int, path: str, method: str = "GET") -> tuple[int, str, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"http://127.0.0.1:{port}{path}") as response,
    ):
        return response.status, response.headers["Content-Type"], await response.text()


async def test_a_page_is_asked_anew_each_time(port: int) -> None:
    said = iter([OK, Page(503, PLAIN_TEXT, b"kubernetes")])
    running = await serve_pages("127.0.0.1", port, {"/ready": lambda: next(said), "/health": lambda: OK})
    try:
        assert await get(port, "/ready") == (200, PLAIN_TEXT, "OK")
        assert await get(port, "/ready") == (503, PLAIN_TEXT, "kubernetes")
        assert await get(port, "/health") == (200, PLAIN_TEXT, "OK")
        assert (await get(port, "/health", "HEAD"))[0] == 200
        assert (await get(port, "/other"))[0] == 404
        assert (await get(port, "/ready", "POST"))[0] == 405
    finally:
        await running.cleanup()
    with pytest.raises(aiohttp.ClientConnectorError):
        await get(port, "/health")


async def test_a_page_that_fails_leaves_the_others_alone(port: int) -> None:
    def fail() -> Page:
        raise RuntimeError("a defect")

    running = await serve_pages("127.0.0.1", port, {"/metrics": fail, "/health": lambda: OK})
    try:
        assert (await get(port, "/metrics"))[0] == 500
        assert (await get(port, "/health"))[0] == 200
    finally:
        await running.cleanup()


async def test_an_address_that_is_taken_is_named(port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        with pytest.raises(PagesError, match=rf"cannot serve HTTP on 127\.0\.0\.1:{number}: .+"):
            await serve_pages("127.0.0.1", number, {})
