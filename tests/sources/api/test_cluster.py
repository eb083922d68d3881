"""kdns.sources.api.cluster: with a snapshot the cluster is there at once, else when the API has told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kdns.cluster.events import UNSYNCED, Tag
from kdns.cluster.state import NEEDED_ALWAYS, ClusterState
from kdns.measures import Family
from kdns.sources import saving
from kdns.sources.api.access import AccessError, Configure, from_kubeconfig, from_url
from kdns.sources.api.cluster import ClusterSource
from kdns.sources.snapshot import Snapshot
from tests.apiserver.asking import Asker
from tests.apiserver.builders import endpoint_slice, namespace, pod, service
from tests.apiserver.fake import FakeApiServer
from tests.sources.api.following import held, listed, until


class Node:
    """A ClusterState and the source that fills it."""

    def __init__(self, configure: Configure, folder: Path | None, needed: tuple[str, ...]) -> None:
        self.state, self.tags = ClusterState(needed=needed), set[Tag]()
        snapshot = Snapshot(folder) if folder else None
        self.source = ClusterSource(configure, self.state, self.tags.update, snapshot)

    def value(self, name: str, *labels: str) -> float:
        (family,) = (each for each in self.source.measure() if each.name == name)
        assert isinstance(family, Family)
        return dict(family.samples)[labels]


@contextlib.asynccontextmanager
async def node(
    configure: str | Configure, folder: Path | None = None, needed: tuple[str, ...] = NEEDED_ALWAYS
) -> AsyncIterator[Node]:
    made = Node(from_url(configure) if isinstance(configure, str) else configure, folder, needed)
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


async def test_pods_are_read_only_if_the_state_needs_them(server: FakeApiServer) -> None:
    async with node(server.url) as made:
        await until(lambda: made.state.has_synced)
        assert not made.state.pods
    assert not server.requests_for("pods")
    async with node(server.url, needed=(*NEEDED_ALWAYS, "Pod")) as made:
        await until(lambda: made.state.has_synced)
        assert len(made.state.pods) == 1


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
            await Node(missing, folder, NEEDED_ALWAYS).source.restore()
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
