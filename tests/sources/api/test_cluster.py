"""kdns.sources.api.cluster: with a snapshot the cluster is there at once, else when the API has told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kdns.cluster.events import UNSYNCED, Tag
from kdns.cluster.state import ClusterState
from kdns.cluster.wish import PLAIN, ApiServer, ClusterWish
from kdns.measures import Family
from kdns.sources import saving
from kdns.sources.api.access import AccessError, Configure, from_kubeconfig, from_url
from kdns.sources.api.cluster import ClusterSource
from kdns.sources.snapshot import Snapshot
from tests.apiserver.asking import Asker
from tests.apiserver.builders import changed, endpoint_slice, namespace, pod, service
from tests.apiserver.failures import Stall
from tests.apiserver.fake import FakeApiServer
from tests.sources.api.following import held, listed, until

SERVICE_LABEL = "kubernetes.io/service-name"


class Node:
    """A ClusterState and the source that fills it."""

    def __init__(self, configure: Configure, folder: Path | None, wish: ClusterWish) -> None:
        self.state, self.tags = ClusterState(needed=wish.kinds), set[Tag]()
        snapshot = Snapshot(folder) if folder else None
        self.source = ClusterSource(configure, wish, self.state, self.tags.update, snapshot)

    def value(self, name: str, *labels: str) -> float:
        (family,) = (each for each in self.source.measure() if each.name == name)
        assert isinstance(family, Family)
        return dict(family.samples)[labels]


@contextlib.asynccontextmanager
async def node(
    configure: str | Configure, folder: Path | None = None, wish: ClusterWish = PLAIN
) -> AsyncIterator[Node]:
    made = Node(from_url(configure) if isinstance(configure, str) else configure, folder, wish)
    await made.source.restore()
    task = asyncio.create_task(made.source.run())
    try:
        yield made
        assert not task.done()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture(autouse=True)
def small_cluster(server: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "LOOK_SECONDS", 0.05)
    server.put(
        namespace("shop"),
        service("shop/web", "10.96.0.1"),
        endpoint_slice("shop/web", "10.0.0.1"),
        pod("shop/a", "10.0.0.1"),
    )


@pytest.mark.parametrize(
    ("wish", "resources"),
    [
        (PLAIN, {"endpointslices"}),
        (ClusterWish(pods=True), {"endpointslices", "pods"}),
        (ClusterWish(endpoint_slices=False), set()),
        (ClusterWish(pods=True, endpoint_slices=False), {"pods"}),
    ],
)
async def test_only_what_was_wished_for_is_read(
    server: FakeApiServer, wish: ClusterWish, resources: set[str]
) -> None:
    async with node(server.url, wish=wish) as made:
        await until(lambda: made.state.has_synced)
        assert (len(made.state.pods), len(made.state.slices)) == (wish.pods, wish.endpoint_slices)
    assert {each.resource for each in server.requests} == {"namespaces", "services"} | resources


@pytest.mark.parametrize("offers_watch_list", [True, False])
async def test_labels_choose_among_all_objects_but_namespaces(
    server: FakeApiServer, offers_watch_list: bool
) -> None:
    server.offers_watch_list = offers_watch_list
    labels = {"app": "api"}
    server.put(
        changed(service("shop/api", "10.96.0.2"), labels=labels),
        changed(endpoint_slice("shop/api", "10.0.0.2"), labels=labels | {SERVICE_LABEL: "api"}),
        pod("shop/b", "10.0.0.2", labels=labels),
    )
    async with node(server.url, wish=ClusterWish(pods=True, labels="app in (api,x)")) as made:
        await until(lambda: made.state.has_synced)
        kinds = sorted((each.resource, each.name) for each in held(made.state))
        assert kinds == [
            ("EndpointSlice", "api-1"),
            ("Namespace", "shop"),
            ("Pod", "b"),
            ("Service", "api"),
        ]
        server.put(changed(service("shop/web", "10.96.0.1"), labels=labels))
        await until(lambda: ("shop", "web") in made.state.services)
        server.put(service("shop/web", "10.96.0.1"))
        await until(lambda: ("shop", "web") not in made.state.services)


async def test_a_snapshot_without_a_kind_does_not_make_it_count_as_seen(
    server: FakeApiServer, tmp_path: Path
) -> None:
    async with node(server.url, tmp_path) as made:
        await until(lambda: made.state.has_synced)
    await server.stop()
    async with node(server.url, tmp_path, ClusterWish(pods=True)) as made:
        assert made.state.unsynced == {"Pod"}
        assert ("shop", "web") in made.state.services
        await server.start()
        await until(lambda: made.state.has_synced)
    await server.stop()
    async with node(server.url, tmp_path) as made:
        assert made.state.has_synced
        assert not made.state.pods, "what nobody wishes to see would never be brought up to date"


async def test_what_is_asked_is_within_the_limits_of_the_wish(server: FakeApiServer) -> None:
    server.script(Stall(headers=False))
    async with node(server.url, wish=ClusterWish(ApiServer(max_inflight=1))):
        await server.until(lambda: bool(server.requests))
        await asyncio.sleep(0.05)
        assert len(server.requests) == 1, "the others have no place while the first gets no answer"


async def test_what_was_known_is_there_at_once_after_a_restart_and_stale_until_confirmed(
    server: FakeApiServer, tmp_path: Path
) -> None:
    async with node(server.url, tmp_path) as made:
        assert made.value("kdns_snapshot_age_seconds") == -1
        await until(lambda: made.state.has_synced)
    before = held(made.state)
    await server.stop()
    server.put(service("shop/web", "10.96.0.2"))
    server.delete("EndpointSlice", "shop", "web-1")
    for _ in range(2):
        async with node(server.url, tmp_path) as made:
            assert made.state.has_synced
            assert UNSYNCED in made.tags
            assert held(made.state) == before
            assert made.value("kdns_kubernetes_stale", "services") == 1
            assert made.value("kdns_kubernetes_synced", "services") == 0
            assert made.value("kdns_snapshot_age_seconds") >= 0
    async with node(server.url, tmp_path) as made:
        await server.start()
        await until(lambda: made.value("kdns_kubernetes_stale", "endpointslices") == 0)
        await until(lambda: made.value("kdns_kubernetes_stale", "services") == 0)
        await until(lambda: held(made.state) != before)
        now = await listed(Asker(server.url))
        await until(lambda: held(made.state) == {k: v for k, v in now.items() if k.resource != "Pod"})
    async with node(server.url, tmp_path) as made:
        assert made.state.services["shop", "web"].cluster_ips == ("10.96.0.2",), "it was saved at the stop"


async def test_a_broken_snapshot_is_as_good_as_none(
    server: FakeApiServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cluster.snapshot").write_text("something else")
    async with node(server.url, tmp_path) as made:
        await until(lambda: made.state.has_synced)
        await until(lambda: Snapshot(tmp_path).path.read_bytes() != b"something else")
    assert "the snapshot is ignored" in caplog.text


async def test_without_a_way_to_the_api_there_must_be_a_snapshot(
    server: FakeApiServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    missing = from_kubeconfig(tmp_path / "missing")
    for folder in (None, tmp_path):
        with pytest.raises(AccessError, match="missing"):
            await Node(missing, folder, PLAIN).source.restore()
    async with node(server.url, tmp_path) as made:
        await until(lambda: made.state.has_synced)
    async with node(missing, tmp_path) as made:
        assert made.state.has_synced
    assert "missing: " in caplog.text
    assert "serving the snapshot" in caplog.text


async def test_what_is_forbidden_is_named_by_its_kind(server: FakeApiServer) -> None:
    server.forbidden.update({"endpointslices", "namespaces"})
    async with node(server.url) as made:
        await until(lambda: made.source.forbidden() == {"EndpointSlice", "Namespace"})
        assert made.value("kdns_kubernetes_forbidden", "endpointslices") == 1
        server.forbidden.clear()
        await until(lambda: made.source.forbidden() == frozenset())


async def test_a_folder_that_can_t_be_written_to_costs_a_line_and_nothing_else(
    server: FakeApiServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    async with node(server.url, tmp_path / "file") as made:
        await until(lambda: made.value("kdns_snapshot_failures_total") >= 1)
        assert made.state.has_synced
    assert caplog.text.count("no snapshot can be written") == 1
