"""tests.apiserver.fake: it knows who may, goes away and comes back, and remembers what it was asked."""

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest

from tests.apiserver.asking import PODS, SERVICES, SLICES, Asker
from tests.apiserver.builders import changed, pod
from tests.apiserver.conftest import fill
from tests.apiserver.fake import FakeApiServer

WATCH = {"watch": "1"}


async def test_tokens_are_accepted_until_they_are_not(server: FakeApiServer) -> None:
    server.tokens = {"old"}
    asker = Asker(server.url, "old")
    assert (await asker.ask(SERVICES)).code == 200
    server.tokens = {"new"}
    refused = await asker.ask(SERVICES)
    assert (refused.code, refused.tree["reason"]) == (401, "Unauthorized")
    assert (await Asker(server.url).ask(SERVICES)).code == 403, "who shows none is anonymous"


@pytest.mark.parametrize(
    ("right", "codes"), [("pods", (403, 403)), ("watch pods", (200, 403)), ("list pods", (403, 200))]
)
async def test_rights_can_be_taken_and_given_back(
    server: FakeApiServer, asker: Asker, right: str, codes: tuple[int, int]
) -> None:
    async def both() -> tuple[int, int]:
        async with asker.open(PODS) as listed, asker.open(PODS, **WATCH) as watched:
            return listed.status, watched.status

    server.forbidden.add(right)
    assert await both() == codes
    assert (await asker.ask(SERVICES)).code == 200
    server.forbidden.clear()
    assert await both() == (200, 200)


async def test_an_outage_refuses_connections_and_ends_on_the_same_port(
    server: FakeApiServer, asker: Asker
) -> None:
    fill(server, 1)
    watching = asyncio.create_task(asker.ask(SERVICES, **WATCH))
    await server.watched("services")
    await server.stop()
    with pytest.raises(aiohttp.ClientError):
        await watching
    for _ in range(3):
        with pytest.raises(aiohttp.ClientConnectorError):
            await asker.ask(SERVICES)
    fill(server, 2)
    await server.start()
    assert (await asker.ask(SERVICES)).names == ["s0", "s1"]
    assert server.open_watches() == 0


async def test_requests_are_recorded(server: FakeApiServer) -> None:
    server.tokens = {"secret"}
    await Asker(server.url, "secret").ask(SLICES, limit=5)
    await Asker(server.url).ask("/version")
    first, second = server.requests
    assert (first.method, first.path, first.query) == ("GET", SLICES, {"limit": "5"})
    assert (first.resource, first.verb, first.token) == ("endpointslices", "list", "secret")
    assert "User-Agent" in first.headers
    assert (second.resource, second.verb, second.token) == ("", "", None)
    assert server.requests_for("endpointslices") == server.requests_for("endpointslices", "list") == [first]


def test_a_kubeconfig_can_be_written(server: FakeApiServer, tmp_path: Path) -> None:
    tree = json.loads(server.write_kubeconfig(tmp_path / "kubeconfig", "secret").read_text())
    assert tree["clusters"][0]["cluster"]["server"] == server.url
    assert tree["users"][0]["user"] == {"token": "secret"}


def test_builders_can_change_what_they_built() -> None:
    assert changed(pod("shop/a"), labels={"x": "y"})["metadata"]["labels"] == {"x": "y"}
