"""`kdns serve` against an API server, as a process: what its users and its kubelet see of it.

The API server is the fake, in the test's own loop; here the process is waited for in threads.
"""

import asyncio
import json
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kdns.sources.snapshot import Snapshot
from tests.apiserver.builders import endpoint_slice, headless, namespace, pod, service
from tests.apiserver.failures import Stall
from tests.apiserver.fake import FakeApiServer
from tests.cli.served import Served, kdns, until
from tests.cli.servers import KDNS

WEB, DB = "web.shop.svc.cluster.local", "db.shop.svc.cluster.local"
REVERSE = "1.0.96.10.in-addr.arpa"
OTHER_REVERSE = "9.9.9.9.in-addr.arpa"


@pytest.fixture
async def server() -> AsyncIterator[FakeApiServer]:
    async with FakeApiServer() as server:
        server.put(
            namespace("shop"),
            service("shop/web", "10.96.0.1"),
            endpoint_slice("shop/web", "10.0.0.1"),
            headless("shop/db"),
            endpoint_slice("shop/db", "10.0.0.2 hostname=db-0", "10.0.0.3 hostname=db-1"),
            pod("shop/db-0", "10.0.0.2"),
        )
        yield server


async def test_before_the_first_complete_state_nobody_knows_and_afterwards_everybody(
    server: FakeApiServer, tmp_path: Path
) -> None:
    server.script(*[Stall(headers=False)] * 3)
    async with kdns(tmp_path, "--api-server", server.url) as served:
        await server.until(lambda: server.scripted == 0)
        assert await served.page("/health") == (200, "OK")
        assert await served.page("/ready") == (503, "kubernetes")
        for name, rtype in ((WEB, "A"), ("missing.shop.svc.cluster.local", "A"), (OTHER_REVERSE, "PTR")):
            assert await served.ask(name, rtype) == "SERVFAIL"
        assert await served.metric("kdns_kubernetes_synced", resource="services") == 0
        await server.stop()
        await server.start()
        await until(served.is_ready)
        assert await served.page("/ready") == (200, "OK")
        assert await served.ask(WEB) == "10.96.0.1"
        assert await served.ask(REVERSE, "PTR") == f"{WEB}."
        assert await served.ask("missing.shop.svc.cluster.local") == "NXDOMAIN"
        assert await served.ask(OTHER_REVERSE, "PTR") in ("NXDOMAIN", "REFUSED")
        assert await served.metric("kdns_kubernetes_synced", resource="services") == 1


async def test_changes_are_answered_by_the_next_query_after_they_came(
    server: FakeApiServer, tmp_path: Path
) -> None:
    async with kdns(tmp_path, "--api-server", server.url, "--pods", "verified") as served:
        await until(served.is_ready)
        assert await served.ask(DB) == "10.0.0.2 10.0.0.3"
        assert await served.ask("new.shop.svc.cluster.local") == "NXDOMAIN"
        server.put(service("shop/new", "10.96.0.7"))
        await served.answers("new.shop.svc.cluster.local", "10.96.0.7")
        server.put(service("shop/new", "10.96.0.8"))
        await served.answers("new.shop.svc.cluster.local", "10.96.0.8")
        server.put(endpoint_slice("shop/db", "10.0.0.2 hostname=db-0", "10.0.0.3 unready"))
        await served.answers(DB, "10.0.0.2")
        assert await served.ask("10-0-0-2.shop.pod.cluster.local") == "10.0.0.2"
        server.delete("Pod", "shop", "db-0")
        await served.answers("10-0-0-2.shop.pod.cluster.local", "NXDOMAIN")
        server.delete("Service", "shop", "new")
        await served.answers("new.shop.svc.cluster.local", "NXDOMAIN")


