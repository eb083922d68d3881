"""Both servers with the Corefile of kubeadm, asked everything once for all tests."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.beside import cluster, outside, recorded
from tests.beside.asking import Asked, Client
from tests.beside.backstage import Backstage, backstage
from tests.beside.programs import (
    Ports,
    coredns_command,
    kdns_command,
    need_coredns,
    program,
    relocated,
    with_kubeconfig,
)
from tests.beside.questions import Batch, batches
from tests.beside.upstream import Upstream

COREFILE = Path(__file__).parents[1] / "corefiles" / "kubeadm" / "Corefile"

RECORD = "KDNS_TEST_RECORD"
"""If set, CoreDNS's answers are written down anew."""

RESOLV_CONF = "/etc/resolv.conf"

Everything = dict[str, Asked]
"""Batch, as text → its answers."""


@pytest.fixture(scope="session")
def asked() -> list[Batch]:
    return batches(cluster.objects())


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backstage]:
    """The API server with the cluster, and the upstream."""
    objects = [*cluster.objects(), cluster.own_slice(own_address())]
    upstream = Upstream(outside.TABLE, outside.NXDOMAIN)
    with backstage(tmp_path_factory.mktemp("scene"), objects, [upstream]) as built:
        yield built


def own_address() -> str:
    """Return the address that this machine sends from: a server finds its own Service by it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 53))  # nothing is sent
        except OSError:
            pytest.skip("this machine has no address but loopback, by which no server finds its Service")
        address: str = probe.getsockname()[0]
        return address


@pytest.fixture(scope="session")
def kdns_answers(
    scene: Backstage, asked: list[Batch], tmp_path_factory: pytest.TempPathFactory
) -> Everything:
    folder, ports = tmp_path_factory.mktemp("kdns"), Ports()
    corefile = folder / "Corefile"
    corefile.write_text(_corefile(scene, ports))
    command = kdns_command(corefile, ports, "--kubeconfig", str(scene.kubeconfig))
    return _ask(command, ports, folder, asked)


@pytest.fixture(scope="session")
def coredns_answers(
    scene: Backstage, asked: list[Batch], tmp_path_factory: pytest.TempPathFactory
) -> Everything:
    """The answers of a running CoreDNS. Without one, the test is skipped."""
    binary = need_coredns()
    folder, ports = tmp_path_factory.mktemp("coredns"), Ports()
    corefile = folder / "Corefile"
    corefile.write_text(with_kubeconfig(_corefile(scene, ports), scene.kubeconfig))
    return _ask(coredns_command(binary, corefile, ports), ports, folder, asked)


def _corefile(scene: Backstage, ports: Ports) -> str:
    (upstream,) = scene.upstreams
    return relocated(COREFILE.read_text(), {RESOLV_CONF: f"127.0.0.1:{upstream.port}"}, ports)


def _ask(command: list[str], ports: Ports, folder: Path, asked: list[Batch]) -> Everything:
    with program(command, ports, folder / "log") as running, Client(running.port) as client:
        return {str(batch): client.ask_batch(batch) for batch in asked}


@pytest.fixture(scope="session")
def recorded_answers(request: pytest.FixtureRequest) -> recorded.Answers:
    return recorded.load(recorded.PATH)[1]


def version_of(binary: Path) -> str:
    """Return the first line of `coredns -version`."""
    command = [str(binary), "-version"]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    return printed.splitlines()[0]
