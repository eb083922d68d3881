"""kdns.sources.api.source: all resources of one server, each in its own time, in one state."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from kdns.cluster.events import UNSYNCED, service_tag
from kdns.cluster.objects import ServiceKey
from kdns.cluster.state import ClusterState
from kdns.measures import Histogram
from kdns.sources.api.access import Access, from_url
from kdns.sources.api.meter import Meter
from kdns.sources.api.resources import ENDPOINT_SLICES, NAMESPACES, SERVICES
from kdns.sources.api.source import ApiSource
from tests.apiserver.asking import Asker
from tests.apiserver.builders import endpoint_slice, external, headless, namespace, pod, service
from tests.apiserver.fake import FakeApiServer
from tests.builders import cluster_ip
from tests.cluster.views import everything
from tests.sources.api.following import RESOURCES, agrees, keeping, until

WEB = ServiceKey("shop", "web")


@pytest.fixture(autouse=True)
def small_cluster(server: FakeApiServer) -> None:
    server.put(
        namespace("shop"),
        service("shop/web", "10.96.0.1"),
        headless("shop/db"),
        external("shop/outside", "example.com"),
        endpoint_slice("shop/web", "10.0.0.1"),
        endpoint_slice("shop/db", "10.0.0.2 hostname=db-0"),
        pod("shop/db-0", "10.0.0.2"),
    )


async def test_everything_is_in_step_and_marked_so(server: FakeApiServer) -> None:
    async with keeping(server.url) as kept:
        assert UNSYNCED in kept.tags
        await agrees(Asker(server.url), kept.state)
        kept.tags.clear()
        server.put(endpoint_slice("shop/web", "10.0.0.9"))
        await until(lambda: service_tag(WEB) in kept.tags)
        await agrees(Asker(server.url), kept.state)


async def test_a_resource_that_is_forbidden_holds_up_no_other(server: FakeApiServer) -> None:
    server.forbidden.add("endpointslices")
    async with keeping(server.url, wait=False) as kept:
        await until(lambda: kept.state.unsynced == {"EndpointSlice"})
        assert kept.health("EndpointSlice").is_forbidden
        assert WEB in kept.state.services
        assert sorted(kept.source.versions()) == ["Namespace", "Pod", "Service"]
        server.forbidden.clear()
        await until(lambda: kept.state.has_synced)
        await agrees(Asker(server.url), kept.state)


async def test_versions_are_those_up_to_which_each_kind_is_known(server: FakeApiServer) -> None:
    async with keeping(server.url) as kept:
        version = str(server.put(service("shop/new"))["metadata"]["resourceVersion"])
        await until(lambda: kept.source.versions()["Service"] == version)
        assert {*kept.source.versions()} == {each.kind for each in RESOURCES}


def source_of(server: FakeApiServer, state: ClusterState) -> ApiSource:
    return ApiSource(
        Access(from_url(server.url)), state, [NAMESPACES, SERVICES, ENDPOINT_SLICES], set().update
    )


def test_what_was_seen_whole_is_known_without_a_version_too(server: FakeApiServer) -> None:
    state = ClusterState()
    source = source_of(server, state)
    assert source.versions() == {}
    source.resume({"Service": "12", "Namespace": "", "Other": "9"})
    assert state.unsynced == {"EndpointSlice"}
    assert source.versions() == {"Service": "12", "Namespace": ""}, "a relist may be under way"


def test_what_is_resumed_is_stale_until_it_is_confirmed(server: FakeApiServer) -> None:
    source = source_of(server, ClusterState())
    source.resume({"Service": "12"})
    assert [health.is_stale for health in source.health.values()] == [False, True, False]
    assert not any(health.is_synced for health in source.health.values())


@pytest.mark.parametrize(
    ("built", "service_kind"),
    [
        (endpoint_slice("shop/web", "10.0.0.7"), "cluster_ip"),
        (endpoint_slice("shop/db", "10.0.0.7"), "headless_with_selector"),
        (endpoint_slice("shop/outside", "10.0.0.7"), None),
        (endpoint_slice("shop/nobody", "10.0.0.7"), None),
    ],
)
async def test_the_time_from_a_change_of_endpoints_is_observed_by_kind(
    server: FakeApiServer, built: dict[str, dict[str, object]], service_kind: str | None
) -> None:
    trigger = datetime.fromtimestamp(time.time() - 1.5, UTC).isoformat()
    annotations = {"annotations": {"endpoints.kubernetes.io/last-change-trigger-time": trigger}}
    first = endpoint_slice("shop/web", "10.0.0.8", name="listed")
    server.put(first | {"metadata": first["metadata"] | annotations})
    meter = Meter()
    async with keeping(server.url, meter=meter) as kept:
        await server.watched("endpointslices")
        assert programmed(meter) == [], "nobody waited for what the first list brings"
        server.put(built)
        server.put(built | {"metadata": built["metadata"] | annotations})
        await agrees(Asker(server.url), kept.state)
        assert [labels for labels, _, _ in programmed(meter)] == ([(service_kind,)] if service_kind else [])
        for _, counts, total in programmed(meter):
            assert sum(counts) == 1
            assert 1.5 <= total < 60


def programmed(meter: Meter) -> Sequence[tuple[tuple[str, ...], Sequence[int], float]]:
    """Return the samples of the time from a change to its answer."""
    name = "coredns_kubernetes_dns_programming_duration_seconds"
    found = [each for each in meter.measure() if isinstance(each, Histogram) and each.name == name]
    return found[0].samples if found else []


async def test_a_state_that_was_restored_ends_as_one_that_was_not(server: FakeApiServer) -> None:
    async with keeping(server.url) as first:
        before, versions = list(first.objects.values()), first.source.versions()
    server.delete("Service", "shop", "web")
    server.put(service("shop/db", "10.96.0.9"))
    async with keeping(server.url, holding=[*before, cluster_ip("shop/ghost")], versions=versions) as kept:
        await until(lambda: not any(each.is_stale for each in kept.source.health.values()))
        async with keeping(server.url) as fresh:
            assert everything(kept.state) == everything(fresh.state)
