"""`kdns serve` against a real API server, as a process: answers follow the cluster and outlive the API.

The state that kdns ends with is read from its snapshot, and must be what a fresh list gives.
"""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from kdns.cluster.objects import key_of
from kdns.sources.api.resources import ENDPOINT_SLICES, NAMESPACES, SERVICES
from kdns.sources.snapshot import Snapshot
from tests.apiserver.builders import endpoint_slice, external, headless, namespace, pod, service
from tests.apiserver.real import RealServer, patient, real_apiserver
from tests.cli.clusters import Cluster, any_cluster, cluster_ip, own_namespace
from tests.cli.served import Served, kdns, until
from tests.sources.api.following import Objects, read_items

pytestmark = patient

ZONE = "svc.cluster.local"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with any_cluster(tmp_path_factory.mktemp("any")) as found:
        yield found


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A server of this module's own: it is stopped and started."""
    with real_apiserver(tmp_path_factory.mktemp("stopped")) as server:
        server.put(
            namespace("shop"),
            service("shop/web", "10.96.1.1"),
            endpoint_slice("shop/web", "10.0.0.1"),
            headless("shop/db"),
            endpoint_slice("shop/db", "10.0.0.2 hostname=db-0", "10.0.0.3 hostname=db-1"),
            external("shop/outside", "kubernetes.default.svc.cluster.local"),
        )
        yield server


async def test_every_change_is_answered_once_it_has_arrived(cluster: Cluster, tmp_path: Path) -> None:
    put, delete = cluster.put, cluster.delete
    with own_namespace(cluster) as where:
        web, db = f"web.{where}.{ZONE}", f"db.{where}.{ZONE}"
        async with kdns(tmp_path, "--kubeconfig", cluster.kubeconfig) as served:
            await until(served.is_ready)
            assert await served.ask(f"kubernetes.default.{ZONE}") != "NXDOMAIN"
            await served.answers(web, "NXDOMAIN")
            await asyncio.to_thread(put, service(f"{where}/web"))
            address = await asyncio.to_thread(cluster_ip, cluster, where, "web")
            await served.answers(web, address)
            await served.answers(f"_http._tcp.{web}", f"0 100 80 {web}.", "SRV")
            await asyncio.to_thread(put, service(f"{where}/web", ports=("http:8080/tcp",)))
            await served.answers(f"_http._tcp.{web}", f"0 100 8080 {web}.", "SRV")
            await asyncio.to_thread(put, headless(f"{where}/db"), endpoint_slice(f"{where}/db", "10.9.0.1"))
            await served.answers(db, "10.9.0.1")
            await asyncio.to_thread(put, endpoint_slice(f"{where}/db", "10.9.0.1", "10.9.0.2 hostname=b"))
            await served.answers(db, "10.9.0.1 10.9.0.2")
            assert await served.ask(f"b.{db}") == "10.9.0.2"
            await served.answers("2.0.9.10.in-addr.arpa", f"b.{db}.", "PTR")
            await asyncio.to_thread(put, endpoint_slice(f"{where}/db", "10.9.0.1 unready", "10.9.0.2"))
            await served.answers(db, "10.9.0.2")
            await asyncio.to_thread(delete, "EndpointSlice", where, "db-1")
            await served.answers(db, "NXDOMAIN")
            await asyncio.to_thread(delete, "Service", where, "web")
            await served.answers(web, "NXDOMAIN")
            assert await served.ask(f"{where}.{ZONE}") == "NOERROR"
            assert "Traceback" not in served.log


async def test_namespaces_come_and_go(cluster: Cluster, tmp_path: Path) -> None:
    async with kdns(tmp_path, "--kubeconfig", cluster.kubeconfig) as served:
        await until(served.is_ready)
        with own_namespace(cluster) as where:
            await served.answers(f"{where}.{ZONE}", "NOERROR")
        await served.answers(f"{where}.{ZONE}", "NXDOMAIN")


async def test_pods_are_known_by_their_addresses(real: RealServer, tmp_path: Path) -> None:
    name = "10-8-0-1.shop.pod.cluster.local"
    async with kdns(tmp_path, "--kubeconfig", real.kubeconfig, "--pods", "verified") as served:
        await until(served.is_ready)
        assert await served.ask(name) == "NXDOMAIN"
        await asyncio.to_thread(real.put, pod("shop/a", "10.8.0.1"))
        await served.answers(name, "10.8.0.1")
        await asyncio.to_thread(real.put, pod("shop/a", "10.8.0.2"))
        await served.answers(name, "NXDOMAIN")
        await served.answers(name.replace("0-1", "0-2"), "10.8.0.2")
        await asyncio.to_thread(real.delete, "Pod", "shop", "a")
        await served.answers(name.replace("0-1", "0-2"), "NXDOMAIN")


QUESTIONS = [
    (f"web.shop.{ZONE}", "A"),
    (f"_http._tcp.web.shop.{ZONE}", "SRV"),
    (f"db.shop.{ZONE}", "A"),
    (f"db-0.db.shop.{ZONE}", "A"),
    (f"outside.shop.{ZONE}", "CNAME"),
    (f"missing.shop.{ZONE}", "A"),
    (f"shop.{ZONE}", "A"),
    (f"nowhere.{ZONE}", "A"),
    ("1.1.96.10.in-addr.arpa", "PTR"),
    ("2.0.0.10.in-addr.arpa", "PTR"),
    ("9.9.9.10.in-addr.arpa", "PTR"),
    ("cluster.local", "SOA"),
]


