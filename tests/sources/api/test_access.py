"""kdns.sources.api.access: where the API server is and who we are, read anew when that is wrong."""

import asyncio
import contextlib
import json
import re
import stat
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from kdns.measures import Histogram
from kdns.sources.api import access
from kdns.sources.api.access import Access, AccessError, Configure, from_kubeconfig, from_url, in_cluster
from kdns.sources.api.limits import Limiter
from kdns.sources.api.meter import Meter
from kdns.sources.api.replies import ApiTrouble, Trouble
from tests.apiserver.asking import SERVICES
from tests.apiserver.builders import service
from tests.apiserver.failures import HTML_PAGE, Fail, Stall
from tests.apiserver.fake import FakeApiServer


async def names(asked: Access, **query: str) -> list[str]:
    """Return the names of the Services that a list gives."""
    async with asked.get(SERVICES, query, 10.0) as content:
        return [item["metadata"]["name"] for item in json.loads(await content.read())["items"]]


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ServiceAccount's folder as a Pod has it mounted, with the token `old`."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")
    (tmp_path / "token").write_text("old\n")
    (tmp_path / "ca.crt").write_text("a certificate")
    return tmp_path


def at(server: FakeApiServer, configure: Configure) -> Configure:
    """Lead a configuration to the fake, which speaks plain HTTP."""

    async def lead() -> Any:
        configuration = await configure()
        configuration.host, configuration.ssl_ca_cert = server.url, None
        return configuration

    return lead


def exec_kubeconfig(folder: Path, server: FakeApiServer) -> Path:
    """Write a kubeconfig whose user has an exec plugin, which prints the token in the file `token`."""
    plugin = folder / "plugin"
    plugin.write_text(
        f"#!{sys.executable}\n"
        "import json\n"
        f"token = open({str(folder / 'token')!r}).read()\n"
        "print(json.dumps({'apiVersion': 'client.authentication.k8s.io/v1', 'kind': 'ExecCredential',"
        " 'status': {'token': token}}))\n"
    )
    plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
    path = server.write_kubeconfig(folder / "kubeconfig")
    config = json.loads(path.read_text())
    config["users"][0]["user"] = {
        "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin), "args": ["x"]}
    }
    path.write_text(json.dumps(config))
    return path


@pytest.fixture(params=["service account", "kubeconfig", "exec plugin", "token file"])
def rotating(request: pytest.FixtureRequest, server: FakeApiServer, account: Path) -> Configure:
    """A configuration whose token is what the file `token` of the account's folder says."""
    server.tokens = {"old"}
    server.put(service("shop/web"))
    match request.param:
        case "service account":
            return at(server, in_cluster(account))
        case "exec plugin":
            return from_kubeconfig(exec_kubeconfig(account, server))
        case "token file":
            path = server.write_kubeconfig(account / "kubeconfig")
            config = json.loads(path.read_text())
            config["users"][0]["user"] = {"tokenFile": str(account / "token")}
            path.write_text(json.dumps(config))
            return from_kubeconfig(path)

    async def configure() -> Any:
        token = await asyncio.to_thread((account / "token").read_text)
        path = await asyncio.to_thread(server.write_kubeconfig, account / "kubeconfig", token.strip())
        return await from_kubeconfig(path)()

    return configure


async def test_after_a_401_renewed_access_has_the_new_token(
    server: FakeApiServer, account: Path, rotating: Configure
) -> None:
    asked = Access(rotating)
    assert await names(asked) == ["web"]
    server.tokens = {"new"}
    with pytest.raises(ApiTrouble) as refused:
        await names(asked)
    assert refused.value.trouble is Trouble.UNAUTHORIZED
    (account / "token").write_text("new")
    asked.renew()
    assert await names(asked) == ["web"]
    assert server.requests[-1].token == "new"
    await asked.close()


async def test_a_token_that_is_missing_for_a_moment_is_an_access_error(account: Path) -> None:
    (account / "token").unlink()
    with pytest.raises(AccessError, match="not inside a cluster"):
        await in_cluster(account)()
    (account / "token").write_text("")
    with pytest.raises(AccessError, match="not inside a cluster"):
        await in_cluster(account)()


