"""kdns.sources.api against a real API server: what it does to its clients is survived, nothing is lost."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from kdns.sources.api.access import Access, Configure, from_kubeconfig, in_cluster
from kdns.sources.api.checking import Checker
from kdns.sources.api.pacing import Pace
from kdns.sources.api.resources import Resource
from tests.apiserver.asking import NAMESPACES
from tests.apiserver.builders import Object, endpoint_slice, external, headless, namespace, pod, service
from tests.apiserver.real import PATIENCE, RealServer, patient, real_apiserver
from tests.sources.api.following import RESOURCES, Keeping, Objects, held, keeping, read_items, until

pytestmark = patient

BRISK = Pace(first=0.05, longest=0.5, short=0.2, check=3600.0, recheck=0.5)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A server of this module's own: it is mistreated."""
    with real_apiserver(tmp_path_factory.mktemp("mistreated")) as server:
        server.put(*small_cluster("shop"))
        yield server


def small_cluster(where: str) -> list[Object]:
    return [
        namespace(where, team="a"),
        service(f"{where}/web"),
        endpoint_slice(f"{where}/web", "10.0.0.1 pod=web-0"),
        headless(f"{where}/db"),
        endpoint_slice(f"{where}/db", "10.0.0.2 hostname=db-0", "10.0.0.3 unready"),
        external(f"{where}/outside", "example.com"),
        pod(f"{where}/web-0", "10.0.0.1"),
    ]


def listed(real: RealServer) -> Objects:
    """Return what a fresh list of each resource holds."""
    found: Objects = {}
    for resource in RESOURCES:
        found |= read_items(resource.kind, real.call("GET", resource.path)["items"])
    return found


async def agrees(real: RealServer, kept: Keeping) -> None:
    """Wait until the state is what fresh lists give; fail with the difference if it never is."""
    expected: Objects = {}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while held(kept.state) != (expected := await asyncio.to_thread(listed, real)):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    assert held(kept.state) == expected


@contextlib.asynccontextmanager
async def kept_by(configure: Configure | Path) -> AsyncIterator[Keeping]:
    configure = from_kubeconfig(configure) if isinstance(configure, Path) else configure
    async with keeping(configure, BRISK) as kept:
        yield kept


def change_everything(real: RealServer, turn: int) -> None:
    """Create, change and delete objects of every kind: of those that turns create, the last one's stay."""
    names = [item["metadata"]["name"] for item in real.call("GET", NAMESPACES)["items"]]
    real.put(*small_cluster(f"extra-{turn}"))
    real.put(endpoint_slice("shop/db", f"10.0.1.{turn} hostname=db-0"), namespace("shop", team=f"t{turn}"))
    real.put(pod("shop/web-0", f"10.0.2.{turn}"), service("shop/web", ports=(f"p{turn}:80/tcp",)))
    for where in names:
        for obj in reversed(small_cluster(where)) if where.startswith("extra-") else ():
            metadata = obj["metadata"]
            real.delete(obj["kind"], metadata.get("namespace", ""), metadata["name"])


async def until_known(kept: Keeping, turn: int) -> None:
    await until(lambda: f"extra-{turn}" in kept.state.namespaces)


@pytest.mark.parametrize("user", ["admin", "reader"])
async def test_every_change_arrives(real: RealServer, user: str) -> None:
    async with kept_by(real.kubeconfig if user == "admin" else real.kubeconfig_reader) as kept:
        await agrees(real, kept)
        for turn in range(3):
            await asyncio.to_thread(change_everything, real, turn)
            await agrees(real, kept)
        relists = [each.relists for each in kept.source.health.values()]
        assert relists == [{"start": 1}] * 4
        assert not any(each.failures for each in kept.source.health.values())


async def test_the_check_agrees_with_a_real_server(real: RealServer) -> None:
    async with kept_by(real.kubeconfig) as kept:
        await agrees(real, kept)
        access = Access(from_kubeconfig(real.kubeconfig))
        for reflector in kept.source._reflectors.values():
            assert await Checker(access, reflector, BRISK).check() == 0
        await access.close()


async def test_a_restart_of_the_api_server_is_survived(real: RealServer) -> None:
    async with kept_by(real.kubeconfig) as kept:
        for turn in (10, 11):
            before = held(kept.state)
            await asyncio.to_thread(real.restart)
            assert held(kept.state) == before
            await asyncio.to_thread(change_everything, real, turn)
            await agrees(real, kept)


