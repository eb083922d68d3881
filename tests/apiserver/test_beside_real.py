"""tests.apiserver.fake beside a real API server: to the same question both give the same answer."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.apiserver.asking import (
    NAMESPACES,
    PODS,
    SERVICES,
    SLICES,
    WATCH_LIST,
    address,
    next_event,
    summary,
)
from tests.apiserver.builders import endpoint_slice, external, headless, namespace, pod, service
from tests.apiserver.fake import FakeApiServer
from tests.apiserver.pair import Pair, bare, judge
from tests.apiserver.real import RealServer, patient, real_apiserver

pytestmark = patient

PARTIAL, PARTIAL_LIST = (
    f"application/json;as={kind};v=v1;g=meta.k8s.io"
    for kind in ("PartialObjectMetadata", "PartialObjectMetadataList")
)

OBJECTS = (
    namespace("shop", team="a"),
    headless("shop/db"),
    external("shop/outside", "example.com"),
    endpoint_slice("shop/db", "10.0.0.1 hostname=db-0 pod=db-0", "10.0.0.2 unready"),
    pod("shop/db-0", "10.0.0.1", labels={"app": "db"}),
    pod("shop/job", phase="Succeeded"),
)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with real_apiserver(tmp_path_factory.mktemp("beside")) as server:
        yield server


@pytest.fixture
async def pair(real: RealServer) -> AsyncIterator[Pair]:
    async with FakeApiServer() as fake:
        pair = Pair(real, fake)
        pair.put(*OBJECTS)
        yield pair


WATCH = {"watch": "1", "timeoutSeconds": "1"}  # from two on, the real one sends a bookmark two seconds before
INITIAL = WATCH_LIST | WATCH

CASES: list[tuple[str, dict[str, str]]] = [
    *((path, {}) for path in (SERVICES, SLICES, NAMESPACES, PODS, f"{NAMESPACES}/shop/services")),
    (f"{NAMESPACES}/nowhere/pods", {}),
    (f"{NAMESPACES}/shop/services/db", {}),
    (f"{NAMESPACES}/shop/services/nix", {}),
    (f"{NAMESPACES}/nix", {}),
    ("/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices/nix", {}),
    ("/api/v1/nonsense", {}),
    ("/apis/discovery.k8s.io/v1beta1/endpointslices", {}),
    (NAMESPACES, {"limit": "2"}),
    (NAMESPACES, {"limit": "100"}),
    (NAMESPACES, {"limit": "2", "resourceVersion": "0"}),
    (SERVICES, {"limit": "1", "labelSelector": "!component"}),
    (SERVICES, {"resourceVersion": "{past}"}),
    (SERVICES, {"resourceVersion": "{past}", "limit": "2"}),
    (SERVICES, {"resourceVersion": "{past}", "limit": "2", "resourceVersionMatch": "NotOlderThan"}),
    (SERVICES, {"resourceVersion": "{past}", "resourceVersionMatch": "Exact"}),
    (SERVICES, {"resourceVersion": "{past}", "resourceVersionMatch": "NotOlderThan"}),
    (SERVICES, {"resourceVersion": "99999999"}),
    (SERVICES, {"resourceVersion": "99999999", "limit": "1"}),
    (SERVICES, {"resourceVersion": "abc"}),
    (SERVICES, {"resourceVersionMatch": "Exact"}),
    (SERVICES, {"resourceVersionMatch": "Exact", "resourceVersion": "0"}),
    (SERVICES, {"resourceVersionMatch": "Newest", "resourceVersion": "1"}),
    (SERVICES, {"sendInitialEvents": "true"}),
    (SERVICES, {"limit": "many"}),
    (PODS, {"fieldSelector": "status.phase!=Succeeded,status.phase!=Failed"}),
    (PODS, {"labelSelector": "app in (db, web)"}),
    (SERVICES, WATCH),
    (SERVICES, WATCH | {"resourceVersion": "0", "allowWatchBookmarks": "true"}),
    (SERVICES, WATCH | {"resourceVersion": "{past}"}),
    (SERVICES, WATCH | {"resourceVersion": "99999999"}),
    (SERVICES, WATCH | {"resourceVersion": "abc"}),
    (SERVICES, WATCH | {"watch": "maybe"}),
    (SERVICES, {"watch": "1", "timeoutSeconds": "soon"}),
    *((path, INITIAL) for path in (SERVICES, SLICES, NAMESPACES, PODS)),
    (PODS, INITIAL | {"fieldSelector": "status.phase!=Succeeded"}),
    (f"{NAMESPACES}/shop/services", INITIAL),
    (SERVICES, INITIAL | {"resourceVersion": "{past}"}),
    (SERVICES, INITIAL | {"resourceVersion": "{past}", "sendInitialEvents": "false"}),
    (SERVICES, INITIAL | {"resourceVersion": "99999999", "timeoutSeconds": "10"}),
    (SERVICES, INITIAL | {"allowWatchBookmarks": "false"}),
    (SERVICES, INITIAL | {"resourceVersionMatch": "Exact"}),
    (SERVICES, WATCH | {"sendInitialEvents": "true"}),
    (SERVICES, WATCH | {"resourceVersionMatch": "NotOlderThan", "resourceVersion": "1"}),
    (SERVICES, WATCH | {"continue": "abc"}),
]


@pytest.mark.parametrize(("path", "query"), CASES, ids=[address(*case) for case in CASES])
async def test_the_fake_answers_as_the_real_one(pair: Pair, path: str, query: dict[str, str]) -> None:
    past = pair.versions
    pair.put(service("shop/late"))
    real, fake = await pair.ask(path, query, past)
    pair.delete("Service", "shop", "late")
    assert real == fake


@pytest.mark.parametrize("user", ["nobody", "unknown", ""])
@pytest.mark.parametrize(
    "path", [SERVICES, SLICES, f"{NAMESPACES}/shop/pods", f"{NAMESPACES}/shop/services/db"]
)
@pytest.mark.parametrize("query", [{}, {"watch": "1"}])
async def test_the_fake_refuses_as_the_real_one(
    pair: Pair, user: str, path: str, query: dict[str, str]
) -> None:
    real, fake = await pair.ask(path, query, user=user)
    assert real == fake


@pytest.mark.parametrize("accept", [PARTIAL, PARTIAL_LIST, f"{PARTIAL_LIST},application/json", "text/html"])
@pytest.mark.parametrize(
    ("path", "query"),
    [(SERVICES, {}), (SERVICES, {"limit": "1"}), (SERVICES, INITIAL), (f"{NAMESPACES}/shop", {})],
)
async def test_the_fake_shows_metadata_as_the_real_one(
    pair: Pair, accept: str, path: str, query: dict[str, str]
) -> None:
    real, fake = await pair.ask(path, query, accept=accept)
    assert real == fake


async def test_the_fake_pages_as_the_real_one(pair: Pair) -> None:
    seen = []
    for asker in pair.askers():
        answers = [await asker.ask(NAMESPACES, limit=2)]
        while token := answers[-1].tree["metadata"].get("continue"):
            answers.append(await asker.ask(NAMESPACES, limit=2, continue_=token))
        counts = [each.tree["metadata"].get("remainingItemCount") for each in answers]
        seen.append((counts, [judge(each) for each in answers]))
    assert seen[0] == seen[1]


async def test_the_fake_refuses_pages_as_the_real_one(pair: Pair) -> None:
    seen = []
    for asker in pair.askers():
        token = (await asker.ask(NAMESPACES, limit=2)).tree["metadata"]["continue"]
        answers = [
            await asker.ask(NAMESPACES, limit=2, continue_=token, resourceVersion=5),
            await asker.ask(NAMESPACES, limit=2, continue_=token, resourceVersion=0),
        ]
        bad = await asker.ask(NAMESPACES, continue_="nonsense")
        seen.append((list(map(judge, answers)), bad.code, bad.tree["reason"]))
    assert seen[0] == seen[1]


async def test_the_fake_forgets_as_the_real_one(pair: Pair) -> None:
    past, askers = pair.versions, pair.askers()
    tokens = [(await asker.ask(NAMESPACES, limit=2)).tree["metadata"]["continue"] for asker in askers]
    pair.put(service("shop/late"))
    pair.delete("Service", "shop", "late")
    pair.real.compact()
    pair.real.restart()
    pair.fake.compact()
    seen = []
    for asker, version, token in zip(pair.askers(), past, tokens, strict=True):
        answers = [
            await asker.ask(SERVICES, **WATCH, resourceVersion=version),
            await asker.ask(SERVICES, resourceVersion=version, resourceVersionMatch="Exact"),
            await asker.ask(NAMESPACES, limit=2, continue_=token),
        ]
        answers.append(await asker.ask(NAMESPACES, continue_=answers[-1].tree["metadata"]["continue"]))
        seen.append(list(map(judge, answers)))
    assert seen[0] == seen[1]


async def test_the_fake_tells_changes_as_the_real_one(pair: Pair) -> None:
    real, fake = pair.askers()
    query = {"watch": "1", "labelSelector": "a!=b", "allowWatchBookmarks": "true"}
    versions = pair.versions
    async with (
        real.open(SERVICES, **query, resourceVersion=versions[0]) as first,
        fake.open(SERVICES, **query, resourceVersion=versions[1]) as second,
    ):
        pair.put(service("shop/late"))
        for label in ("c", "b", "b2", "b"):
            pair.real.patch("Service", "shop", "late", {"metadata": {"labels": {"a": label}}})
            pair.mirror()
        pair.delete("Service", "shop", "late")
        pair.put(service("shop/last"))
        events = [[await next_event(each) for _ in range(6)] for each in (first, second)]
    pair.delete("Service", "shop", "last")
    assert [summary(each) for each in events[0]][:3] == [
        ("ADDED", "late"),
        ("MODIFIED", "late"),
        ("DELETED", "late"),
    ]
    assert bare(events[0]) == bare(events[1])


async def test_the_fake_is_as_old_as_a_real_one_without_watch_lists(tmp_path: Path) -> None:
    with real_apiserver(tmp_path, "--feature-gates", "WatchList=false") as real:
        async with FakeApiServer(offers_watch_list=False) as fake:
            pair = Pair(real, fake)
            pair.mirror()
            for query in (INITIAL, WATCH | {"allowWatchBookmarks": "true"}):
                first, second = await pair.ask(SLICES, query)
                assert first == second