async def answers_of(served: Served) -> dict[str, str]:
    """Return all answers; of the SOA not its serial, which is the time of the last change."""
    found = {name: await served.ask(name, rtype) for name, rtype in QUESTIONS}
    return found | {"cluster.local": found["cluster.local"].split()[0]}


def saved(folder: Path) -> Objects:
    """Return what the snapshot holds, without versions: what DNS can't show is not saved at once."""
    found = Snapshot(folder).read()
    assert found is not None
    return {key_of(each): replace(each, version="") for batch in found[1] for each in batch}


def listed(real: RealServer) -> Objects:
    found: Objects = {}
    for resource in (NAMESPACES, SERVICES, ENDPOINT_SLICES):
        found |= read_items(resource.kind, real.call("GET", resource.path)["items"])
    return {key: replace(value, version="") for key, value in found.items()}


async def test_answers_outlive_the_api_server_and_a_restart_and_are_the_new_ones_when_it_is_back(
    real: RealServer, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    arguments = ("--kubeconfig", real.kubeconfig, "--state-dir", state)

    async with kdns(tmp_path, *arguments) as served:
        await until(served.is_ready)
        before = await answers_of(served)
        assert before[f"web.shop.{ZONE}"] == "10.96.1.1"
        assert before[f"db.shop.{ZONE}"] == "10.0.0.2 10.0.0.3"
        await asyncio.to_thread(real.stop)
        assert await answers_of(served) == before
        await asyncio.sleep(1.0)
        assert await answers_of(served) == before
        assert await served.is_ready()

    async with kdns(tmp_path, *arguments) as served:
        assert await answers_of(served) == before
        assert await served.is_ready()
        assert await served.metric("kdns_kubernetes_stale", resource="services") == 1
        os.kill(served.running.process.pid, signal.SIGSTOP)  # so that all changes come in between
        try:
            await asyncio.to_thread(real.start)
            await asyncio.to_thread(
                real.put,
                service("shop/new", "10.96.1.3"),
                endpoint_slice("shop/db", "10.0.0.3 hostname=db-1"),
            )
            await asyncio.to_thread(real.delete, "Service", "shop", "web")
            await asyncio.to_thread(real.delete, "EndpointSlice", "shop", "web-1")
        finally:
            os.kill(served.running.process.pid, signal.SIGCONT)
        await served.answers(f"new.shop.{ZONE}", "10.96.1.3")
        await served.answers(f"web.shop.{ZONE}", "NXDOMAIN")
        await served.answers(f"db.shop.{ZONE}", "10.0.0.3")
        await served.answers(f"db-0.db.shop.{ZONE}", "NXDOMAIN")
        await served.answers("1.1.96.10.in-addr.arpa", "NXDOMAIN", "PTR")

        async def is_fresh() -> bool:
            resources = ("services", "endpointslices", "namespaces")
            stale = [await served.metric("kdns_kubernetes_stale", resource=each) for each in resources]
            return stale == [0, 0, 0]

        await until(is_fresh)
    assert saved(state) == await asyncio.to_thread(listed, real)


async def test_compaction_and_a_restart_of_the_api_server_cost_no_answer(
    real: RealServer, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    async with kdns(tmp_path, "--kubeconfig", real.kubeconfig_reader, "--state-dir", state) as served:
        await until(served.is_ready)
        before = await answers_of(served)
        for octet in (11, 12):
            await asyncio.to_thread(real.put, namespace(f"noise-{octet}"))
            await asyncio.to_thread(real.compact)
            restarting = asyncio.create_task(asyncio.to_thread(real.restart))
            while not restarting.done():
                assert await answers_of(served) == before
            await restarting
            await asyncio.to_thread(real.put, service("shop/late", f"10.96.1.{octet}"))
            await served.answers(f"late.shop.{ZONE}", f"10.96.1.{octet}")
    assert saved(state) == await asyncio.to_thread(listed, real)


async def test_a_missing_right_is_told_and_what_needs_it_is_unknown_until_it_comes_back(
    real: RealServer, tmp_path: Path
) -> None:
    rights = real.rights.read_text()
    real.rights.write_text(rights.replace("endpointslices\n", ""))
    try:
        async with kdns(tmp_path, "--kubeconfig", real.kubeconfig_reader) as served:
            await served.answers(f"kubernetes.default.{ZONE}", "10.96.0.1")
            await until(served.is_ready)
            assert await served.ask(f"db.shop.{ZONE}") == "SERVFAIL"
            assert await served.metric("kdns_kubernetes_forbidden", resource="endpointslices") == 1
            assert await served.metric("kdns_kubernetes_forbidden", resource="services") == 0
            assert (
                'needs the rule {apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"]' in served.log
            )
            real.rights.write_text(rights)

            async def is_known() -> bool:
                return await served.ask(f"db.shop.{ZONE}") not in ("SERVFAIL", "NXDOMAIN")

            await until(is_known)
            assert await served.metric("kdns_kubernetes_forbidden", resource="endpointslices") == 0
    finally:
        real.rights.write_text(rights)


async def test_who_may_do_nothing_is_told_so_and_never_ready(real: RealServer, tmp_path: Path) -> None:
    async with kdns(tmp_path, "--kubeconfig", real.kubeconfig_nobody) as served:

        async def is_told() -> bool:
            return served.log.count("needs the rule") == 3

        await until(is_told)
        assert await served.ask(f"db.shop.{ZONE}") == "SERVFAIL"
        assert not await served.is_ready()
        assert (await served.page("/health"))[0] == 200
