"""`kdns env`: the variables of a namespace, from manifests and from an API server."""

import asyncio
import json
import subprocess
from pathlib import Path

from tests.apiserver.builders import headless, service
from tests.apiserver.conftest import server as server
from tests.apiserver.fake import FakeApiServer
from tests.cli.servers import KDNS


def env(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([KDNS, "env", *arguments], capture_output=True, text=True, timeout=60)


async def env_of(server: FakeApiServer, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kubeconfig = server.write_kubeconfig(folder / "kubeconfig")
    return await asyncio.to_thread(env, "--kubeconfig", kubeconfig, *arguments)


def test_the_demos_variables_are_printed_in_order_of_their_names() -> None:
    done = env("--demo")
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert lines == sorted(lines, key=lambda line: line.partition("=")[0])
    assert "NGINX_SERVICE_SERVICE_HOST=10.96.10.10" in lines
    assert "KUBERNETES_SERVICE_PORT_HTTPS=443" in lines


def test_another_namespace_has_its_own_and_json_is_an_object() -> None:
    done = env("--demo", "-n", "kube-system", "--output", "json")
    found = json.loads(done.stdout)
    assert found["KUBE_DNS_PORT"] == "udp://10.96.0.10:53"
    assert {name.split("_")[0] for name in found} == {"KUBE", "KUBERNETES"}


def test_without_service_links_only_the_api_server_is_told_of() -> None:
    lines = env("--demo", "--no-service-links").stdout.splitlines()
    assert lines and all(line.startswith("KUBERNETES_") for line in lines)


def test_what_is_wrong_with_manifests_is_said(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("kind: [")
    (tmp_path / "web.yaml").write_text(json.dumps(service("default/web")))
    (tmp_path / "other.yaml").write_text(json.dumps(service("default/web-service")))
    done = env("--cluster", tmp_path)
    assert done.returncode == 1
    assert "broken.yaml" in done.stderr
    assert "Service default/web has no clusterIP: given 10.96." in done.stderr
    assert "WEB_SERVICE_PORT is several Services': kubelet takes 80 or tcp://10.96." in done.stderr
    assert "WEB_SERVICE_HOST=10.96." in done.stdout


def test_a_cluster_or_a_namespace_that_is_none_is_a_usage_error(tmp_path: Path) -> None:
    for arguments, said in (
        ([], "--cluster"),
        (["--cluster", tmp_path / "missing"], "missing"),
        (["--kubeconfig", tmp_path / "missing"], "missing"),
        (["--demo", "-n", "No"], "'No' is no name of a namespace"),
        (["--demo", "--kubeconfig", tmp_path], "either"),
    ):
        done = env(*arguments)
        assert done.returncode != 0 and not done.stdout
        assert said in done.stderr and "Traceback" not in done.stderr


async def test_an_api_servers_services_are_asked_for_and_no_more(
    server: FakeApiServer, tmp_path: Path
) -> None:
    server.put(service("default/kubernetes", "10.96.0.1"), service("default/other", "10.96.0.9"))
    server.put(service("shop/web", "10.96.1.1"), headless("shop/db"))
    done = await env_of(server, tmp_path, "-n", "shop")
    assert (done.returncode, done.stderr) == (0, "")
    assert "WEB_SERVICE_HOST=10.96.1.1\n" in done.stdout
    assert "KUBERNETES_SERVICE_HOST=10.96.0.1\n" in done.stdout
    assert {line.split("_")[0] for line in done.stdout.splitlines()} == {"WEB", "KUBERNETES"}
    asked = [request.path for request in server.requests]
    assert asked == ["/api/v1/namespaces/shop/services", "/api/v1/namespaces/default/services/kubernetes"]


async def test_who_may_not_see_the_api_servers_service_is_told_of_the_rest(
    server: FakeApiServer, tmp_path: Path
) -> None:
    server.put(service("shop/web", "10.96.1.1"))
    server.forbidden.add("get services")
    done = await env_of(server, tmp_path, "-n", "shop")
    assert done.returncode == 1
    assert "left out: Service default/kubernetes: 403" in done.stderr
    assert "WEB_SERVICE_HOST" in done.stdout


async def test_an_api_server_that_refuses_is_one_line(server: FakeApiServer, tmp_path: Path) -> None:
    server.forbidden.add("services")
    done = await env_of(server, tmp_path)
    assert done.returncode == 1 and not done.stdout
    assert done.stderr.startswith("kdns: Services in default: 403") and done.stderr.count("\n") == 1
