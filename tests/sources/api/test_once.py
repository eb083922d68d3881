"""kdns.sources.api.once: objects read once, and every failure told in one line."""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from kdns.sources.api.access import from_kubeconfig, from_url
from kdns.sources.api.once import RequestFailed, read_object, read_objects
from kdns.sources.decoding import decode_object
from tests.apiserver.builders import namespace, pod, service
from tests.apiserver.failures import HTML_PAGE, CutBody, Fail, Failure
from tests.apiserver.fake import FakeApiServer
from tests.apiserver.real import RealServer, patient
from tests.apiserver.real import real_server as real_server

pytestmark = patient

T = TypeVar("T")


async def apart(call: Callable[[], T]) -> T:
    """Call from another thread: the fake server runs in this one's event loop."""
    return await asyncio.to_thread(call)


@pytest.fixture(autouse=True)
def small_cluster(request: pytest.FixtureRequest) -> None:
    if "server" in request.fixturenames:
        server: FakeApiServer = request.getfixturevalue("server")
        server.put(namespace("shop"), pod("shop/web-0", phase="Succeeded"), service("shop/web"))
        server.put(service("other/web"))


@pytest.mark.parametrize(
    ("kind", "where", "name"),
    [("Namespace", "", "shop"), ("Pod", "shop", "web-0"), ("Service", "shop", "web")],
)
async def test_an_object_is_read_by_its_name(server: FakeApiServer, kind: str, where: str, name: str) -> None:
    raw = await apart(lambda: read_object(from_url(server.url), kind, where, name))
    metadata = json.loads(raw)["metadata"]
    assert (metadata["name"], metadata.get("namespace", "")) == (name, where)


async def test_objects_are_those_of_one_namespace_or_of_all(server: FakeApiServer) -> None:
    def names(kind: str, where: str) -> list[str]:
        found = read_objects(from_url(server.url), kind, where)
        return [json.loads(each)["metadata"]["name"] for each in found]

    assert await apart(lambda: names("Service", "shop")) == ["web"]
    assert await apart(lambda: names("Service", "")) == ["web", "web"]
    assert await apart(lambda: names("Service", "nowhere")) == []
    assert await apart(lambda: names("Namespace", "")) == ["shop"]
    assert await apart(lambda: names("Pod", "shop")) == ["web-0"]


async def test_a_list_comes_in_chunks(server: FakeApiServer) -> None:
    server.put(*(service(f"many/s{number}") for number in range(1001)))
    found = await apart(lambda: read_objects(from_url(server.url), "Service", "many"))
    assert len({json.loads(each)["metadata"]["name"] for each in found}) == 1001
    assert ["continue" in each.query for each in server.requests] == [False, True, True]


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (Fail(502, body=HTML_PAGE), "Services in shop: 502: <html> <head>"),
        (Fail(200, body=HTML_PAGE), "Services in shop: no list: "),
        (Fail(410), "Services in shop: 410: The resourceVersion for the provided list is too old."),
        (CutBody(), "Services in shop: "),
    ],
)
async def test_a_failure_is_one_line(server: FakeApiServer, failure: Failure, said: str) -> None:
    server.script(failure)
    with pytest.raises(RequestFailed, match=f"^{re.escape(said)}") as raised:
        await apart(lambda: read_objects(from_url(server.url), "Service", "shop"))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("body", "said"),
    [(HTML_PAGE, "no object: "), ('{"kind": "Pod"}', "no Service but a 'Pod' came"), ("[]", "no object: ")],
)
async def test_what_is_not_the_object_is_a_failure(body: str, said: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=body)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as proxy:
        with pytest.raises(RequestFailed, match=f"^Service shop/web: {re.escape(said)}"):
            await apart(lambda: read_object(from_url(str(proxy.make_url("/"))), "Service", "shop", "web"))


async def test_a_token_that_is_not_known_is_a_failure(server: FakeApiServer, tmp_path: Path) -> None:
    server.tokens = {"new"}
    configure = from_kubeconfig(server.write_kubeconfig(tmp_path / "kubeconfig", "old"))
    with pytest.raises(RequestFailed, match=r"^Service shop/web: 401: Unauthorized"):
        await apart(lambda: read_object(configure, "Service", "shop", "web"))


async def test_a_missing_object_is_named(server: FakeApiServer) -> None:
    with pytest.raises(RequestFailed, match=r'^Pod shop/x: 404: pods "x" not found$'):
        await apart(lambda: read_object(from_url(server.url), "Pod", "shop", "x"))


async def test_a_missing_right_is_named(server: FakeApiServer) -> None:
    server.forbidden.add("services")
    with pytest.raises(RequestFailed, match=r'^Services in shop: 403: .* cannot list resource "services"'):
        await apart(lambda: read_objects(from_url(server.url), "Service", "shop"))


async def test_a_server_that_is_not_there_is_named(server: FakeApiServer) -> None:
    await server.stop()
    with pytest.raises(RequestFailed, match=f"^Services: Cannot connect to host 127.0.0.1:{server.port}"):
        await apart(lambda: read_objects(from_url(server.url), "Service", ""))


@pytest.mark.parametrize("name", ["", "..", "a/b", "Web", "a?watch=1"])
def test_what_can_be_no_name_is_not_asked_for(name: str) -> None:
    with pytest.raises(RequestFailed, match=r"is no (name|label) of"):
        read_object(from_url("http://127.0.0.1:1"), "Service", "shop", name)
    with pytest.raises(RequestFailed, match=r"is no (name|label) of"):
        read_object(from_url("http://127.0.0.1:1"), "Service", name or "A", "web")


def test_a_broken_kubeconfig_is_named(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    with pytest.raises(RequestFailed, match=f"^{path}: .*No such file"):
        read_objects(from_kubeconfig(path), "Service", "shop")
    path.write_text("{")
    with pytest.raises(RequestFailed, match=f"^{path}: "):
        read_objects(from_kubeconfig(path), "Service", "shop")


def test_a_real_server_gives_what_it_holds_and_says_what_is_wrong(
    real_server: RealServer, tmp_path: Path
) -> None:
    admin, nobody = from_kubeconfig(real_server.kubeconfig), from_kubeconfig(real_server.kubeconfig_nobody)
    raw = read_object(admin, "Service", "default", "kubernetes")
    decoded = decode_object("Service", raw)
    assert decoded is not None and decoded in [
        decode_object("Service", each) for each in read_objects(admin, "Service", "default")
    ]
    with pytest.raises(RequestFailed, match=r'404: services "nothing" not found$'):
        read_object(admin, "Service", "default", "nothing")
    with pytest.raises(RequestFailed, match=r"403: services is forbidden: User .* cannot list"):
        read_objects(nobody, "Service", "default")
    distrusted = tmp_path / "kubeconfig"
    lines = real_server.kubeconfig.read_text().splitlines()
    distrusted.write_text("\n".join(line for line in lines if "certificate-authority" not in line))
    with pytest.raises(RequestFailed, match="certificate verify failed") as raised:
        read_object(from_kubeconfig(distrusted), "Service", "default", "kubernetes")
    assert "\n" not in str(raised.value)
