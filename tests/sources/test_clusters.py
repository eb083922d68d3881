"""kdns.sources.clusters: one handle a wish, started once, kept while somebody has it, restored from disk."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from kdns.cluster.events import UNSYNCED, Tag
from kdns.cluster.state import ClusterState
from kdns.cluster.wish import PLAIN, ApiServer, ClusterWish
from kdns.measures import Family, Histogram
from kdns.sources import clusters as module
from kdns.sources.api.access import from_url
from kdns.sources.clusters import ClusterError, Clusters, Handle, Source
from kdns.sources.manifests import Manifests
from tests.apiserver.builders import endpoint_slice, namespace, pod, service
from tests.apiserver.conftest import server
from tests.apiserver.fake import FakeApiServer
from tests.sources.api.following import until
from tests.sources.builders import service as manifest
from tests.sources.builders import write

__all__ = ["server"]


class Running:
    """Clusters, and what they told."""

    def __init__(self) -> None:
        self.told: list[tuple[ClusterState, frozenset[Tag]]] = []
        self.all: list[Clusters] = []

    def clusters(
        self, manifests: Manifests | None = None, api: FakeApiServer | None = None, folder: Path | None = None
    ) -> Clusters:
        configure = from_url(api.url) if api else None
        self.all.append(Clusters(lambda *told: self.told.append(told), manifests, configure, folder))
        return self.all[-1]

    def has_told(self, handle: Handle, tag: Tag) -> bool:
        return any(state is handle.state and tag in tags for state, tags in self.told)


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    made = Running()
    yield made
    for each in made.all:
        await each.close()


@pytest.fixture
def files(tmp_path: Path) -> Manifests:
    return Manifests([write(tmp_path / "a.yaml", manifest(clusterIP="10.96.0.1"))])


@pytest.fixture
def filled(server: FakeApiServer) -> FakeApiServer:
    server.put(
        namespace("shop"),
        service("shop/web", "10.96.0.1"),
        endpoint_slice("shop/web", "10.0.0.1"),
        pod("shop/a", "10.0.0.1"),
    )
    return server


def at(api: FakeApiServer, **wish: object) -> ClusterWish:
    return ClusterWish(ApiServer(api.url), **wish)  # type: ignore[arg-type]


async def synced(*handles: Handle) -> None:
    await until(lambda: all(handle.state.has_synced for handle in handles))


def test_a_wish_has_one_handle_and_nothing_is_read_for_it() -> None:
    clusters = Clusters(lambda *told: None, Manifests([Path("/nowhere")]))
    handle = clusters.cluster(PLAIN)
    assert clusters.cluster(ClusterWish()) is handle
    assert clusters.cluster(ClusterWish(pods=True)) is not handle
    assert handle.forbidden() == frozenset()
    assert list(clusters.measure()) == []


@pytest.mark.parametrize(
    ("wish", "kinds"),
    [
        (PLAIN, {"Namespace", "Service", "EndpointSlice"}),
        (ClusterWish(pods=True), {"Namespace", "Service", "EndpointSlice", "Pod"}),
        (ClusterWish(endpoint_slices=False), {"Namespace", "Service"}),
    ],
)
def test_the_state_waits_for_what_was_wished_for(wish: ClusterWish, kinds: set[str]) -> None:
    assert Clusters(lambda *told: None).cluster(wish).state.unsynced == kinds


async def test_manifests_are_what_every_wish_is_read_from(running: Running, files: Manifests) -> None:
    clusters = running.clusters(files)
    plain, other = clusters.cluster(PLAIN), clusters.cluster(ClusterWish(labels="app=x"))
    assert clusters.cluster(ClusterWish(ApiServer("http://10.0.0.1:1"))) is plain
    await clusters.start([plain, other])
    await synced(plain, other)
    assert list(plain.state.services) == [("shop", "web")]
    assert list(other.state.services) == []
    assert running.has_told(plain, ("service", "shop", "web"))
    assert not running.has_told(other, ("service", "shop", "web"))
    assert running.has_told(other, UNSYNCED)


async def test_what_cannot_be_read_is_told_and_nothing_is_started(
    running: Running, filled: FakeApiServer, tmp_path: Path
) -> None:
    missing = running.clusters(Manifests([tmp_path / "missing"]))
    with pytest.raises(ClusterError, match="missing: No such file"):
        await missing.start([missing.cluster(PLAIN)])
    clusters = running.clusters()
    good, bad = clusters.cluster(at(filled)), clusters.cluster(ClusterWish(ApiServer(kubeconfig="/missing")))
    with pytest.raises(ClusterError, match="/missing: "):
        await clusters.start([good, bad])
    assert (good.task, bad.task) == (None, None)
    await clusters.start([good])
    await synced(good)


async def test_each_wish_is_read_from_its_own_api_server(running: Running, filled: FakeApiServer) -> None:
    clusters = running.clusters()
    async with FakeApiServer() as second:
        second.put(namespace("other"))
        handles = [clusters.cluster(at(filled, pods=True)), clusters.cluster(at(second))]
        await clusters.start(handles)
        await synced(*handles)
        assert [sorted(handle.state.namespaces) for handle in handles] == [["shop"], ["other"]]
        assert [handle.state.count("Pod") for handle in handles] == [1, 0]
        await clusters.close()


async def test_another_api_server_takes_the_place_of_the_wish_s_but_its_limits_stay(
    running: Running, filled: FakeApiServer
) -> None:
    clusters = running.clusters(api=filled)
    handle = clusters.cluster(ClusterWish(ApiServer("http://10.0.0.1:1", qps=99.0), pods=True))
    assert handle.wish == ClusterWish(ApiServer(qps=99.0), pods=True)
    assert clusters.cluster(ClusterWish(ApiServer(kubeconfig="/x", qps=99.0), pods=True)) is handle
    await clusters.start([handle])
    await synced(handle)
    assert len(handle.state.pods) == 1


async def test_what_is_started_already_runs_on(running: Running, files: Manifests) -> None:
    clusters = running.clusters(files)
    handle = clusters.cluster(PLAIN)
    await clusters.start([handle, handle])
    task = handle.task
    await clusters.start([handle, clusters.cluster(ClusterWish(pods=True))])
    await clusters.stop_others([handle])
    assert handle.task is task
    assert task is not None
    assert not task.done()


async def test_what_nobody_has_any_more_ends_and_is_read_anew_when_it_is_wished_for_again(
    running: Running, filled: FakeApiServer
) -> None:
    clusters = running.clusters()
    handle = clusters.cluster(at(filled))
    await clusters.start([handle])
    await synced(handle)
    await filled.watched("services")
    await clusters.stop_others([])
    assert handle.task is not None
    assert handle.task.done()
    await filled.until(lambda: not filled.open_watches())
    again = clusters.cluster(at(filled))
    assert again is not handle
    assert len(again.state) == 0


def snapshots(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


async def test_the_last_known_state_is_there_at_once_by_whatever_wish_of_the_same_cluster(
    running: Running, filled: FakeApiServer, tmp_path: Path
) -> None:
    first = running.clusters(folder=tmp_path)
    handle = first.cluster(at(filled, pods=True))
    await first.start([handle])
    await synced(handle)
    await first.close()
    (name,) = snapshots(tmp_path)
    assert name.startswith("cluster-")
    await filled.stop()
    second = running.clusters(folder=tmp_path)
    limited = ApiServer(filled.url, qps=50.0)
    plain, labelled = second.cluster(ClusterWish(limited)), second.cluster(at(filled, labels="a"))
    await second.start([plain, labelled])
    assert plain.state.has_synced
    assert len(plain.state) == 3
    assert not labelled.state.has_synced
    await second.close()
    assert snapshots(tmp_path) == [name]


async def test_a_wish_without_options_has_the_snapshot_without_a_suffix(
    running: Running, filled: FakeApiServer, tmp_path: Path
) -> None:
    clusters = running.clusters(api=filled, folder=tmp_path)
    handles = [clusters.cluster(PLAIN), clusters.cluster(ClusterWish(labels="a=b"))]
    await clusters.start(handles)
    await synced(*handles)
    await clusters.close()
    plain, labelled = snapshots(tmp_path)[1], snapshots(tmp_path)[0]
    assert plain == "cluster.snapshot"
    assert labelled == f"cluster-{handles[1].name}.snapshot"


def test_names_are_the_same_for_ever() -> None:
    """A snapshot is found by one after a restart, by another version of kdns too."""
    wishes = (PLAIN, ClusterWish(pods=True), ClusterWish(labels="a"), ClusterWish(ApiServer("b")))
    assert [Handle(wish).name for wish in wishes] == ["", "0f464a89", "16007f49", "b21f8394"]


async def test_several_are_told_apart_by_a_label(running: Running, filled: FakeApiServer) -> None:
    clusters = running.clusters()
    handles = [clusters.cluster(at(filled)), clusters.cluster(at(filled, pods=True))]
    await clusters.start(handles[:1])
    await synced(handles[0])
    assert labels_of(clusters.measure(), "kdns_kubernetes_synced") == {("resource",)}
    await clusters.start(handles)
    await synced(*handles)
    families = list(clusters.measure())
    assert labels_of(families, "kdns_kubernetes_synced") == {("cluster", "resource")}
    named = {
        labels[0] for each in families if each.name == "kdns_kubernetes_synced" for labels, *_ in each.samples
    }
    assert named == {handle.name for handle in handles}
    requests = [each for each in families if each.name == "coredns_kubernetes_rest_client_requests_total"]
    assert len(requests) == 1, "these are told apart by the host"


def labels_of(families: Iterable[Family | Histogram], name: str) -> set[tuple[str, ...]]:
    return {each.labels for each in families if each.name == name}


class Defective:
    """A source that is ended by a defect at first."""

    def __init__(self) -> None:
        self.runs = 0

    async def restore(self) -> None:
        pass

    async def run(self) -> None:
        self.runs += 1
        if self.runs < 3:
            raise ZeroDivisionError("a defect")
        await asyncio.Event().wait()

    def forbidden(self) -> frozenset[str]:
        return frozenset({"Pod"})

    def measure(self) -> Iterable[Family | Histogram]:
        return ()


async def test_a_defect_of_a_source_is_logged_and_it_begins_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "RESTART_SECONDS", 0.0)
    source = Defective()

    class WithDefect(Clusters):
        def _source(self, handle: Handle) -> Source:
            return source

    clusters = WithDefect(lambda *told: None)
    handle = clusters.cluster(PLAIN)
    with caplog.at_level(logging.ERROR):
        await clusters.start([handle])
        await until(lambda: source.runs == 3)
    assert caplog.text.count("a defect of kdns has stopped the source") == 2
    assert handle.forbidden() == {"Pod"}
    await clusters.close()
