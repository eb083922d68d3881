"""kdns.sources.api.reflector, the watches: resumed where they ended, and ended by nothing for good."""

import asyncio
import dataclasses
import json

import pytest

from kdns.cluster.objects import ServiceKey
from kdns.sources.api.pacing import Pace
from kdns.sources.api.resources import SERVICES
from tests.apiserver.asking import Asker
from tests.apiserver.builders import namespace, service
from tests.apiserver.failures import (
    ERROR_WITHOUT_REASON,
    HTML_PAGE,
    NAMELESS,
    UNKNOWN_TYPE,
    VERSIONLESS,
    Close,
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
from tests.apiserver.script import Request
from tests.apiserver.statuses import too_large_version
from tests.sources.api.following import QUICK, Following, agrees, following, until

WEB = ServiceKey("shop", "web")


def web(octet: int) -> dict[str, object]:
    return service("shop/web", f"10.96.0.{octet}")


def is_web(found: Following, octet: int) -> bool:
    return WEB in found.state.services and found.state.services[WEB].cluster_ips == (f"10.96.0.{octet}",)


def watches(server: FakeApiServer) -> list[Request]:
    return server.requests_for("services", "watch")


async def test_a_watch_that_ends_is_resumed_from_its_last_event(server: FakeApiServer) -> None:
    server.put(web(1))
    async with following(server.url) as found:
        for octet in range(2, 6):
            await asyncio.sleep(QUICK.short)
            version = str(server.put(web(octet))["metadata"]["resourceVersion"])
            await until(lambda octet=octet: is_web(found, octet))
            server.put(namespace())
            count = len(watches(server))
            server.drop_watches()
            await server.until(lambda count=count: len(watches(server)) > count)
            assert watches(server)[count].query["resourceVersion"] == version
            assert "sendInitialEvents" not in watches(server)[count].query
            await server.watched("services")
        assert found.relists == {"start": 1}
        assert found.failures == {}


async def test_a_bookmark_advances_the_version(server: FakeApiServer) -> None:
    server.put(web(1))
    async with following(server.url) as found:
        server.put(namespace())
        version = str(server.version)
        assert server.bookmark() == 1
        await until(lambda: found.reflector.version == version)
        server.compact()
        count = len(watches(server))
        await asyncio.sleep(QUICK.short)
        server.drop_watches()
        await server.until(lambda: len(watches(server)) > count)
        assert watches(server)[count].query["resourceVersion"] == version
        server.put(web(2))
        await until(lambda: is_web(found, 2))
        assert found.relists == {"start": 1}, "thanks to the bookmark nothing has expired"
        assert found.health.events["BOOKMARK"] >= 2


@pytest.mark.parametrize("how", ["status", "event", "event of an open watch", "without reason", "gone"])
async def test_an_expired_version_is_listed_anew(server: FakeApiServer, how: str) -> None:
    server.put(web(1), service("shop/gone"))
    async with following(server.url) as found:
        await server.watched("services")
        gone = {"kind": "Status", "code": 410} | ({"reason": "Gone"} if how == "gone" else {})
        failure: Failure = Fail(410) if how == "status" else Error(None if how.startswith("event") else gone)
        if how == "event of an open watch":
            server.inject(failure)
        else:
            server.script(failure, verb="watch")
            server.drop_watches()
        server.delete("Service", "shop", "gone")
        await until(lambda: found.relists.get("expired"))
        server.put(web(2))
        await until(lambda: is_web(found, 2) and found.names == {"web"})
        assert found.failures["expired"] == 1


ODD: list[tuple[InStream, int]] = [
    (UNKNOWN_TYPE, 0),
    (NAMELESS, 1),
    (VERSIONLESS, 1),
    (Garbage('{"type":"ADDED","object":null}\n'), 1),
    (Event("ADDED", 7), 1),
    (Event("MODIFIED", {"metadata": "none"}), 1),
    (Event("DELETED", {}), 1),
    (Event("MODIFIED", web(9) | {"metadata": {"name": 7, "resourceVersion": "1"}}), 1),
    (Replay(), 0),
    (Replay(2), 0),
    (Storm(2000), 0),
]


@pytest.mark.parametrize(("failure", "not_understood"), ODD, ids=lambda each: repr(each)[:60])
async def test_an_odd_event_is_passed_over_and_the_watch_goes_on(
    server: FakeApiServer, failure: InStream, not_understood: int
) -> None:
    server.put(web(1))
    async with following(server.url) as found:
        server.put(service("shop/other"), web(2))
        server.inject(failure)
        server.put(web(3))
        await until(lambda: is_web(found, 3))
        await agrees(Asker(server.url), found.state, SERVICES)
        assert found.health.not_understood == not_understood
        assert found.failures == {}
    assert len(watches(server)) == 1


BROKEN: list[InStream] = [
    Garbage(),
    Garbage("{}\n"),
    Garbage("\n"),
    Garbage("[" * 50_000 + "\n"),
    Garbage(b'{"type":"\xff","object":{}}\n'),
    Garbage(b"\x1f\x8b\x08\x00 gzip \n"),
    Event(None, None),
    Event("ADDED", None),
    Event("BOOKMARK", {"metadata": {}}),
    Event("BOOKMARK", {"metadata": {"resourceVersion": ""}}),
    Event("ERROR", None),
    Event("ERROR", "text"),
    ERROR_WITHOUT_REASON,
    Error({}),
    Error({"code": 500, "reason": "InternalError"}),
    Error({"code": 504, "reason": "Timeout"}),
    Error({"code": 401, "reason": "Unauthorized"}),
    Error({"code": 403, "reason": "Forbidden"}),
    Error({"code": 400, "reason": "BadRequest"}),
    Error(too_large_version(9, 2).status),
    Error({"code": 429, "details": {"retryAfterSeconds": -1e300}}),
    CutLine(),
    CutLine("fin"),
    CutLine("reset"),
    End(),
    End("fin"),
    End("reset"),
    LongLine(9 << 20),
]


@pytest.mark.parametrize("failure", BROKEN, ids=lambda each: repr(each)[:60])
async def test_a_broken_stream_is_given_up_and_nothing_is_lost(
    server: FakeApiServer, failure: InStream, caplog: pytest.LogCaptureFixture
) -> None:
    server.put(web(1))
    async with following(server.url) as found:
        server.put(web(2))
        server.inject(failure)
        server.put(web(3), service("shop/other"))
        await until(lambda: is_web(found, 3))
        await agrees(Asker(server.url), found.state, SERVICES)
    assert "a defect of kdns" not in caplog.text
    assert "Traceback" not in caplog.text
    assert len(watches(server)) >= 2


REFUSED: list[Failure] = [
    *map(Fail, (400, 401, 403, 404, 406, 410, 422, 429, 500, 501, 502, 503, 504)),
    Fail(200, body=HTML_PAGE),
    Fail(502, body=HTML_PAGE),
    Fail(302, body="moved"),
    Close(),
    Close("reset"),
    Stall(0.05),
    Stall(0.05, headers=False),
]


@pytest.mark.parametrize("failure", REFUSED, ids=repr)
async def test_a_watch_that_is_refused_is_tried_again_and_nothing_is_lost(
    server: FakeApiServer, failure: Failure, caplog: pytest.LogCaptureFixture
) -> None:
    server.put(web(1))
    async with following(server.url) as found:
        await server.watched("services")
        server.script(failure, failure, verb="watch")
        server.drop_watches()
        await server.until(lambda: server.scripted == 0)
        server.put(web(2))
        await until(lambda: is_web(found, 2))
        await agrees(Asker(server.url), found.state, SERVICES)
    assert sum(found.failures.values()) >= 1
    assert "a defect of kdns" not in caplog.text


async def test_events_that_come_twice_change_nothing(server: FakeApiServer) -> None:
    server.put(web(1))
    async with following(server.url) as found:
        server.put(web(2))
        await until(lambda: is_web(found, 2))
        found.tags.clear()
        server.inject(Storm(100), Replay())
        server.put(namespace())
        server.bookmark()
        await until(lambda: found.reflector.version == str(server.version))
        assert found.tags == set()


async def test_a_deletion_and_a_new_object_of_the_name_are_told_apart(server: FakeApiServer) -> None:
    server.put(web(1))
    async with following(server.url) as found:
        server.delete("Service", "shop", "web")
        server.put(web(2))
        await until(lambda: is_web(found, 2))
        server.delete("Service", "shop", "web")
        await until(lambda: not found.names)


async def test_slow_drip_is_taken_as_it_comes(server: FakeApiServer) -> None:
    server.put(web(1))
    server.script(Slow(7, 0.0005))
    async with following(server.url) as found:
        for octet in range(2, 5):
            server.put(web(octet))
            await until(lambda octet=octet: is_web(found, octet))
    assert len(watches(server)) == 1


async def test_after_a_bookmark_long_silence_ends_the_watch(server: FakeApiServer) -> None:
    server.put(web(1))
    pace = dataclasses.replace(QUICK, silence=0.3)
    async with following(server.url, pace=pace) as found:
        server.inject(Silence())
        server.put(web(2))
        await until(lambda: is_web(found, 2))
        assert found.failures["BrokenStream"] >= 1
        assert found.relists == {"start": 1}


async def test_a_silent_watch_without_bookmarks_lasts_until_its_end(server: FakeApiServer) -> None:
    server.offers_watch_list = False
    server.put(web(1))
    async with following(server.url, pace=dataclasses.replace(QUICK, silence=0.1)) as found:
        await server.watched("services")
        await asyncio.sleep(0.5)
        assert len(watches(server)) == 2, "the refused one, and one that may be silent"
        server.bookmark()
        await server.until(lambda: len(watches(server)) > 2)
        server.put(web(2))
        await until(lambda: is_web(found, 2))


async def test_a_watch_that_its_server_does_not_end_is_given_up(server: FakeApiServer) -> None:
    server.put(web(1))
    pace = dataclasses.replace(QUICK, watch=1, grace=0.2)
    server.script(Stall(), Stall(headers=False), verb="watch")
    async with following(server.url, pace=pace) as found:
        await agrees(Asker(server.url), found.state, SERVICES)


async def test_a_watch_that_its_server_ends_in_time_is_resumed_without_a_word(
    server: FakeApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.put(web(1))
    async with following(server.url, pace=dataclasses.replace(QUICK, watch=1)) as found:
        await server.until(lambda: len(watches(server)) >= 3)
        server.put(web(2))
        await until(lambda: is_web(found, 2))
        assert (found.failures, found.relists) == ({}, {"start": 1})
    assert not caplog.records


async def test_a_watch_that_ends_at_once_is_tried_ever_less_often(server: FakeApiServer) -> None:
    server.put(web(1))
    pace = Pace(first=0.05, longest=0.4, quiet=60, short=0.5, grace=10.0)
    async with following(server.url, pace=pace) as found:
        server.requests.clear()
        server.script(*[End(after=0)] * 500, verb="watch")
        server.drop_watches()
        await asyncio.sleep(1.3)
        assert 3 <= len(server.requests) <= 40
        server.forget_script()
        server.put(web(2))
        await until(lambda: is_web(found, 2))


@pytest.mark.parametrize(
    "event",
    [
        Event("BOOKMARK", {"metadata": {"resourceVersion": "{version}"}}, after=0),
        UNKNOWN_TYPE,
        Event(
            "MODIFIED", web(1) | {"metadata": {"name": "web", "namespace": "shop", "resourceVersion": "5"}}
        ),
    ],
    ids=lambda each: each.type,
)
async def test_a_watch_that_brings_one_line_and_ends_is_no_hot_loop(
    server: FakeApiServer, event: Event
) -> None:
    server.put(web(1))
    line = json.dumps({"type": event.type, "object": event.object}).replace("{version}", str(server.version))
    pace = Pace(first=0.05, longest=0.4, quiet=60, short=0.5, grace=10.0)
    async with following(server.url, pace=pace):
        await server.watched("services")
        server.requests.clear()
        server.script(*[Fail(200, body=line + "\n")] * 2000, verb="watch")
        server.drop_watches()
        await asyncio.sleep(0.7)
        server.forget_script()
        assert len(server.requests) <= 40


async def test_an_outage_is_told_once_and_its_end_too(
    server: FakeApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    server.put(web(1))
    async with following(server.url) as found:
        await server.watched("services")
        await server.stop()
        await until(lambda: found.failures.get("ClientConnectorError", 0) >= 3)
        assert not found.health.is_connected
        assert is_web(found, 1)
        server.put(web(2))
        await server.start()
        await until(lambda: is_web(found, 2) and found.health.is_connected)
    told = [each.getMessage() for each in caplog.records if "ClientConnectorError" in each.getMessage()]
    assert len(told) == 1
    assert told[0].startswith("services: ClientConnectorError: Cannot connect to host 127.0.0.1")
    assert [each.getMessage() for each in caplog.records][-1] == "services: watching again"


async def test_health_says_what_is_going_on(server: FakeApiServer) -> None:
    async with following(server.url, wait=False) as found:
        assert not found.health.is_synced
        await until(found.reflector.synced.is_set)
        assert found.health.is_synced
        assert found.health.is_connected
        heard = found.health.last_event
        await asyncio.sleep(0.01)
        server.bookmark()
        await until(lambda: found.health.last_event > heard)
        server.put(web(1), web(2))
        server.delete("Service", "shop", "web")
        await until(lambda: found.health.events["DELETED"])
        assert (found.health.events["ADDED"], found.health.events["MODIFIED"]) == (1, 1)
        await server.stop()
        await until(lambda: not found.health.is_connected)
        await server.start()
        await until(lambda: found.health.is_connected)