async def test_an_api_server_that_goes_away_takes_nothing_with_it_not_even_over_a_restart(
    server: FakeApiServer, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    arguments = ("--api-server", server.url, "--state-dir", state)

    async def check(served: Served) -> None:
        assert await served.ask(WEB) == "10.96.0.1"
        assert await served.ask(DB) == "10.0.0.2 10.0.0.3"
        assert await served.ask(REVERSE, "PTR") == f"{WEB}."
        assert await served.ask("missing.shop.svc.cluster.local") == "NXDOMAIN"
        assert await served.page("/ready") == (200, "OK")

    async with kdns(tmp_path, *arguments) as served:
        await until(served.is_ready)
        await server.stop()

        async def is_disconnected() -> bool:
            return await served.metric("kdns_kubernetes_watch_connected", resource="services") == 0

        await until(is_disconnected)
        await check(served)
        assert await served.metric("kdns_kubernetes_stale", resource="services") == 0

    async with kdns(tmp_path, *arguments) as served:
        await check(served)
        for resource in ("services", "endpointslices", "namespaces"):
            assert await served.metric("kdns_kubernetes_stale", resource=resource) == 1
        assert "objects from a snapshot" in served.log
        server.put(service("shop/web", "10.96.0.5"), service("shop/new", "10.96.0.6"))
        server.delete("Service", "shop", "db")
        await server.start()
        await served.answers(WEB, "10.96.0.5")
        await served.answers("new.shop.svc.cluster.local", "10.96.0.6")
        await served.answers(DB, "NXDOMAIN")
        await served.answers(REVERSE, "NXDOMAIN", "PTR")

        async def is_fresh() -> bool:
            return await served.metric("kdns_kubernetes_stale", resource="services") == 0

        await until(is_fresh)


async def test_the_first_complete_state_is_saved_and_a_stop_saves_what_came_after(
    server: FakeApiServer, tmp_path: Path
) -> None:
    snapshot = Snapshot(tmp_path)

    def addresses() -> str:
        found = snapshot.read()
        return "" if found is None else " ".join(str(batch) for batch in found[1])

    async def is_saved() -> bool:
        return "10.96.0.1" in addresses()

    async with kdns(tmp_path, "--api-server", server.url, "--state-dir", tmp_path) as served:
        await until(served.is_ready)
        await until(is_saved)
        server.put(service("shop/web", "10.96.0.9"))
        await served.answers(WEB, "10.96.0.9")
        assert "10.96.0.9" not in addresses(), "not so soon again"
    assert "10.96.0.9" in addresses()


async def test_a_broken_snapshot_is_refused_with_its_reason(server: FakeApiServer, tmp_path: Path) -> None:
    snapshot = tmp_path / "cluster.snapshot"
    snapshot.write_bytes(b"kdns snapshot 1\n" + bytes(500))
    async with kdns(tmp_path, "--api-server", server.url, "--state-dir", tmp_path) as served:
        await until(served.is_ready)
        assert await served.ask(WEB) == "10.96.0.1"
        assert f"the snapshot is ignored: {snapshot}: damaged, the checksum does not fit" in served.log


async def test_a_folder_that_can_t_be_written_to_costs_one_line(
    server: FakeApiServer, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    async with kdns(tmp_path, "--api-server", server.url, "--state-dir", file / "state") as served:
        await until(served.is_ready)

        async def has_failed() -> bool:
            return bool(await served.metric("kdns_snapshot_failures_total"))

        await until(has_failed)
        assert await served.ask(WEB) == "10.96.0.1"
    assert served.log.count("no snapshot can be written") == 1
    assert "Traceback" not in served.log


async def test_without_the_right_to_slices_what_needs_none_is_answered_and_it_is_ready_in_the_end(
    server: FakeApiServer, tmp_path: Path
) -> None:
    server.forbidden.add("endpointslices")
    async with kdns(tmp_path, "--api-server", server.url) as served:
        await served.answers(WEB, "10.96.0.1")
        assert await served.ask(DB) == "SERVFAIL"
        assert await served.page("/ready") == (503, "kubernetes")
        await until(served.is_ready)
        assert await served.ask(DB) == "SERVFAIL"
        assert await served.metric("kdns_kubernetes_forbidden", resource="endpointslices") == 1
        rule = '{apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"]}'
        assert served.log.count(rule) == 1
        server.forbidden.clear()
        await served.answers(DB, "10.0.0.2 10.0.0.3")
        assert await served.metric("kdns_kubernetes_forbidden", resource="endpointslices") == 0


async def test_without_any_right_it_is_never_ready(server: FakeApiServer, tmp_path: Path) -> None:
    server.forbidden.update({"services", "endpointslices", "namespaces"})
    async with kdns(tmp_path, "--api-server", server.url) as served:
        await asyncio.sleep(6.0)
        assert await served.page("/ready") == (503, "kubernetes")
        assert await served.page("/health") == (200, "OK")
        assert await served.ask(WEB) == "SERVFAIL"


async def test_a_kubeconfig_leads_to_its_server_with_its_token(server: FakeApiServer, tmp_path: Path) -> None:
    server.tokens = {"secret"}
    config = json.loads(server.write_kubeconfig(tmp_path / "kubeconfig", "secret").read_text())
    config["contexts"].append({"name": "other", "context": config["contexts"][0]["context"]})
    config["current-context"] = "nowhere"
    (tmp_path / "kubeconfig").write_text(json.dumps(config))
    arguments = ("--kubeconfig", tmp_path / "kubeconfig", "--context", "other")
    async with kdns(tmp_path, *arguments) as served:
        await until(served.is_ready)
        assert await served.ask(WEB) == "10.96.0.1"


async def test_sigint_stops_it_in_order_too_while_the_api_server_hangs(
    server: FakeApiServer, tmp_path: Path
) -> None:
    server.script(*[Stall()] * 6)
    async with kdns(tmp_path, "--api-server", server.url, "--state-dir", tmp_path) as served:
        await server.until(lambda: len(server.requests) >= 3)
        served.running.process.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(served.running.process.wait, 30) == 0
    assert "stopped" in served.log
    assert "Traceback" not in served.log


USAGE = [
    (["--kubeconfig", "{folder}/missing"], "{folder}/missing"),
    (["--kubeconfig", "{folder}"], "{folder}"),
    (["--kubeconfig", "{folder}/broken"], "{folder}/broken"),
    (["--kubeconfig", "{folder}/empty"], "{folder}/empty"),
    (["--kubeconfig", "{folder}/good", "--context", "nowhere"], "nowhere"),
    (
        ["--kubeconfig", "{folder}/good", "--cluster", "{folder}"],
        "either from an API server or from --cluster",
    ),
    (["--api-server", "http://127.0.0.1:1", "--demo"], "either from an API server or from --cluster"),
    (["--in-cluster"], "not inside a cluster"),
    (["--in-cluster", "--kubeconfig", "{folder}/good"], "not allowed with argument"),
    (["--demo", "--state-dir", "{folder}"], "--state-dir goes with an API server"),
    (["--demo", "--metrics", "nowhere:x"], "--metrics"),
    (["--demo", "--probes", "203.0.113.1:80"], "cannot serve HTTP on 203.0.113.1:80"),
    (["--api-server", "not a url"], "'not a url': no URL of a server"),
    (["--api-server", "127.0.0.1:8001"], "'127.0.0.1:8001': no URL of a server"),
]


@pytest.mark.parametrize(("arguments", "said"), USAGE, ids=lambda each: " ".join(each)[:40])
async def test_what_can_t_be_done_is_told_in_one_clear_line(
    server: FakeApiServer, tmp_path: Path, arguments: list[str], said: str
) -> None:
    server.write_kubeconfig(tmp_path / "good")
    (tmp_path / "broken").write_text("{")
    (tmp_path / "empty").write_text("")
    filled = [each.format(folder=tmp_path) for each in arguments]
    command = [KDNS, "serve", "--listen", "127.0.0.1:0", *filled]
    ended = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60)
    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr
    *before, last = ended.stderr.splitlines()
    assert said.format(folder=tmp_path) in last
    assert all(each.startswith(("usage:", " ")) for each in before)
