"""kdns.sources.saving: the snapshot is written when there is something to save, and read at start."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from kdns.cluster.events import Applied, Tag, service_tag
from kdns.cluster.objects import ClusterObject, ServiceKey
from kdns.cluster.state import ClusterState
from kdns.sources import saving
from kdns.sources.saving import LEAST_INTERVAL, LOOK_SECONDS, Saver
from kdns.sources.snapshot import Snapshot
from tests.builders import cluster_ip, namespace, pod, state_of

VERSIONS = {"Service": "12"}
KINDS = ("Namespace", "Service", "EndpointSlice", "Pod")


def saver_of(folder: Path, state: ClusterState) -> Saver:
    return Saver(Snapshot(folder), state, lambda: VERSIONS)


def saved(folder: Path) -> list[ClusterObject]:
    """Return what is saved, without a second opinion on when."""
    found = Snapshot(folder).read()
    return [] if found is None else [each for batch in found[1] for each in batch]


def files(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def empty_state() -> ClusterState:
    return ClusterState()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 (nothing tells when a file was written)
            await asyncio.sleep(0.01)


async def until_saved(folder: Path, count: int) -> None:
    await until(lambda: len(saved(folder)) == count)


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short times: a look every 20 ms, a write every 0.5 s at most."""
    monkeypatch.setattr(saving, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(saving, "LEAST_INTERVAL", 0.5)


@contextlib.asynccontextmanager
async def running(saver: Saver) -> AsyncIterator[None]:
    task = asyncio.create_task(saver.run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def test_the_times_are_those_that_are_promised() -> None:
    assert LOOK_SECONDS <= 1.5, "the first complete state is to be on disk within 2 s"
    assert LEAST_INTERVAL >= 10


async def test_the_first_complete_state_is_written_soon(tmp_path: Path) -> None:
    state = empty_state()
    async with running(saver_of(tmp_path, state)):
        state.apply(Applied(namespace()))
        state.mark_synced()
        await until_saved(tmp_path, 1)


async def test_an_incomplete_state_is_never_written(tmp_path: Path, fast: None) -> None:
    state = empty_state()
    state.apply(Applied(namespace()))
    state.mark_synced("Service", "Namespace")
    saver = saver_of(tmp_path, state)
    async with running(saver):
        await asyncio.sleep(0.2)
        await saver.save()
    assert files(tmp_path) == []


async def test_changes_are_written_no_more_often_than_is_allowed(tmp_path: Path, fast: None) -> None:
    state = state_of(namespace())
    writes, begun = set(), time.monotonic()
    async with running(saver_of(tmp_path, state)):
        await until_saved(tmp_path, 1)
        for number in range(60):
            state.apply(Applied(pod(f"p-{number}", "10.0.0.1")))
            await asyncio.sleep(0.02)
            writes.add((tmp_path / "cluster.snapshot").stat().st_mtime_ns)
        await until_saved(tmp_path, 61)
        writes.add((tmp_path / "cluster.snapshot").stat().st_mtime_ns)
    assert 2 <= len(writes) <= (time.monotonic() - begun) / 0.5 + 2


async def test_what_does_not_change_is_written_once(tmp_path: Path, fast: None) -> None:
    saver = saver_of(tmp_path, state_of(namespace()))
    async with running(saver):
        await until_saved(tmp_path, 1)
        (tmp_path / "cluster.snapshot").unlink()
        await asyncio.sleep(0.8)
        assert saved(tmp_path) == []


async def test_a_save_at_the_end_writes_what_has_changed(tmp_path: Path) -> None:
    state = state_of(namespace())
    saver = saver_of(tmp_path, state)
    await saver.save()
    state.apply(Applied(cluster_ip("web", "10.96.0.1")))
    await saver.save()
    assert len(saved(tmp_path)) == 2


async def test_a_save_that_is_cancelled_can_be_followed_by_another(tmp_path: Path) -> None:
    state = state_of(*(pod(f"p-{number}") for number in range(20_000)))
    saver = saver_of(tmp_path, state)
    for delay in (0, 0.001, 0.005, 0.02):
        task = asyncio.create_task(saver.save())
        await asyncio.sleep(delay)
        task.cancel()
        kept = await asyncio.gather(task, return_exceptions=True)
        state.apply(Applied(pod(f"q-{delay}", "10.0.0.2")))
        await saver.save()
        assert len(saved(tmp_path)) == len(state), kept
        assert files(tmp_path) == ["cluster.snapshot"]
    assert saver.failures == 0


async def test_a_failure_is_counted_each_time_and_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    state = state_of(namespace())
    saver = saver_of(tmp_path / "file", state)
    for _ in range(3):
        await saver.save()
    assert saver.failures == 3
    assert saver.written_at == 0.0
    assert [
        record.getMessage() for record in caplog.records if "no snapshot can be written" in record.message
    ]
    assert len([each for each in caplog.records if each.levelno == logging.ERROR]) == 1
    assert str(tmp_path / "file") in caplog.text


async def test_a_folder_that_comes_back_is_written_to_again(
    tmp_path: Path, fast: None, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "later"
    saver = saver_of(folder, state_of(namespace()))
    async with running(saver):
        await until(lambda: saver.failures)
        folder.mkdir()
        await until_saved(folder, 1)
    assert saver.written_at > 0


async def test_a_restored_state_is_the_one_that_was_saved(tmp_path: Path) -> None:
    before = state_of(namespace(), cluster_ip("web", "10.96.0.1"), pod("a", "10.0.0.1"))
    await saver_of(tmp_path, before).save()
    after, tags = empty_state(), set[Tag]()
    saver = saver_of(tmp_path, after)
    header = saver.restore(tags.update, KINDS)
    assert header is not None
    assert header.versions == VERSIONS
    assert list(after.objects()) == list(before.objects())
    assert service_tag(ServiceKey("ns", "web")) in tags
    assert saver.written_at == header.taken_at
    assert not after.has_synced, "that is for whoever knows the versions"


async def test_kinds_that_nobody_wishes_to_see_are_not_restored(tmp_path: Path) -> None:
    await saver_of(tmp_path, state_of(namespace(), pod("a", "10.0.0.1"))).save()
    state = empty_state()
    saver_of(tmp_path, state).restore(lambda tags: None, KINDS[:3])
    assert list(state.objects()) == [namespace()]


async def test_a_restored_state_is_not_written_again_as_if_it_were_new(tmp_path: Path, fast: None) -> None:
    await saver_of(tmp_path, state_of(namespace())).save()
    content = (tmp_path / "cluster.snapshot").read_bytes()
    state = empty_state()
    saver = saver_of(tmp_path, state)
    saver.restore(lambda tags: None, KINDS)
    state.mark_synced()
    async with running(saver):
        await asyncio.sleep(0.2)
    await saver.save()
    assert (tmp_path / "cluster.snapshot").read_bytes() == content


def test_without_a_snapshot_there_is_nothing_to_restore(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert saver_of(tmp_path, empty_state()).restore(lambda tags: None, KINDS) is None
    assert f"no snapshot at {tmp_path}/cluster.snapshot yet" in caplog.text


async def test_a_broken_snapshot_is_refused_whole_with_its_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await saver_of(tmp_path, state_of(namespace())).save()
    path = tmp_path / "cluster.snapshot"
    path.write_bytes(path.read_bytes()[:-1])
    state = empty_state()
    assert saver_of(tmp_path, state).restore(lambda tags: None, KINDS) is None
    assert len(state) == 0
    assert f"the snapshot is ignored: {path}: damaged" in caplog.text
