"""tests.apiserver.watching: watches begin, go on, resume and end as they should."""

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.apiserver.asking import PODS, SERVICES, WATCH_LIST, Asker, next_event, summary
from tests.apiserver.builders import namespace, pod, service
from tests.apiserver.conftest import fill
from tests.apiserver.fake import FakeApiServer
from tests.apiserver.shapes import INITIAL_EVENTS_END

WATCH = {"watch": "1"}


async def test_a_watch_resumes_from_a_version(server: FakeApiServer, asker: Asker) -> None:
    fill(server, 2)
    version = server.version
    server.put(service("shop/s0"))
    server.delete("Service", "shop", "s1")
    server.put(namespace())
    async with asker.open(SERVICES, **WATCH, resourceVersion=version) as response:
        events = [await next_event(response) for _ in range(2)]
        fill(server, 1)
        events.append(await next_event(response))
    assert [summary(each) for each in events] == [("MODIFIED", "s0"), ("DELETED", "s1"), ("MODIFIED", "s0")]
    versions = [int(each["object"]["metadata"]["resourceVersion"]) for each in events]
    assert versions == [version + 1, version + 2, version + 4]


@pytest.mark.parametrize("version", ["", "0"])
async def test_a_watch_from_any_version_begins_with_what_there_is(
    server: FakeApiServer, asker: Asker, version: str
) -> None:
    fill(server, 3)
    async with asker.open(SERVICES, **WATCH, resourceVersion=version) as response:
        events = [summary(await next_event(response)) for _ in range(3)]
        server.delete("Service", "shop", "s0")
        assert summary(await next_event(response)) == ("DELETED", "s0")
    assert sorted(events) == [("ADDED", "s0"), ("ADDED", "s1"), ("ADDED", "s2")]


async def test_a_watch_list_ends_its_initial_events_with_a_bookmark(
    server: FakeApiServer, asker: Asker
) -> None:
    fill(server, 20)
    async with asker.open(SERVICES, **WATCH_LIST) as response:
        events = [await next_event(response) for _ in range(20)]
        end = await next_event(response)
        server.put(service("shop/s5"))
        assert summary(await next_event(response)) == ("MODIFIED", "s5")
    assert end["object"]["metadata"]["annotations"] == {INITIAL_EVENTS_END: "true"}
    assert end["object"]["metadata"]["resourceVersion"] == str(server.version - 1)
    versions = [int(each["object"]["metadata"]["resourceVersion"]) for each in events]
    assert versions != sorted(versions), "their order promises nothing"


async def test_a_server_without_watch_lists_says_so(server: FakeApiServer, asker: Asker) -> None:
    server.offers_watch_list = False
    answer = await asker.ask(SERVICES, **WATCH_LIST)
    assert (answer.code, answer.tree["reason"]) == (422, "Invalid")
    assert "unless the WatchList feature gate is enabled" in answer.tree["message"]


async def test_bookmarks_come_on_demand_to_those_who_want_them(server: FakeApiServer, asker: Asker) -> None:
    version = server.version
    async with (
        asker.open(SERVICES, **WATCH, resourceVersion=version, allowWatchBookmarks="true") as wants,
        asker.open(SERVICES, **WATCH, resourceVersion=version) as _,
    ):
        await server.until(lambda: server.open_watches("services") == 2)
        server.put(namespace())
        assert server.bookmark() == 1
        assert summary(await next_event(wants)) == ("BOOKMARK", str(server.version))


async def test_a_watch_from_a_forgotten_version_is_told_in_the_stream(
    server: FakeApiServer, asker: Asker
) -> None:
    version = server.version
    fill(server, 2)
    server.compact()
    answer = await asker.ask(SERVICES, **WATCH, resourceVersion=version)
    assert (answer.code, answer.events) == (200, [("ERROR", "Expired")])
    async with asker.open(SERVICES, **WATCH, resourceVersion=server.version) as response:
        fill(server, 1)
        assert summary(await next_event(response)) == ("MODIFIED", "s0")


async def test_what_ceases_to_match_is_deleted_for_a_watch(server: FakeApiServer, asker: Asker) -> None:
    server.put(pod("shop/a"))
    query: dict[str, Any] = {"resourceVersion": server.version, "fieldSelector": "status.phase!=Succeeded"}
    async with asker.open(PODS, **WATCH, **query) as response:
        server.put(pod("shop/a", phase="Succeeded"))
        deleted = await next_event(response)
        server.put(pod("shop/a", phase="Succeeded", labels={"x": "y"}), pod("shop/a"))
        assert summary(await next_event(response)) == ("ADDED", "a")
    assert summary(deleted) == ("DELETED", "a")
    assert deleted["object"]["status"]["phase"] == "Running", "as it was before"


async def test_a_watch_ends_when_its_time_is_up(server: FakeApiServer, asker: Asker) -> None:
    answer = await asker.ask(SERVICES, **WATCH, timeoutSeconds=1, resourceVersion=server.version)
    assert (answer.code, answer.text) == (200, "")


async def test_watches_are_counted_until_their_client_leaves(server: FakeApiServer, asker: Asker) -> None:
    async with asker.open(SERVICES, **WATCH), asker.open(PODS, **WATCH):
        await server.watched("services", "pods")
        assert (server.open_watches(), server.open_watches("pods")) == (2, 1)
    await server.until(lambda: server.open_watches() == 0)


async def test_dropped_watches_end_cleanly(server: FakeApiServer, asker: Asker) -> None:
    asking = asyncio.create_task(asker.ask(SERVICES, **WATCH, resourceVersion=server.version))
    await server.watched("services")
    fill(server, 1)
    assert server.drop_watches() == 1
    assert (await asking).events == [("ADDED", "s0")]


@pytest.mark.parametrize("ending", ["fin", "reset"])
async def test_dropped_watches_may_end_abruptly(server: FakeApiServer, asker: Asker, ending: str) -> None:
    asking = asyncio.create_task(asker.ask(SERVICES, **WATCH))
    await server.watched("services")
    server.drop_watches(ending)  # type: ignore[arg-type]
    with pytest.raises(aiohttp.ClientError):
        await asking
