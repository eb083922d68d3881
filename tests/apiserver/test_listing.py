"""tests.apiserver.listing: lists have pages, versions, selectors and shapes."""

import pytest

from tests.apiserver.asking import NAMESPACES, PODS, SERVICES, SLICES, Asker
from tests.apiserver.builders import endpoint_slice, namespace, pod, service
from tests.apiserver.conftest import fill
from tests.apiserver.fake import FakeApiServer

WATCH = {"watch": "1"}


async def test_each_resource_has_its_path(server: FakeApiServer, asker: Asker) -> None:
    server.put(service("shop/web"), endpoint_slice("shop/web", "10.0.0.1"), namespace(), pod("shop/web-0"))
    names = [(await asker.ask(path)).names for path in (SERVICES, SLICES, NAMESPACES, PODS)]
    assert names == [["web"], ["web-1"], ["shop"], ["web-0"]]


async def test_a_namespace_has_lists_of_its_own(server: FakeApiServer, asker: Asker) -> None:
    server.put(service("shop/a"), service("other/b"))
    assert (await asker.ask("/api/v1/namespaces/shop/services")).names == ["a"]
    assert (await asker.ask("/api/v1/namespaces/nix/services")).names == []


async def test_items_do_not_say_their_kind(server: FakeApiServer, asker: Asker) -> None:
    fill(server, 1)
    tree = (await asker.ask(SERVICES)).tree
    assert (tree["kind"], tree["apiVersion"]) == ("ServiceList", "v1")
    assert set(tree["items"][0]) == {"metadata", "spec"}


async def test_pages_show_the_version_of_the_first(server: FakeApiServer, asker: Asker) -> None:
    fill(server, 5)
    first = await asker.ask(SERVICES, limit=2)
    server.put(service("shop/s9"))
    server.delete("Service", "shop", "s3")
    second = await asker.ask(SERVICES, limit=2, continue_=first.tree["metadata"]["continue"])
    third = await asker.ask(SERVICES, limit=2, continue_=second.tree["metadata"]["continue"])
    assert [each.names for each in (first, second, third)] == [["s0", "s1"], ["s2", "s3"], ["s4"]]
    counts = [each.tree["metadata"].get("remainingItemCount") for each in (first, second, third)]
    assert counts == [3, 1, None]
    assert len({each.tree["metadata"]["resourceVersion"] for each in (first, second, third)}) == 1
    assert "continue" not in third.tree["metadata"]


async def test_names_are_ordered_as_etcd_orders_them(server: FakeApiServer, asker: Asker) -> None:
    server.put(service("a/x"), service("a-b/x"))
    items = (await asker.ask(SERVICES)).tree["items"]
    assert [item["metadata"]["namespace"] for item in items] == ["a-b", "a"]


async def test_an_old_page_is_refused_with_a_token_for_the_rest_as_it_is_now(
    server: FakeApiServer, asker: Asker
) -> None:
    fill(server, 3)
    token = (await asker.ask(SERVICES, limit=1)).tree["metadata"]["continue"]
    server.put(service("shop/s9"))
    server.compact()
    gone = await asker.ask(SERVICES, limit=1, continue_=token)
    assert (gone.code, gone.tree["reason"]) == (410, "Expired")
    rest = await asker.ask(SERVICES, continue_=gone.tree["metadata"]["continue"])
    assert rest.names == ["s1", "s2", "s9"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["s0", "s1", "s2"]),
        ({"resourceVersion": "0", "limit": "1"}, ["s0", "s1", "s2"]),
        ({"resourceVersion": "997"}, ["s0", "s1", "s2"]),
        ({"resourceVersion": "997", "resourceVersionMatch": "NotOlderThan"}, ["s0", "s1", "s2"]),
        ({"resourceVersion": "997", "resourceVersionMatch": "Exact"}, ["s0"]),
        ({"resourceVersion": "998", "limit": "5"}, ["s0", "s1"]),
    ],
)
async def test_a_version_chooses_what_is_read(
    server: FakeApiServer, asker: Asker, query: dict[str, str], names: list[str]
) -> None:
    fill(server, 3)
    assert (await asker.ask(SERVICES, **query)).names == names


async def test_a_version_of_the_future_is_a_timeout(server: FakeApiServer, asker: Asker) -> None:
    answer = await asker.ask(SERVICES, resourceVersion=5000)
    assert (answer.code, answer.headers["Retry-After"]) == (504, "1")
    assert answer.tree["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


async def test_metadata_may_be_all_that_is_wanted(server: FakeApiServer, asker: Asker) -> None:
    fill(server, 1)
    accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"
    tree = (await asker.ask(SERVICES, accept)).tree
    assert tree["kind"] == "PartialObjectMetadataList"
    assert set(tree["items"][0]) == {"kind", "apiVersion", "metadata"}


async def test_large_lists_are_compressed(server: FakeApiServer, asker: Asker) -> None:
    fill(server, 1000)
    answer = await asker.ask(SERVICES)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.names) == 1000


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ({"labelSelector": "app=web"}, ["a", "c"]),
        ({"labelSelector": "app!=web"}, ["b", "d"]),
        ({"labelSelector": "app in (web, db),tier"}, ["a"]),
        ({"labelSelector": "app notin (web)"}, ["b", "d"]),
        ({"labelSelector": "!app"}, ["d"]),
        ({"fieldSelector": "status.phase!=Succeeded"}, ["a", "b", "c"]),
        ({"fieldSelector": "status.phase!=Running,status.phase!=Failed", "labelSelector": "!x"}, ["d"]),
        ({"fieldSelector": "metadata.name=b"}, ["b"]),
    ],
)
async def test_selectors_choose_among_pods(
    server: FakeApiServer, asker: Asker, selector: dict[str, str], names: list[str]
) -> None:
    server.put(
        pod("shop/a", labels={"app": "web", "tier": "front"}),
        pod("shop/b", labels={"app": "db"}),
        pod("shop/c", labels={"app": "web"}),
        pod("shop/d", phase="Succeeded"),
    )
    assert (await asker.ask(PODS, **selector)).names == names
