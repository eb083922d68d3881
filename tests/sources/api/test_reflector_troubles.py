"""kdns.sources.api.reflector: what is done about each refusal, and what is said about it."""

import asyncio
import dataclasses
import time
from pathlib import Path
from typing import Any

import pytest

from kdns.sources.api.access import AccessError, from_kubeconfig, from_url
from kdns.sources.api.resources import ENDPOINT_SLICES, NAMESPACES, PODS, SERVICES, Resource
from tests.apiserver.asking import Asker
from tests.apiserver.builders import namespace, service
from tests.apiserver.failures import Error, Fail
from tests.apiserver.fake import FakeApiServer
from tests.sources.api.following import QUICK, agrees, following, until


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records]


@pytest.mark.parametrize("how", ["header", "event"])
async def test_a_server_that_asks_for_time_is_given_it(
    server: FakeApiServer, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    event = Error({"code": 429, "reason": "TooManyRequests", "details": {"retryAfterSeconds": 1}}, after=0)
    server.script(Fail(429, retry_after=1) if how == "header" else event)
    async with following(server.url, pace=dataclasses.replace(QUICK, patience=60.0), wait=False) as found:
        await server.until(lambda: len(server.requests) == 1)
        begun = time.monotonic()
        await until(found.reflector.synced.is_set)
        assert time.monotonic() - begun > 0.9
        assert len(server.requests) == 2
        assert found.failures == {"passing": 1}
    assert any("trying again in 1.0 s" in each for each in messages(caplog))


@pytest.mark.parametrize("offers", [True, False])
async def test_an_overloaded_server_is_not_listed_anew_for_it(server: FakeApiServer, offers: bool) -> None:
    server.offers_watch_list = offers
    server.put(service("shop/web"))
    async with following(server.url) as found:
        await server.watched("services")
        relists = found.relists
        await asyncio.sleep(5 * QUICK.short)
        server.script(*[Fail(429)] * 3, Fail(503), Fail(500), verb="watch")
        server.drop_watches()
        await server.until(lambda: server.scripted == 0)
        server.put(service("shop/other"))
        await until(lambda: found.names == {"web", "other"})
        assert found.relists == relists


async def test_a_rotated_token_is_read_after_a_401(server: FakeApiServer, tmp_path: Path) -> None:
    server.tokens = {"old"}
    server.put(service("shop/a"))
    path = server.write_kubeconfig(tmp_path / "kubeconfig", "old")
    async with following(from_kubeconfig(path)) as found:
        await server.watched("services")
        server.tokens = {"new"}
        server.drop_watches()
        await until(lambda: found.failures.get("unauthorized", 0) >= 2)
        assert found.names == {"a"}
        server.put(service("shop/b"))
        server.write_kubeconfig(path, "new")
        await until(lambda: found.names == {"a", "b"})
        assert found.relists == {"start": 1}
    assert server.requests[-1].token == "new"


async def test_while_the_token_is_missing_it_is_tried_again(
    server: FakeApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    tries = []

    async def configure() -> Any:
        tries.append(1)
        if len(tries) < 4:
            raise AccessError("not inside a cluster: Token file does not exist.")
        return await from_url(server.url)()

    async with following(configure) as found:
        assert found.failures == {"AccessError": 3}
    assert len([each for each in messages(caplog) if "Token file does not exist" in each]) == 1


RULES = {
    SERVICES: '{apiGroups: [""], resources: ["services"], verbs: ["list", "watch"]}',
    NAMESPACES: '{apiGroups: [""], resources: ["namespaces"], verbs: ["list", "watch"]}',
    PODS: '{apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"]}',
    ENDPOINT_SLICES: (
        '{apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"]}'
    ),
}


@pytest.mark.parametrize("resource", RULES, ids=lambda each: each.plural)
@pytest.mark.parametrize("offers", [True, False])
async def test_a_missing_right_is_named_counted_and_recovered_from(
    server: FakeApiServer, resource: Resource, offers: bool, caplog: pytest.LogCaptureFixture
) -> None:
    server.offers_watch_list = offers
    server.put(namespace("shop"), service("shop/web"))
    server.forbidden.add(resource.plural)
    async with following(server.url, resource, wait=False) as found:
        await until(lambda: found.failures.get("forbidden", 0) >= 3)
        assert found.health.is_forbidden
        assert not found.health.is_synced
        (told,) = messages(caplog)
        assert f'cannot watch resource "{resource.plural}"' in told
        assert f"a ClusterRole of this user needs the rule {RULES[resource]}; trying again" in told
        server.forbidden.clear()
        await until(lambda: found.reflector.synced.is_set() and found.health.is_connected)
        assert not found.health.is_forbidden
        await agrees(Asker(server.url), found.state, resource)


async def test_a_right_that_is_taken_away_later_takes_no_object_away(server: FakeApiServer) -> None:
    server.put(service("shop/a"))
    async with following(server.url) as found:
        await server.watched("services")
        server.forbidden.add("services")
        server.put(service("shop/b"))
        await until(lambda: found.names == {"a", "b"})
        server.drop_watches()
        await until(lambda: found.health.is_forbidden)
        server.delete("Service", "shop", "a")
        assert found.names == {"a", "b"}
        assert found.health.is_synced
        server.forbidden.clear()
        await until(lambda: found.names == {"b"})
        assert not found.health.is_forbidden


async def test_a_right_to_list_without_one_to_watch_is_missed_too(server: FakeApiServer) -> None:
    server.offers_watch_list = False
    server.put(service("shop/a"))
    server.forbidden.add("watch services")
    async with following(server.url, wait=False) as found:
        await until(lambda: found.health.is_forbidden)
        server.forbidden.clear()
        await until(lambda: found.names == {"a"} and found.health.is_connected)


async def test_other_troubles_are_told_with_what_the_server_said(
    server: FakeApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.script(Fail(404), Fail(404), Fail(503))
    async with following(server.url) as found:
        assert found.failures == {"other": 2, "passing": 1}
    assert [each.rpartition("; ")[0] for each in messages(caplog)] == [
        "services: other: 404: the server could not find the requested resource",
        "services: passing: 503: apiserver is shutting down",
    ]


async def test_a_relist_that_is_asked_for_comes_at_once(server: FakeApiServer) -> None:
    server.put(service("shop/a"))
    async with following(server.url) as found:
        await server.watched("services")
        for count in range(1, 4):
            found.reflector.relist("inconsistent")
            await until(lambda count=count: found.relists.get("inconsistent") == count)
            await server.watched("services")
        found.reflector.relist("inconsistent")
        found.reflector.relist("inconsistent")
        await asyncio.sleep(0.01)
        found.reflector.relist("inconsistent")
        server.put(service("shop/b"))
        await until(lambda: found.names == {"a", "b"})
        await agrees(Asker(server.url), found.state, SERVICES)
        assert found.failures == {}
