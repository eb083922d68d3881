"""The rights that the manifests give, beside every request that kdns makes."""

import asyncio
import contextlib
import re
import urllib.request
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from kdns.cluster.wish import ClusterWish
from kdns.sources.api.resources import Resource, resources_of
from tests.apiserver.builders import endpoint_slice, headless, namespace, pod, service
from tests.apiserver.fake import FakeApiServer
from tests.apiserver.real import RealServer, patient, real_server
from tests.apiserver.script import Request
from tests.cli.servers import free_port, running
from tests.cli.test_serve import wait_for
from tests.manifests.kubectl import MANIFESTS, Object
from tests.sources.api.following import following

__all__ = ["real_server"]

pytestmark = patient

Right = tuple[str, str, str]
"""Verb, group and resource."""

WATCHED = ["services", "endpointslices", "namespaces"]

COREFILE = """\
.:{port} {{
    bind 127.0.0.1
    errors
    {before}
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        {options}
        ttl 30
    }}
}}
"""
OPTIONS = {
    "kubeadm": ("pods insecure", "", WATCHED),
    "pods-verified": ("pods verified", "", [*WATCHED, "pods"]),
    "labels": ("labels app=web\n pods verified", "", [*WATCHED, "pods"]),
    "namespace-labels": ("namespace_labels team=a", "", WATCHED),
    "namespaces": ("namespaces shop", "", WATCHED),
    "endpoint-pod-names": ("endpoint_pod_names", "", WATCHED),
    "noendpoints": ("noendpoints", "", ["services", "namespaces"]),
    "autopath": ("pods verified", "autopath @kubernetes", [*WATCHED, "pods"]),
}

_PATH = re.compile(r"/(?:api|apis/(?P<group>[^/]+))/v1/(?P<resource>[a-z]+)")


def rights_in(overlay: str) -> set[Right]:
    """Return all that a ClusterRole of the manifests allows."""
    objects: list[Object] = list(yaml.safe_load_all((MANIFESTS / overlay / "access.yaml").read_text()))
    [role] = [each for each in objects if each["kind"] == "ClusterRole"]
    return {
        (verb, group, resource)
        for rule in role["rules"]
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def right_for(request: Request) -> Right:
    """Return the right that a request needs; it must be for a whole collection in all namespaces."""
    found = _PATH.fullmatch(request.path)
    assert found, f"{request.method} {request.path} is no list and no watch"
    assert request.method == "GET"
    verb = "watch" if request.query.get("watch") in ("1", "true") else "list"
    return verb, found["group"] or "", found["resource"]


async def seen(
    folder: Path, options: str, before: str, watched: Iterable[str], offers_watch_list: bool
) -> set[Right]:
    """Return the rights that kdns used: for a start, and for a relist after its watches broke."""
    port = free_port()
    corefile = COREFILE.format(port=port, options=options, before=before)
    async with FakeApiServer(offers_watch_list=offers_watch_list) as server:
        server.put(
            namespace("shop", team="a"),
            service("shop/web", "10.96.1.1"),
            headless("shop/db"),
            endpoint_slice("shop/db", "10.0.0.2 hostname=db-0"),
            pod("shop/a", "10.8.0.1"),
        )
        variables = {"KDNS_KUBECONFIG": str(server.write_kubeconfig(folder / "kubeconfig"))}
        words = ("-conf", "stdin")
        started = running(folder, port, *words, corefile=corefile, variables=variables)
        await asyncio.to_thread(started.__enter__)
        try:
            await server.watched(*watched)
            before_relist = len(server.requests)
            server.compact()
            server.put(service("shop/late", "10.96.1.2"))
            server.drop_watches()
            await server.until(lambda: len(server.requests) > before_relist)
            await server.watched(*watched)
        finally:
            await asyncio.to_thread(started.__exit__, None, None, None)
        return set(map(right_for, server.requests))


async def test_the_rights_are_those_of_every_request_that_kdns_makes(tmp_path: Path) -> None:
    used: set[Right] = set()
    for name, (options, before, watched) in OPTIONS.items():
        for offers in {True, name != "autopath"}:  # the last of them lists, too, as from an older API server
            found = await seen(tmp_path, options, before, watched, offers)
            assert {resource for _, _, resource in found} == set(watched), name
            used |= found
    assert used == rights_in("beside")


@pytest.mark.parametrize("resource", resources_of(ClusterWish(pods=True)), ids=lambda each: each.plural)
async def test_a_comparison_with_the_api_server_needs_no_other(resource: Resource) -> None:
    async with FakeApiServer() as server, following(server.url, resource) as found:
        server.requests.clear()
        await found.checker.check()
        used = set(map(right_for, server.requests))
    assert used == {("list", resource.group, resource.plural)} <= rights_in("beside")


def test_fresh_gives_what_coredns_has_and_that_is_one_right_more() -> None:
    endpoints = {(verb, "", "endpoints") for verb in ("list", "watch")}
    assert rights_in("fresh") == rights_in("beside") | endpoints


def is_ready(port: int) -> bool:
    with contextlib.suppress(OSError):
        return bool(urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5).status == 200)
    return False


@pytest.mark.parametrize("overlay", ["fresh", "beside"])
def test_with_these_rights_alone_kdns_is_not_refused_anything(
    overlay: str, real_server: RealServer, tmp_path: Path
) -> None:
    port, http = free_port(), free_port()
    options, before, _ = OPTIONS["autopath"]
    corefile = COREFILE.format(port=port, options=options, before=f"ready 127.0.0.1:{http}\n{before}")
    rights = real_server.rights.read_text()
    real_server.rights.write_text("".join(f"{resource}\n" for _, _, resource in sorted(rights_in(overlay))))
    variables = {"KDNS_KUBECONFIG": str(real_server.kubeconfig_reader)}
    try:
        with running(tmp_path, port, "-conf", "stdin", corefile=corefile, variables=variables) as server:
            wait_for(lambda: is_ready(http), 60)
    finally:
        real_server.rights.write_text(rights)
    assert "forbidden" not in server.log.read_text()
