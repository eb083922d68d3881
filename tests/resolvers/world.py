"""A small cluster: kdns, the Pods that ask it and the rest of the world, each in a place of its own."""

import contextlib
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kdns.demo import DEMO_PATH
from tests.resolvers.outside import Outside, outside
from tests.resolvers.places import PATIENCE, Place, place
from tests.resolvers.pods import (
    ASKING,
    CLUSTER_DNS,
    GHOSTS,
    KDNS_ADDRESS,
    NODE,
    NODE_ADDRESS,
    OUTSIDE_ADDRESS,
    PODS,
    manifest,
)
from tests.resolvers.wire import Wiretap

KDNS = Path(sys.executable).parent / "kdns"

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
    forward . /etc/resolv.conf {
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
"""kubeadm's."""

AUTOPATH = COREFILE.replace("pods insecure", "pods verified").replace(
    "    prometheus", "    autopath @kubernetes\n    prometheus"
)
"""The same with what autopath takes: its line, and the Pods."""

CACHED = AUTOPATH.replace(
    """cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }""",
    "cache 30",
)
"""And a cache that keeps the cluster's names, too."""

COREFILES = {"plain": COREFILE, "autopath": AUTOPATH, "cached": CACHED}

CROWD = [f"10.244.{16 + n // 200}.{n % 200 + 1}" for n in range(150)]


def has_autopath() -> bool:
    """Say whether this kdns has the plugin."""
    listed = subprocess.run([KDNS, "-plugins"], capture_output=True, text=True, check=True)
    return "autopath" in listed.stdout.split()


class World:
    """A place for each Pod that asks. `tap` hears what arrives at kdns, `outside` what leaves the cluster."""

    def __init__(self, folder: Path, kdns: Place, places: dict[str, Place], server: Outside) -> None:
        self._folder = folder
        self._kdns = kdns
        self.places = places
        self.outside = server
        self.tap = Wiretap(kdns)

    @contextlib.contextmanager
    def serving(self, corefile: str, node: str = NODE) -> Iterator["World"]:
        """Run kdns with a Corefile, on a node with a resolv.conf."""
        self._kdns.write("resolv.conf", node)
        path, manifests = self._folder / "Corefile", self._folder / "cluster.json"
        path.write_text(corefile)
        manifests.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": _objects()}))
        words = ("-conf", path, "-cluster", DEMO_PATH, "-cluster", manifests)
        with self._kdns.serving(self._folder / "kdns.log", KDNS, *words):
            self._kdns.within(_wait_until_ready)
            self.tap.heard()
            self.outside.asked.clear()
            yield self


def _wait_until_ready() -> None:
    """Wait until the cluster has been seen: before that, its names are answered with SERVFAIL."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        page = http.client.HTTPConnection("127.0.0.1", 8181, timeout=PATIENCE)
        with contextlib.closing(page), contextlib.suppress(OSError):
            page.request("GET", "/ready")
            if page.getresponse().status == 200:
                return
        time.sleep(0.02)
    pytest.fail("kdns does not get ready")


@contextlib.contextmanager
def world(folder: Path) -> Iterator[World]:
    """Build everything but the server's process."""
    with contextlib.ExitStack() as stack:

        def new(name: str, resolv_conf: str, network: Place | None = None) -> Place:
            etc = {"resolv.conf": resolv_conf, "nsswitch.conf": "hosts: files dns\n"}
            etc["hosts"] = "127.0.0.1 localhost\n"
            return stack.enter_context(place(folder / name, etc, network))

        node, rest, kdns = (new(f"place-of-{each}", NODE) for each in ("node", "outside", "kdns"))
        node.bridge(NODE_ADDRESS)
        node.cable(rest, "veth-outside", OUTSIDE_ADDRESS)
        node.cable(kdns, "veth-kdns", KDNS_ADDRESS, CLUSTER_DNS)
        places = {}
        for pod in ASKING:
            places[pod.name] = new(pod.name, pod.resolv_conf, node if pod.host_network else None)
            if not pod.host_network:
                node.cable(places[pod.name], f"veth-{pod.name}", pod.address)
        server = stack.enter_context(outside(rest, OUTSIDE_ADDRESS))
        built = World(folder, kdns, places, server)
        stack.callback(built.tap.close)
        yield built


def _objects() -> list[dict[str, Any]]:
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}},
        _service("cart", "shop", "10.96.40.10"),
        _service("nginx-service", "shop", "10.96.40.20"),
        _service("crowd", "default", "None"),
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": "crowd-1",
                "namespace": "default",
                "labels": {"kubernetes.io/service-name": "crowd"},
            },
            "addressType": "IPv4",
            "ports": [{"port": 80}],
            "endpoints": [{"addresses": [address]} for address in CROWD],
        },
        *(manifest(pod) for pod in (*GHOSTS, *PODS)),
    ]


def _service(name: str, namespace: str, address: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"clusterIP": address, "selector": {"app": name}, "ports": [{"port": 80}]},
    }
