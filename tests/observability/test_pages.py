"""kdns.observability.pages: what is said at a path, and how that is changed while it is served."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator

import aiohttp
import pytest

from kdns.answering.plugin import OK, PLAIN_TEXT, Address, Page, Pages
from kdns.observability.pages import MOST_CONNECTIONS, PagesError, PageServers

HOST = "127.0.0.1"


def free_port(host: str = HOST) -> int:
    """Return a port that nobody listens on, which is soon to be taken."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as place:
        place.bind((host, 0))
        return int(place.getsockname()[1])


def says(text: str) -> Pages:
    return {"/said": lambda: Page(200, PLAIN_TEXT, text.encode())}


@pytest.fixture
async def servers() -> AsyncIterator[PageServers]:
    made = PageServers()
    yield made
    await made.close()


async def serve(servers: PageServers, wanted: dict[Address, Pages]) -> None:
    (await servers.prepare(wanted)).take_over()


async def get(port: int, path: str = "/said", method: str = "GET", host: str = HOST) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"http://{host}:{port}{path}") as response,
    ):
        assert response.headers["Content-Type"] == PLAIN_TEXT
        return response.status, await response.text()


async def is_closed(port: int) -> bool:
    try:
        await get(port)
    except aiohttp.ClientConnectorError:
        return True
    return False