async def test_a_history_that_is_forgotten_is_survived(real: RealServer) -> None:
    async with kept_by(real.kubeconfig) as kept:
        for turn in (20, 21):
            await asyncio.to_thread(change_everything, real, turn)
            await asyncio.to_thread(real.compact)
            await asyncio.to_thread(real.restart)
            await until_known(kept, turn)
            await agrees(real, kept)
        assert any(each.relists["expired"] for each in kept.source.health.values())


@pytest.mark.parametrize("forgotten", [False, True])
async def test_what_changed_while_nobody_was_connected_is_made_up_for(
    real: RealServer, forgotten: bool
) -> None:
    await asyncio.to_thread(change_everything, real, 30)
    async with kept_by(real.kubeconfig) as kept:
        await agrees(real, kept)
        before, versions = list(held(kept.state).values()), dict(kept.source.versions())
    await asyncio.to_thread(change_everything, real, 31)
    if forgotten:
        await asyncio.to_thread(real.compact)
        await asyncio.to_thread(real.restart)
    configure = from_kubeconfig(real.kubeconfig)
    async with keeping(configure, BRISK, holding=before, versions=versions) as kept:
        await agrees(real, kept)
        assert not any(each.is_stale for each in kept.source.health.values())


async def test_a_server_that_hangs_is_waited_for(real: RealServer) -> None:
    async with kept_by(real.kubeconfig) as kept:
        await agrees(real, kept)
        before = held(kept.state)
        real.pause()
        await asyncio.sleep(1.0)
        assert held(kept.state) == before
        real.resume()
        await asyncio.to_thread(change_everything, real, 40)
        await agrees(real, kept)


async def test_a_rotated_token_is_taken_up(
    real: RealServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token that is mounted lags behind for a while, as a kubelet's does."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(real.port))
    account = tmp_path / "account"
    shutil.copytree(real.service_account, account)
    async with kept_by(in_cluster(account)) as kept:
        await agrees(real, kept)
        (real.folder / "tokens" / "reader").write_text("rotated")
        await asyncio.to_thread(real.restart)
        await until(lambda: kept.health("Service").failures["unauthorized"])
        await asyncio.to_thread(change_everything, real, 50)
        shutil.copy(real.service_account / "token", account / "token")
        await until_known(kept, 50)
        await agrees(real, kept)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: each.plural)
async def test_a_right_that_is_missing_is_named_and_the_rest_works_until_it_comes_back(
    real: RealServer, resource: Resource, caplog: pytest.LogCaptureFixture
) -> None:
    plural, kind = resource.plural, resource.kind
    rights = real.rights.read_text()
    real.rights.write_text("\n".join(each for each in rights.splitlines() if each != plural) + "\n")
    try:
        async with keeping(from_kubeconfig(real.kubeconfig_reader), BRISK, wait=False) as kept:
            await until(lambda: kept.state.unsynced == {kind} and kept.health(kind).is_forbidden)
            assert f'resources: ["{plural}"], verbs: ["list", "watch"]' in caplog.text
            assert caplog.text.count("is forbidden") == 1
            assert [each.is_forbidden for each in kept.source.health.values()].count(True) == 1
            real.rights.write_text(rights)
            await agrees(real, kept)
            assert kept.state.has_synced
            assert not kept.health(kind).is_forbidden
    finally:
        real.rights.write_text(rights)


async def test_who_may_do_nothing_is_told_every_rule(
    real: RealServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with keeping(from_kubeconfig(real.kubeconfig_nobody), BRISK, wait=False) as kept:
        await until(lambda: all(each.is_forbidden for each in kept.source.health.values()))
        assert len(kept.state) == 0
        assert not kept.state.has_synced
    for resource in RESOURCES:
        assert resource.rule in caplog.text


async def test_a_server_without_streamed_lists_is_listed_by_pages(tmp_path: Path) -> None:
    with real_apiserver(tmp_path, "--feature-gates", "WatchList=false") as real:
        real.put(*small_cluster("shop"), *(service(f"shop/s-{number}") for number in range(20)))
        async with kept_by(real.kubeconfig) as kept:
            await agrees(real, kept)
            await asyncio.to_thread(change_everything, real, 1)
            await asyncio.to_thread(real.compact)
            await asyncio.to_thread(real.restart)
            await until_known(kept, 1)
            await agrees(real, kept)
            assert not kept.source._reflectors["Service"]._offers_watch_list
