"""A Pod's place to ask from: a network namespace with kdns on port 53, and kubelet's resolv.conf."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from kdns.demo import DEMO_PATH
from tests.conftest import find_tool

KDNS = Path(sys.executable).parent / "kdns"
SOURCE = Path(__file__).parent / "resolve.c"
PATIENCE = 60

RESOLV_CONF = """\
search default.svc.cluster.local svc.cluster.local cluster.local
nameserver 127.0.0.1
options ndots:5
"""
"""What a Pod of the namespace `default` has with the dnsPolicy ClusterFirst, but for the address."""

OUTSIDE = """\
$ORIGIN .
$TTL 300
@                SOA ns.example.com. hostmaster.example.com. 1 7200 1800 86400 60
@                NS  ns.example.com.
ns.example.com.  A   192.0.2.53
www.example.com. A   192.0.2.80
www.example.com. AAAA 2001:db8::80
api.example.com. CNAME www.example.com.
"""
"""A root zone: what is not in it does not exist anywhere."""

COREFILE = """\
.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . 127.0.0.1:5353 {
       max_concurrent 1000
    }
    cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }
    loop
    reload
    loadbalance
}
"""
"""kubeadm's. Only the upstream is named: there is no node around this namespace."""

CROWD = [f"10.244.{16 + n // 200}.{n % 200 + 1}" for n in range(150)]


def crowd() -> str:
    """Return the manifests of a headless Service with more endpoints than a datagram holds."""
    endpoints = "".join(f'- addresses: ["{address}"]\n' for address in CROWD)
    return f"""\
apiVersion: v1
kind: Service
metadata: {{name: crowd, namespace: default}}
spec: {{clusterIP: None, selector: {{app: crowd}}, ports: [{{port: 80}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: crowd-1, namespace: default, labels: {{kubernetes.io/service-name: crowd}}}}
addressType: IPv4
ports: [{{port: 80}}]
endpoints:
{endpoints}"""


class Namespace:
    """A network and mount namespace of its own; everything in it ends with it."""

    def __init__(self, holder: subprocess.Popen[bytes]) -> None:
        self._enter = ["nsenter", "-t", str(holder.pid), "-n", "-m", "--"]

    def run(self, *command: str | Path) -> str:
        """Return what a command prints."""
        done = subprocess.run(
            [*self._enter, *command], capture_output=True, text=True, timeout=PATIENCE, check=True
        )
        return done.stdout

    @contextlib.contextmanager
    def serving(self, log: Path, *words: str | Path) -> Iterator[None]:
        """Run kdns inside, from when it serves."""
        with log.open("w") as output:
            process = subprocess.Popen([*self._enter, KDNS, *words], stdout=output, stderr=output)
        try:
            end = time.monotonic() + PATIENCE
            while "Running configuration" not in log.read_text():
                assert process.poll() is None and time.monotonic() < end, log.read_text()
                time.sleep(0.02)
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)


@contextlib.contextmanager
def _namespace(folder: Path) -> Iterator[Namespace]:
    """Make a namespace with a loopback interface and the resolv.conf; skip where that is not allowed."""
    files = {
        "resolv.conf": RESOLV_CONF,
        "nsswitch.conf": "hosts: files dns\n",
        "hosts": "127.0.0.1 localhost\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    mounts = "".join(f"mount --bind {folder / name} /etc/{name} && " for name in files)
    script = f"ip link set lo up && {mounts}echo ready && exec sleep 3600"
    holder = subprocess.Popen(
        ["unshare", "-n", "-m", "sh", "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert holder.stdout is not None and holder.stderr is not None
    try:
        if holder.stdout.readline() != b"ready\n":
            pytest.skip(f"no network namespace of its own: {holder.stderr.readline().decode().strip()}")
        yield Namespace(holder)
    finally:
        holder.kill()
        holder.wait(PATIENCE)
        holder.stdout.close()
        holder.stderr.close()


@pytest.fixture(scope="module")
def pod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Namespace]:
    """A place where a Pod asks: kdns on kubeadm's Corefile, the demo's cluster, and some outside world."""
    for tool in ("unshare", "nsenter", "ip"):
        find_tool(tool)
    folder = tmp_path_factory.mktemp("pod")
    zone, corefile, manifests, empty = (folder / name for name in ("zone", "Corefile", "crowd.yaml", "none"))
    zone.write_text(OUTSIDE)
    corefile.write_text(COREFILE)
    manifests.write_text(crowd())
    empty.mkdir()
    with contextlib.ExitStack() as stack:
        namespace = stack.enter_context(_namespace(folder))
        outside: Sequence[str | Path] = (
            "--listen",
            "127.0.0.1:5353",
            "--cluster",
            empty,
            "--zone-file",
            zone,
        )
        stack.enter_context(namespace.serving(folder / "outside.log", "serve", *outside))
        words = ("-conf", corefile, "-cluster", DEMO_PATH, "-cluster", manifests)
        stack.enter_context(namespace.serving(folder / "kdns.log", *words))
        yield namespace


@pytest.fixture(scope="module", params=["gcc", "musl-gcc"], ids=["glibc", "musl"])
def resolve(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that asks the stub resolver of a C library."""
    program = tmp_path_factory.mktemp(str(request.param)) / "resolve"
    subprocess.run([find_tool(request.param), "-O", "-o", program, SOURCE], check=True)
    return program