async def test_in_a_cluster_the_environment_says_where(account: Path) -> None:
    configuration = await in_cluster(account)()
    assert configuration.host == "https://127.0.0.1:6443"
    assert configuration.ssl_ca_cert == str(account / "ca.crt")


async def test_outside_a_cluster_that_is_said(account: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST")
    with pytest.raises(
        AccessError,
        match=r"manifests\): Service host/port is not set",
    ):
        await in_cluster(account)()


@pytest.mark.parametrize(
    ("content", "context"),
    [
        (None, None),
        ("", None),
        ("{", None),
        ("[]", None),
        ("text", None),
        ("apiVersion: v1\nkind: Config\n", None),
        ("apiVersion: v1\nkind: Config\ncontexts: {}\n", None),
        ("apiVersion: v1\nkind: Config\ncurrent-context: x\ncontexts: []\nclusters: []\nusers: []\n", None),
        ("whole", "missing"),
        ("\0", None),
        ("!!python/object/apply:os.getcwd []", None),
    ],
)
async def test_a_broken_kubeconfig_is_an_access_error_that_names_it(
    server: FakeApiServer, tmp_path: Path, content: str | None, context: str | None
) -> None:
    path = tmp_path / "kubeconfig"
    if content == "whole":
        server.write_kubeconfig(path)
    elif content is not None:
        path.write_text(content)
    with pytest.raises(AccessError) as raised:
        await from_kubeconfig(path, context)()
    assert str(raised.value).startswith(f"{path}: ")
    assert len(str(raised.value)) > len(str(path)) + 5
    assert "\n" not in str(raised.value)


async def test_a_ca_that_is_none_is_an_access_error(account: Path) -> None:
    asked = Access(in_cluster(account))
    with pytest.raises(AccessError, match="TLS"):
        await names(asked)


async def test_a_request_says_who_asks_and_for_what(server: FakeApiServer) -> None:
    asked = Access(from_url(server.url + "/"))
    await names(asked, limit="7")
    (request,) = server.requests
    assert request.path == SERVICES
    assert request.query == {"limit": "7"}
    assert request.headers["User-Agent"].startswith("kdns/")
    assert request.headers["Accept"] == access.JSON
    assert request.token is None
    await asked.close()


@pytest.mark.parametrize(
    ("failure", "trouble", "said"),
    [
        (Fail(429, retry_after=7), Trouble.PASSING, "429: Too many requests, please try again later."),
        (Fail(502, body=HTML_PAGE), Trouble.PASSING, "502: <html> <head>"),
        (Fail(404), Trouble.OTHER, "404: the server could not find the requested resource"),
        (Fail(500, body="x" * 100_000), Trouble.PASSING, "500: xxx"),
    ],
)
async def test_any_other_status_is_trouble(
    server: FakeApiServer, failure: Fail, trouble: Trouble, said: str
) -> None:
    asked = Access(from_url(server.url))
    server.script(failure)
    with pytest.raises(ApiTrouble) as raised:
        await names(asked)
    assert raised.value.trouble is trouble
    assert str(raised.value).startswith(said)
    assert raised.value.retry_after == (failure.retry_after or 0)
    assert await names(asked) == []
    await asked.close()


@pytest.mark.parametrize("headers", [False, True])
async def test_silence_is_a_timeout(server: FakeApiServer, headers: bool) -> None:
    asked = Access(from_url(server.url))
    server.script(Stall(headers=headers))
    with pytest.raises(TimeoutError):
        async with asked.get(SERVICES, {}, 0.2) as content:
            await content.read()
    await asked.close()


async def test_renewal_reads_the_configuration_once_for_all_who_ask(server: FakeApiServer) -> None:
    reads = []

    async def configure() -> Any:
        reads.append(1)
        await asyncio.sleep(0.05)
        return await from_url(server.url)()

    asked = Access(configure)
    await asyncio.gather(*(names(asked) for _ in range(5)))
    asked.renew()
    await asyncio.gather(*(names(asked) for _ in range(5)))
    assert len(reads) == 2
    await asked.close()
    await asked.close()


def counts(meter: Meter) -> dict[str, dict[tuple[str, ...], float]]:
    """Return how often what was counted, by the end of its name and its labels without the host."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for each in meter.measure():
        kind = each.name.removeprefix("coredns_kubernetes_rest_client_")
        if isinstance(each, Histogram):
            found[kind] = {labels[:-1]: sum(numbers) for labels, numbers, _ in each.samples}
        else:
            found[kind] = {labels[:-1]: value for labels, value in each.samples}
    return found


async def test_requests_are_measured_and_watches_counted_only(server: FakeApiServer) -> None:
    meter = Meter()
    asked = Access(from_url(server.url), meter=meter)
    await names(asked)
    server.script(Fail(500))
    with pytest.raises(ApiTrouble):
        await names(asked)
    async with asked.get(SERVICES, {"watch": "1", "resourceVersion": str(server.version)}, 10.0):
        pass
    await server.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await names(asked)
    await asked.close()
    assert counts(meter) == {
        "requests_total": {("200", "GET"): 2, ("500", "GET"): 1, ("<error>", "GET"): 1},
        "request_duration_seconds": {("GET",): 3},
        "rate_limiter_duration_seconds": {("GET",): 3},
    }
    hosts = {labels[-1] for each in meter.measure() for labels, *_ in each.samples}
    assert hosts == {server.url.removeprefix("http://")}


class OutOfTurns(Limiter):
    """Gives nobody a turn today."""

    def reserve(self) -> float:
        return 3600.0


async def test_requests_wait_for_their_turn_and_watches_do_not(server: FakeApiServer) -> None:
    asked = Access(from_url(server.url), OutOfTurns())
    waiting = asyncio.create_task(names(asked))
    async with asked.get(SERVICES, {"watch": "1", "resourceVersion": str(server.version)}, 10.0):
        await server.watched("services")
    assert [request.verb for request in server.requests] == ["watch"]
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asked.close()


async def test_a_server_that_is_silent_holds_up_no_more_than_the_places_there_are(
    server: FakeApiServer,
) -> None:
    asked = Access(from_url(server.url), Limiter(max_inflight=1))
    server.script(Stall(headers=False))
    silent = asyncio.create_task(names(asked))
    await server.until(lambda: len(server.requests) == 1)
    second = asyncio.create_task(names(asked))
    await asyncio.sleep(0.05)
    assert len(server.requests) == 1
    silent.cancel()
    assert await second == []
    with contextlib.suppress(asyncio.CancelledError):
        await silent
    await asked.close()


async def test_nobody_there_is_a_client_error(server: FakeApiServer) -> None:
    await server.stop()
    asked = Access(from_url(server.url))
    with pytest.raises(aiohttp.ClientConnectorError):
        await names(asked)
    await asked.close()


@pytest.mark.parametrize(
    "url", ["", "nonsense", "127.0.0.1:8001", "ftp://host", "http://", "http://[::1", "//host"]
)
async def test_what_is_no_url_is_an_access_error(url: str) -> None:
    with pytest.raises(AccessError, match=re.escape(repr(url))):
        await from_url(url)()


@pytest.mark.parametrize("asks", [False, True])
async def test_a_stream_under_way_outlives_a_renewal(server: FakeApiServer, asks: bool) -> None:
    asked = Access(from_url(server.url))
    query = {"watch": "1", "resourceVersion": str(server.version)}
    async with asked.get(SERVICES, query, 10.0) as content:
        await server.watched("services")
        asked.renew()
        if asks:
            assert await names(asked) == []
        server.put(service("shop/web"))
        async with asyncio.timeout(20):
            assert b'"web"' in await content.readline()
    for _ in range(3):
        asked.renew()
        assert await names(asked) == ["web"]
    await asked.close()
