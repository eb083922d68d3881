"""kdns.sources.watching: the state follows the files, and nothing ends that but cancelling."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from kdns.cluster.events import Applied, Tag, service_tag
from kdns.cluster.objects import Namespace, ServiceKey
from kdns.cluster.state import ClusterState
from kdns.sources import slices, watching
from kdns.sources.manifests import Manifests
from kdns.sources.watching import MAX_LINES, apply_in_slices, follow
from tests.sources.builders import service, write

WEB, API = ServiceKey("shop", "web"), ServiceKey("shop", "api")


class Following:
    """A ClusterState that follows one folder, and the tags that were handed on."""

    def __init__(self, folder: Path) -> None:
        self.manifests = Manifests([folder])
        self.state = ClusterState()
        self.tags: set[Tag] = set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(follow(self.manifests, self.state, self.tags.update, look_seconds=0.02))
        try:
            await until(lambda: self.state.has_synced)
            yield
        finally:
            assert not task.done()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what must come, generously: machines are slow at times."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 (nothing tells when a file was read)
            await asyncio.sleep(0.01)


async def test_the_first_load_is_complete_before_has_synced(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", *(service(f"s-{n}") for n in range(500)))
    following = Following(tmp_path)
    async with following.running():
        assert len(following.state.services) == 500
        assert service_tag(ServiceKey("shop", "s-499")) in following.tags


async def test_an_edit_an_addition_and_a_deletion_are_followed(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", service(clusterIP="10.96.0.1"))
    following = Following(tmp_path)
    state = following.state
    async with following.running():
        write(tmp_path / "a.yaml", service(clusterIP="10.96.0.22"))
        await until(lambda: state.services[WEB].cluster_ips == ("10.96.0.22",))
        write(tmp_path / "b.yaml", service("api"))
        await until(lambda: API in state.services)
        following.tags.clear()
        (tmp_path / "a.yaml").unlink()
        await until(lambda: WEB not in state.services)
        assert service_tag(WEB) in following.tags
        assert API in state.services


async def test_with_the_default_interval_an_edit_is_picked_up(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", service(clusterIP="10.96.0.1"))
    state = ClusterState()
    task = asyncio.create_task(follow(Manifests([tmp_path]), state, lambda tags: None))
    await until(lambda: state.has_synced)
    write(tmp_path / "a.yaml", service(clusterIP="10.96.0.22"))
    await until(lambda: state.services[WEB].cluster_ips == ("10.96.0.22",))
    task.cancel()


async def test_a_file_at_work_is_not_read_until_it_rests(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", service(clusterIP="10.96.0.1"))
    follower = watching._Follower(manifests := Manifests([path]), state := ClusterState(), lambda tags: None)
    await follower.look()
    path.write_text("")
    await follower.look()
    assert WEB in state.services
    write(path, service(clusterIP="10.96.0.22"))
    await follower.look()
    assert state.services[WEB].cluster_ips == ("10.96.0.1",)
    await follower.look()
    assert state.services[WEB].cluster_ips == ("10.96.0.22",)
    assert manifests.look() == follower._loaded


async def test_problems_and_notices_are_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "kdns.manifests")
    write(tmp_path / "a.yaml", service(), {"kind": "Service"})
    following = Following(tmp_path)
    async with following.running():
        first = [(record.levelname, record.getMessage()) for record in caplog.records]
        write(tmp_path / "b.yaml", service("api", clusterIP="10.96.0.1"))
        await until(lambda: API in following.state.services)
    path = tmp_path / "a.yaml"
    [address] = following.state.services[WEB].cluster_ips
    assert first == [
        ("WARNING", f"{path}, document 2: no Kubernetes object: it has no apiVersion"),
        ("INFO", f"Service shop/web has no clusterIP: given {address}"),
    ]
    assert len(caplog.records) == len(first)


async def test_a_flood_of_notices_is_cut(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "kdns.manifests")
    write(tmp_path / "a.yaml", *(service(f"s-{n}") for n in range(MAX_LINES + 7)))
    async with Following(tmp_path).running():
        pass
    assert len(caplog.records) == MAX_LINES + 1
    assert caplog.messages[-1] == "and 7 more like these"


async def test_an_unexpected_failure_is_logged_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = [MemoryError("for the test"), RuntimeError("for the test")]
    read = Manifests.read

    def failing(manifests: Manifests, *rest: object) -> object:
        if failures:
            raise failures.pop()
        return read(manifests, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Manifests, "read", failing)
    write(tmp_path / "a.yaml", service())
    following = Following(tmp_path)
    async with following.running():
        assert WEB in following.state.services
    assert [record.exc_info is not None for record in caplog.records] == [True, True]


async def test_applying_gives_way_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE_SECONDS", 0.0)
    state = ClusterState()
    events = [Applied(Namespace(f"n{n}")) for n in range(20)]
    task = asyncio.create_task(apply_in_slices(state, events, lambda tags: None))
    seen = []
    while not task.done():
        await asyncio.sleep(0)
        seen.append(len(state))
    assert sorted(set(seen)) == list(range(1, 21))


async def test_tags_come_right_after_their_event() -> None:
    state, seen = ClusterState(), []
    events = [Applied(Namespace(name)) for name in "abc"]
    await apply_in_slices(state, events, lambda tags: seen.append((len(state), tags)))
    assert seen == [(n, {("namespace", name)}) for n, name in enumerate("abc", 1)]
