"""Servers that read a Corefile, kdns and CoreDNS: the same one, with the same objects and the same upstream.

The objects are the generated cluster's, in the fake API server of the tests. It and the upstream run in a
thread of this process, and have nothing to do once the servers know what they want to know.
"""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.benchmarks import plan
from tests.benchmarks.cases import Realm
from tests.benchmarks.generate import objects
from tests.benchmarks.plan import Size
from tests.benchmarks.servers import Server, is_loaded, started
from tests.beside import programs
from tests.beside.backstage import Backstage, backstage
from tests.beside.programs import DNS_PORT, Ports, relocated, with_kubeconfig
from tests.beside.upstream import Reply, Upstream

KDNS = "kdns -conf"
AUTOPATH = "kdns -conf, autopath"
COREDNS = "CoreDNS"

DEFAULT = Path(__file__).parents[1] / "corefiles" / "kubeadm" / "Corefile"

_ONE_PROCESSOR = ("env", "GOMAXPROCS=1")
_RESOLV_CONF = "/etc/resolv.conf"
_TABLE = {(f"*.{plan.OUTSIDE}.", "A"): Reply(("@ 3600 A 192.0.2.1",))}


class Stage(NamedTuple):
    """A Corefile, and where its servers find what it speaks of.

    They run on `cpu`, and their files are in `directory`.
    """

    corefile: Path
    around: Backstage
    cpu: int
    directory: Path

    def start_kdns(self, name: str = KDNS) -> contextlib.AbstractContextManager[Server]:
        """Serve the Corefile with the kdns of this Python; as AUTOPATH with that plugin."""
        ports = Ports()
        text = self._relocated(ports)
        written = self._write(name, _with_autopath(text) if name == AUTOPATH else text)
        command = programs.kdns_command(written, ports, "--kubeconfig", str(self.around.kubeconfig))
        return self._started(name, command, ports)

    def start_coredns(self, binary: Path) -> contextlib.AbstractContextManager[Server]:
        """Serve the Corefile with CoreDNS, which is told to use one processor, as it has but one."""
        ports = Ports()
        text = with_kubeconfig(self._relocated(ports), self.around.kubeconfig)
        command = programs.coredns_command(binary, self._write(COREDNS, text), ports)
        return self._started(COREDNS, [*_ONE_PROCESSOR, *command], ports)

    def _relocated(self, ports: Ports) -> str:
        (upstream,) = self.around.upstreams
        words = {_RESOLV_CONF: f"127.0.0.1:{upstream.port}"}
        return relocated(self.corefile.read_text(encoding="utf-8"), words, ports)

    def _write(self, name: str, text: str) -> Path:
        path = self.directory / f"Corefile of {name}"
        path.write_text(text, encoding="utf-8")
        return path

    def _started(
        self, name: str, command: list[str], ports: Ports
    ) -> contextlib.AbstractContextManager[Server]:
        return started(
            name,
            command,
            ports[DNS_PORT],
            self.cpu,
            is_loaded,
            self.directory,
            Realm.REVERSE,
            Realm.OUTSIDE,
        )


@contextlib.contextmanager
def stage(corefile: Path, size: Size, cpu: int, directory: Path) -> Iterator[Stage]:
    """Run an API server that holds the cluster, and an upstream, for the servers of a Corefile."""
    held = [*map(json.loads, objects(size)), _asker(plan.namespaces(size)[0])]
    with backstage(directory, held, [Upstream(_TABLE, Reply(rcode="NXDOMAIN"))]) as around:
        yield Stage(corefile, around, cpu, directory)


def _with_autopath(text: str) -> str:
    """Return kubeadm's Corefile with `autopath`."""
    assert "pods insecure" in text, "autopath is measured with kubeadm's Corefile"
    return text.replace("pods insecure", "pods verified").replace("{", "{\n    autopath @kubernetes", 1)


def _asker(namespace: str) -> dict[str, Any]:
    """Return the Pod that the load comes from."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "asker", "namespace": namespace},
        "spec": {"containers": [{"name": "dnsperf", "image": "example.com/dnsperf"}]},
        "status": {"phase": "Running", "podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}]},
    }