class Connection:
    """A connection that stays open for one request after another."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> "Connection":
        return cls(*await asyncio.open_connection(HOST, port))

    async def ask(self, request: str = "GET /said HTTP/1.1\r\nHost: x\r\n\r\n") -> str:
        """Return the body of a response; everything up to the end if there is no length."""
        self._writer.write(request.encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        lengths = [line for line in head.split("\r\n") if line.startswith("Content-Length: ")]
        return (await self._reader.readexactly(int(lengths[0].split()[1]))).decode()

    async def is_ended(self) -> bool:
        try:
            return await self._reader.read() == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self._writer.close()


async def test_a_page_is_asked_anew_each_time_whatever_the_method(servers: PageServers) -> None:
    port, said = free_port(), iter([OK, Page(503, PLAIN_TEXT, b"kubernetes")])
    await serve(servers, {(HOST, port): {"/ready": lambda: next(said), "/health": lambda: OK}})
    assert await get(port, "/ready") == (200, "OK")
    assert await get(port, "/ready") == (503, "kubernetes")
    assert await get(port, "/health?a=b") == (200, "OK")
    assert await get(port, "/health", "POST") == (200, "OK")
    assert await get(port, "/health", "HEAD") == (200, "")


@pytest.mark.parametrize("path", ["/", "/other", "/said/", "/Said"])
async def test_any_other_path_is_not_found(servers: PageServers, path: str) -> None:
    port = free_port()
    await serve(servers, {(HOST, port): says("here")})
    assert await get(port, path) == (404, "404 page not found\n")
    assert await get(port, path, "HEAD") == (404, "")


async def test_head_tells_the_length_and_no_body(servers: PageServers) -> None:
    port = free_port()
    await serve(servers, {(HOST, port): says("here")})
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(b"HEAD /said HTTP/1.0\r\n\r\n")
    said = await reader.read()
    assert b"Content-Length: 4\r\n" in said
    assert said.endswith(b"\r\n\r\n")
    writer.close()


async def test_a_page_that_fails_leaves_the_others_alone(servers: PageServers) -> None:
    def fail() -> Page:
        raise RuntimeError("a defect")

    port = free_port()
    await serve(servers, {(HOST, port): {"/fails": fail, **says("here")}})
    async with aiohttp.ClientSession() as session, session.get(f"http://{HOST}:{port}/fails") as response:
        assert response.status == 500
    assert await get(port) == (200, "here")


async def test_who_connects_before_the_pages_are_taken_over_waits(servers: PageServers) -> None:
    port = free_port()
    prepared = await servers.prepare({(HOST, port): says("here")})
    asked = asyncio.create_task(get(port))
    done, _ = await asyncio.wait([asked], timeout=0.05)
    assert not done
    prepared.take_over()
    assert await asked == (200, "here")


async def test_taking_over_changes_all_addresses_at_once(servers: PageServers) -> None:
    stays, goes, comes = free_port(), free_port(), free_port()
    await serve(servers, {(HOST, stays): says("old"), (HOST, goes): says("old")})
    kept = await Connection.open(stays)
    assert await kept.ask() == "old"
    prepared = await servers.prepare({(HOST, stays): says("new"), (HOST, comes): says("new")})
    assert await get(stays) == await get(goes) == (200, "old")
    prepared.take_over()
    assert await kept.ask() == "new", "the connection has survived"
    assert await get(stays) == await get(comes) == (200, "new")
    assert await is_closed(goes)
    kept.close()


async def test_an_address_that_went_can_come_back_at_once(servers: PageServers) -> None:
    port = free_port()
    await serve(servers, {(HOST, port): says("old")})
    await serve(servers, {})
    await serve(servers, {(HOST, port): says("new")})
    assert await get(port) == (200, "new")


async def test_an_address_that_cannot_be_opened_changes_nothing(servers: PageServers) -> None:
    stays, comes = free_port(), free_port()
    await serve(servers, {(HOST, stays): says("old")})
    with socket.create_server((HOST, 0)) as taken:
        number = taken.getsockname()[1]
        wanted = {(HOST, stays): says("new"), (HOST, comes): says("new"), (HOST, number): says("new")}
        with pytest.raises(PagesError, match=rf"cannot serve HTTP on 127\.0\.0\.1:{number}: Address already"):
            await servers.prepare(wanted)
    assert await get(stays) == (200, "old")
    assert await is_closed(comes)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (("192.0.2.1", 80), r"192\.0\.2\.1:80: Cannot assign requested address"),
        (("2001:db8::1", 80), r"\[2001:db8::1\]:80: "),
        (("no-such-host.invalid", 80), r"no-such-host\.invalid:80: .+"),
        (("a..b", 80), r"a\.\.b:80: .*label"),
    ],
)
async def test_an_address_that_is_not_ours_is_named(
    servers: PageServers, address: Address, message: str
) -> None:
    with pytest.raises(PagesError, match=message):
        await servers.prepare({address: says("here")})


@pytest.mark.parametrize(
    ("host", "reached_at"),
    [
        ("", [HOST, "[::1]"]),
        ("localhost", [HOST]),
        ("::1", ["[::1]"]),
    ],
)
async def test_a_host_is_listened_on_as_go_does(
    servers: PageServers, host: str, reached_at: list[str]
) -> None:
    if "[::1]" in reached_at and not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    port = free_port()
    await serve(servers, {(host, port): says("here")})
    for each in reached_at:
        assert await get(port, host=each) == (200, "here")


async def test_of_a_name_with_two_addresses_the_one_of_ipv4_is_taken(
    servers: PageServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    places = [(socket.AF_INET6, ("::1", port, 0, 0)), (socket.AF_INET, (HOST, port))]
    found = [(family, socket.SOCK_STREAM, 6, "", place) for family, place in places]
    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", lambda *_args, **_options: found)
        await serve(servers, {("both.example", port): says("here")})
    assert await get(port) == (200, "here")


async def test_closing_does_not_wait_for_idle_connections(servers: PageServers) -> None:
    port, other = free_port(), free_port()
    await serve(servers, {(HOST, port): says("here")})
    idle, silent = await Connection.open(port), await Connection.open(port)
    assert await idle.ask() == "here"
    async with asyncio.timeout(1.0):
        await servers.close()
    assert await idle.is_ended()
    assert await silent.is_ended()
    assert await is_closed(port)
    await serve(servers, {(HOST, other): says("again")})
    assert await get(other) == (200, "again")


async def test_connections_that_ask_nothing_give_way(servers: PageServers) -> None:
    port = free_port()
    await serve(servers, {(HOST, port): says("here")})
    silent = [await Connection.open(port) for _ in range(MOST_CONNECTIONS + 1)]
    assert await get(port) == (200, "here")
    async with asyncio.timeout(4.0):  # before it would have been idle for too long
        assert await silent[0].is_ended()
    assert await silent[-1].ask() == "here"
    for each in silent:
        each.close()


def test_nothing_is_imported_for_a_process_without_pages() -> None:
    script = "import sys, kdns.observability.pages; print('aiohttp' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
