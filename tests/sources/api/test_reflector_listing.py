"""kdns.sources.api.reflector, the lists: streamed or by pages, whatever goes wrong meanwhile."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator

import pytest

from kdns.cluster.objects import Namespace, Pod, Service, ServiceKey, ServiceKind
from kdns.sources.api.reflector import PAGE
from kdns.sources.api.resources import ENDPOINT_SLICES, NAMESPACES, PODS, SERVICES
from tests.apiserver.asking import Asker
from tests.apiserver.builders import endpoint_slice, namespace, pod, service
from tests.apiserver.failures import (
    HTML_PAGE,
    Close,
    CutBody,
    CutLine,
    EmptyList,
    End,
    Error,
    Fail,
    Failure,
    Garbage,
    Replay,
    Silence,
    Slow,
    Stall,
    Storm,
)
from tests.apiserver.fake import FakeApiServer
from tests.apiserver.script import Request
from tests.sources.api.following import QUICK, agrees, following, until

WEB = ServiceKey("shop", "web")


@pytest.fixture(params=["streamed", "by pages"])
async def either(request: pytest.FixtureRequest) -> AsyncIterator[FakeApiServer]:
    """A server that streams lists, and one that does not."""
    async with FakeApiServer(offers_watch_list=request.param == "streamed") as server:
        yield server


def fill(server: FakeApiServer, *names: str) -> None:
    server.put(*(service(f"shop/{name}", "10.96.0.1") for name in names))


def initial(requests: list[Request]) -> list[Request]:
    return [each for each in requests if "sendInitialEvents" in each.query]


async def test_a_server_that_streams_lists_is_asked_once(server: FakeApiServer) -> None:
    fill(server, "a", "b")
    async with following(server.url) as found:
        assert found.names == {"a", "b"}
        assert found.reflector.version == str(server.version)
        fill(server, "c")
        await until(lambda: found.names == {"a", "b", "c"})
    (request,) = server.requests
    assert request.query["watch"] == "1"
    assert request.query["sendInitialEvents"] == "true"
    assert request.query["resourceVersionMatch"] == "NotOlderThan"
    assert request.query["allowWatchBookmarks"] == "true"
    assert request.query["resourceVersion"] == ""
    assert 60 <= int(request.query["timeoutSeconds"]) <= 120
    assert found.relists == {"start": 1}


async def test_a_server_that_does_not_stream_lists_is_listed_by_pages_for_good(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    async with FakeApiServer(offers_watch_list=False) as server:
        fill(server, "a")
        async with following(server.url) as found:
            await server.watched("services")
            refused, listed, watched = server.requests
            assert "sendInitialEvents" in refused.query
            assert (listed.verb, dict(listed.query)) == ("list", {"limit": str(PAGE)})
            assert (watched.verb, watched.query["resourceVersion"]) == ("watch", str(server.version))
            server.offers_watch_list = True
            for _ in range(2):
                server.put(namespace())
                server.compact()
                server.inject(Error())
                await until(lambda: found.health.is_connected and server.open_watches())
                fill(server, "b")
                await agrees(Asker(server.url), found.state, SERVICES)
        assert len(initial(server.requests)) == 1
        assert len(server.requests_for("services", "list")) >= 3
    assert caplog.text.count("does not stream lists; listing by pages") == 1
    assert found.failures.get("not_offered") is None, "that is no failure"


async def test_a_list_of_many_pages_is_whole(server: FakeApiServer) -> None:
    server.offers_watch_list = False
    names = [f"s-{number}" for number in range(2 * PAGE + 7)]
    fill(server, *names)
    async with following(server.url) as found:
        assert found.names == {*names}
    pages = server.requests_for("services", "list")
    assert [("continue" in each.query, each.query["limit"]) for each in pages] == [
        (False, str(PAGE)),
        (True, str(PAGE)),
        (True, str(PAGE)),
    ]


@pytest.mark.parametrize("how", ["scripted", "compacted"])
async def test_a_page_that_has_expired_is_begun_anew_without_a_version(
    server: FakeApiServer, how: str
) -> None:
    server.offers_watch_list = False
    names = [f"s-{number:04}" for number in range(PAGE + 7)]
    fill(server, *names)
    if how == "scripted":
        server.script(Slow(1 << 20), Fail(410), verb="list")
    else:
        server.script(Slow(20_000, 0.05), verb="list")
    async with following(server.url, wait=False) as found:
        if how == "compacted":
            await server.until(lambda: len(server.requests_for("services", "list")) == 1)
            server.delete("Service", "shop", names[0])
            server.compact()
        await until(found.reflector.synced.is_set)
        await agrees(Asker(server.url), found.state, SERVICES)
        assert found.failures == {"expired": 1}
    lists = server.requests_for("services", "list")
    assert [("continue" in each.query) for each in lists[:4]] == [False, True, False, True]
    assert "resourceVersion" not in lists[2].query


async def test_a_version_that_the_server_has_not_seen_is_dropped(either: FakeApiServer) -> None:
    fill(either, "a")
    async with following(either.url, version="999999") as found:
        assert found.names == {"a"}
        assert found.reflector.version == str(either.version)
        assert found.failures == {"too_large_version": 1}
        assert set(found.relists) == {"start"}
        fill(either, "b")
        await until(lambda: found.names == {"a", "b"})


async def test_a_version_that_is_forgotten_is_dropped(either: FakeApiServer) -> None:
    fill(either, "a", "b")
    version = str(either.version)
    either.delete("Service", "shop", "a")
    either.compact()
    old = Service("shop", "a", ServiceKind.CLUSTER_IP)
    async with following(either.url, version=version, holding=[old]) as found:
        assert found.names == {"b"}


async def test_a_version_that_is_none_is_dropped(server: FakeApiServer) -> None:
    server.offers_watch_list = False
    fill(server, "a")
    async with following(server.url, version="of-another-server") as found:
        assert found.names == {"a"}


async def test_from_a_version_and_what_was_held_then_the_state_is_what_a_list_gives(
    either: FakeApiServer,
) -> None:
    fill(either, "a", "b", "c")
    async with following(either.url) as before:
        pass
    version = before.reflector.version
    either.delete("Service", "shop", "a")
    fill(either, "b")
    async with following(either.url, version=version, holding=before.objects.values()) as found:
        await agrees(Asker(either.url), found.state, SERVICES)
        assert found.names == {"b", "c"}


async def test_an_empty_cluster_is_a_state(either: FakeApiServer) -> None:
    async with following(either.url) as found:
        assert found.names == set()
        assert found.health.is_synced
        fill(either, "a")
        await until(lambda: found.names == {"a"})


async def test_an_empty_list_is_believed_and_repaired_when_it_was_wrong(server: FakeApiServer) -> None:
    server.offers_watch_list = False
    fill(server, "a", "b")
    old = Service("shop", "a", ServiceKind.CLUSTER_IP)
    server.script(EmptyList(), verb="list")
    async with following(server.url, holding=[old]) as found:
        assert found.names == set()
        assert await found.checker.check() == 2
        await until(lambda: found.names == {"a", "b"})
        assert found.health.differences == 2


FIRST = [
    Fail(500),
    Fail(503),
    Fail(504),
    Fail(429),
    Fail(401),
    Fail(403),
    Fail(404),
    Fail(410),
    Fail(502, body=HTML_PAGE),
    Fail(200, body=HTML_PAGE),
    Fail(200, body={"kind": "Status"}),
    Close(),
    Close("reset"),
    Stall(0.05),
    Stall(0.05, headers=False),
    Slow(3),
]
IN_LIST = [CutBody(0.0), CutBody(0.5), CutBody(0.9, "reset")]
IN_STREAM = [
    End(after=0),
    End(after=1),
    End("fin", after=1),
    End("reset", after=2),
    CutLine(after=1),
    CutLine("reset", after=2),
    Garbage(after=1),
    Error(after=1),
    Error({"message": "without a reason"}, after=1),
    Replay(after=1),
    Replay(2, after=2),
    Storm(500, after=2),
    Silence(0.2, after=1),
]


@pytest.mark.parametrize("failure", [*FIRST, *IN_STREAM], ids=repr)
async def test_whatever_meets_a_streamed_list_the_state_is_whole_in_the_end(
    server: FakeApiServer, failure: Failure
) -> None:
    fill(server, "a", "b", "c")
    server.script(failure, *[failure] * isinstance(failure, Close))
    async with following(server.url, holding=[Service("shop", "gone", ServiceKind.HEADLESS)]) as found:
        await agrees(Asker(server.url), found.state, SERVICES)
        fill(server, "d")
        await until(lambda: "d" in found.names)


@pytest.mark.parametrize("failure", [*FIRST, *IN_LIST], ids=repr)
@pytest.mark.parametrize("page", [1, 2])
async def test_whatever_meets_a_page_the_state_is_whole_in_the_end(
    server: FakeApiServer, failure: Failure, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kdns.sources.api.reflector.PAGE", 2)
    server.offers_watch_list = False
    fill(server, "a", "b", "c")
    before = [Slow(1 << 20)] * (page - 1)
    server.script(*before, failure, *[failure] * isinstance(failure, Close), verb="list")
    async with following(server.url, holding=[Service("shop", "gone", ServiceKind.HEADLESS)]) as found:
        await agrees(Asker(server.url), found.state, SERVICES)
        fill(server, "d")
        await until(lambda: "d" in found.names)


async def test_nothing_that_is_there_is_missing_while_everything_is_listed_anew(
    either: FakeApiServer,
) -> None:
    fill(either, "a", "b", "c")
    async with following(either.url) as found:
        await either.watched("services")
        either.script(Slow(64, 0.001))
        either.delete("Service", "shop", "a")
        either.put(namespace())
        either.compact()
        found.reflector.relist("test")
        await until(lambda: found.relists.get("test"))
        while not (found.health.is_connected and "a" not in found.names):
            assert {"b", "c"} <= found.names
            await asyncio.sleep(0.001)
        await agrees(Asker(either.url), found.state, SERVICES)


async def test_what_was_deleted_during_an_outage_goes(either: FakeApiServer) -> None:
    fill(either, "a", "b")
    async with following(either.url) as found:
        for compacted in (False, True):
            await either.watched("services")
            await either.stop()
            either.delete("Service", "shop", "a")
            fill(either, "c")
            if compacted:
                either.put(namespace())
                either.compact()
            await until(lambda: found.failures)
            assert found.names >= {"a", "b"}, "an outage takes nothing away"
            await either.start()
            await until(lambda: "a" not in found.names)
            fill(either, "a")
            await agrees(Asker(either.url), found.state, SERVICES)
    assert set(found.relists) == {"start", "expired"}


async def test_each_kind_is_read_and_pods_are_selected_by_the_server(server: FakeApiServer) -> None:
    server.put(
        namespace("shop", team="a"),
        service("shop/web"),
        endpoint_slice("shop/web", "10.0.0.1"),
        pod("shop/a", "10.0.0.1"),
        pod("shop/done", "10.0.0.2", phase="Succeeded"),
    )
    asker = Asker(server.url)
    for resource in (NAMESPACES, SERVICES, ENDPOINT_SLICES, PODS):
        async with following(server.url, resource) as found:
            await agrees(asker, found.state, resource)
            assert len(found.objects) == 1
    request = server.requests_for("pods", "watch")[0]
    assert request.query["fieldSelector"] == PODS.field_selector


async def test_a_pod_that_ends_leaves(either: FakeApiServer) -> None:
    either.put(pod("shop/a", "10.0.0.1"), pod("shop/b", "10.0.0.2"))
    async with following(either.url, PODS) as found:
        assert found.names == {"a", "b"}
        either.put(pod("shop/a", "10.0.0.1", phase="Failed"))
        await until(lambda: found.names == {"b"})
        assert isinstance(found.state.pods["shop", "b"], Pod)


async def test_namespaces_have_no_namespace(either: FakeApiServer) -> None:
    either.put(namespace("shop"))
    async with following(either.url, NAMESPACES, holding=[Namespace("gone")]) as found:
        assert found.names == {"shop"}


async def test_silence_while_everything_is_listed_is_given_up(server: FakeApiServer) -> None:
    fill(server, "a", "b")
    server.script(Silence(after=1), Stall(headers=False), Stall())
    async with following(server.url, pace=dataclasses.replace(QUICK, grace=0.3)) as found:
        assert found.names == {"a", "b"}
    assert sum(found.failures.values()) == 3
