"""kdns.sources.api.checking: what was missed is found and repaired; what is under way is not missed."""

import asyncio
import dataclasses
from collections.abc import Callable

import pytest

from kdns.cluster.objects import ServiceKey
from kdns.sources.api.resources import PODS, SERVICES
from tests.apiserver.asking import Asker
from tests.apiserver.builders import Object, namespace, pod, service
from tests.apiserver.failures import HTML_PAGE, CutBody, Event, Fail, Failure, Silence, Slow, Stall
from tests.apiserver.fake import FakeApiServer
from tests.sources.api.following import QUICK, Following, agrees, following, until

WEB = ServiceKey("shop", "web")


def lie(server: FakeApiServer, event_type: str, obj: Object, version: int | None = None) -> Event:
    """Return an event that is not so, in the server's present version: afterwards an event was missed."""
    numbered = {"resourceVersion": str(version or server.version)}
    return Event(event_type, obj | {"metadata": obj["metadata"] | numbered})


def added(server: FakeApiServer) -> None:
    """The addition of a Service is lost."""
    server.inject(lie(server, "DELETED", service("shop/web")))


def deleted(server: FakeApiServer) -> None:
    """The deletion of a Service is lost."""
    server.inject(lie(server, "ADDED", service("shop/ghost")))


def modified(server: FakeApiServer) -> None:
    """The change of a Service is lost: what is held is something else."""
    server.put(namespace())
    server.inject(lie(server, "MODIFIED", service("shop/web", "10.96.0.66")))


def several(server: FakeApiServer) -> None:
    for lose in (modified, deleted):
        lose(server)


LOSSES: list[tuple[Callable[[FakeApiServer], None], int]] = [
    (added, 1),
    (deleted, 1),
    (modified, 1),
    (several, 2),
]


async def settled(server: FakeApiServer, found: Following) -> None:
    """Wait until everything that has been said so far was heard."""
    server.put(service("shop/last"))
    await until(lambda: "last" in found.names)


@pytest.mark.parametrize(("lose", "count"), LOSSES, ids=lambda each: getattr(each, "__name__", each))
@pytest.mark.parametrize("offers", [True, False])
async def test_what_was_missed_is_found_repaired_and_counted(
    server: FakeApiServer,
    lose: Callable[[FakeApiServer], None],
    count: int,
    offers: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.offers_watch_list = offers
    server.put(service("shop/web", "10.96.0.1"))
    async with following(server.url) as found:
        await server.watched("services")
        lose(server)
        await settled(server, found)
        assert await found.checker.check() == count
        await until(lambda: found.relists.get("inconsistent") and found.health.is_connected)
        await agrees(Asker(server.url), found.state, SERVICES)
        assert found.health.differences == count
        assert await found.checker.check() == 0
        assert found.relists["inconsistent"] == 1
    assert f"services: {count} differ from what the API server has, shop/" in caplog.text


async def test_it_is_done_again_and_again_by_itself(server: FakeApiServer) -> None:
    server.put(service("shop/web"))
    pace = dataclasses.replace(QUICK, check=0.1, recheck=0.05)
    async with following(server.url, pace=pace) as found:
        checking = asyncio.create_task(found.checker.run())
        await server.watched("services")
        for lose in (added, deleted):
            lose(server)
            await settled(server, found)
            await agrees(Asker(server.url), found.state, SERVICES)
        assert found.health.differences == 2
        checking.cancel()


async def test_events_under_way_are_not_missed(server: FakeApiServer) -> None:
    server.put(*(service(f"shop/s-{number}") for number in range(20)))
    pace = dataclasses.replace(QUICK, recheck=1.0)
    async with following(server.url, pace=pace) as found:
        await server.watched("services")
        server.inject(Silence(0.3))
        server.put(service("shop/s-1", "10.96.0.1"), service("shop/new"))
        server.delete("Service", "shop", "s-2")
        assert await found.checker.check() == 0
        assert "new" in found.names
    assert found.health.differences == 0
    assert found.relists == {"start": 1}


async def test_constant_change_is_no_difference(server: FakeApiServer) -> None:
    server.put(*(service(f"shop/s-{number}") for number in range(20)))

    async def change() -> None:
        for number in range(10_000):
            server.put(service(f"shop/s-{number % 20}", f"10.96.0.{number % 250 + 1}"))
            await asyncio.sleep(0.001)

    async with following(server.url, pace=dataclasses.replace(QUICK, recheck=0.1)) as found:
        await server.watched("services")
        changing = asyncio.create_task(change())
        server.script(*[Slow(500, 0.001)] * 4, verb="list")
        assert [await found.checker.check() for _ in range(4)] == [0] * 4
        changing.cancel()


async def test_what_is_passed_over_or_not_held_is_no_difference(server: FakeApiServer) -> None:
    server.put(
        pod("shop/good", "10.0.0.1"),
        pod("shop/waiting"),
        pod("shop/bad", "10.0.0.999"),
        pod("shop/done", "10.0.0.2", phase="Succeeded"),
    )
    async with following(server.url, PODS) as found:
        assert found.names == {"good"}
        assert await found.checker.check() == 0
        server.put(pod("shop/good", "10.0.0.999"), pod("shop/waiting", "10.0.0.3"))
        await until(lambda: "waiting" in found.names)
        assert await found.checker.check() == 0
    assert found.relists == {"start": 1}
    assert server.requests_for("pods", "list")[0].query["fieldSelector"] == PODS.field_selector


async def test_only_names_and_versions_are_asked_for_page_by_page(
    server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kdns.sources.api.checking.PAGE", 4)
    server.put(*(service(f"shop/s-{number}") for number in range(10)))
    async with following(server.url) as found:
        assert await found.checker.check() == 0
    pages = server.requests_for("services", "list")
    assert len(pages) == 3
    assert all("as=PartialObjectMetadataList" in each.headers["Accept"] for each in pages)
    assert all(each.query["limit"] == "4" for each in pages)


TROUBLES: list[Failure] = [
    *map(Fail, (401, 403, 404, 406, 410, 429, 500, 503)),
    Fail(200, body=HTML_PAGE),
    Fail(200, body={"metadata": {"resourceVersion": "1"}, "items": [{"metadata": {}}, None]}),
    CutBody(),
    Stall(0.05),
]


@pytest.mark.parametrize("failure", TROUBLES, ids=repr)
async def test_a_check_that_fails_changes_nothing_and_the_next_one_works(
    server: FakeApiServer, failure: Failure, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    server.put(service("shop/web"))
    pace = dataclasses.replace(QUICK, check=0.05, recheck=0.05)
    async with following(server.url, pace=pace) as found:
        await server.watched("services")
        added(server)
        await settled(server, found)
        server.script(failure, verb="list")
        checking = asyncio.create_task(found.checker.run())
        await server.until(lambda: server.scripted == 0)
        await agrees(Asker(server.url), found.state, SERVICES)
        assert found.health.differences == 1
        checking.cancel()
    assert "services: not checked: " in caplog.text
    assert "a defect of kdns" not in caplog.text


async def test_during_an_outage_nothing_is_missed(server: FakeApiServer) -> None:
    server.put(service("shop/web"))
    async with following(server.url, pace=dataclasses.replace(QUICK, check=0.02)) as found:
        checking = asyncio.create_task(found.checker.run())
        await server.stop()
        await asyncio.sleep(0.3)
        assert not checking.done()
        await server.start()
        await until(lambda: found.health.is_connected)
        checking.cancel()
    assert found.health.differences == 0
