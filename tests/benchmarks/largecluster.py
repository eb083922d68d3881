"""A large cluster in a real API server, and ways to make its clients list everything anew.

The objects are those of the server's own `load`; only Pods are taken away again, as it makes one for each
endpoint.
"""

import re
import time
from pathlib import Path
from typing import NamedTuple

from tests.apiserver.real import RealServer
from tests.benchmarks import kubeapi
from tests.benchmarks.kubeapi import KubeApi
from tests.benchmarks.plan import ZONE

PAGED = ("--feature-gates", "WatchList=false")
"""With these flags the server does not stream lists, so that clients list by pages."""
_UNWATCHED = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "kdns-scale", "namespace": "default"},
}
_IN_STEP = re.compile(rb": in step with the API server, \d+ objects")


class Wanted(NamedTuple):
    """How large the cluster is to be. Each Service has `each` endpoints."""

    services: int
    each: int
    pods: int
    namespaces: int

    @property
    def last(self) -> str:
        """The host name of the Service that is made last."""
        number = self.services - 1
        return f"svc-{number:06d}.ns-{number % self.namespaces:04d}.svc.{ZONE}"


class Counts(NamedTuple):
    """What there is."""

    namespaces: int
    services: int
    endpoints: int
    pods: int


def fill(server: RealServer, wanted: Wanted) -> Counts:
    """Make what is missing, and delete Pods by whole namespaces until no more than wanted are left."""
    api = KubeApi(server.kubeconfig)
    if api.count("Service") < wanted.services:
        sizes = {
            "services": wanted.services,
            "pods-per-service": wanted.each,
            "namespaces": wanted.namespaces,
        }
        server.run_tool("load", *(word for name, size in sizes.items() for word in (f"--{name}", str(size))))
    left = api.count("Pod")
    for number in reversed(range(wanted.namespaces)):
        if left <= wanted.pods:
            break
        namespace = f"ns-{number:04d}"
        left -= api.count("Pod", namespace)
        api.send(kubeapi.delete("Pod", namespace))
    endpoints = wanted.services * wanted.each
    return Counts(api.count("Namespace"), api.count("Service"), endpoints, api.count("Pod"))


def restart(server: RealServer, flags: tuple[str, ...]) -> None:
    """Restart the API server so that nobody's version is recent enough: every watch gets 410.

    It remembers nothing from before its start, and the last write was to something that nobody watches.
    """
    api = KubeApi(server.kubeconfig)
    api.send(kubeapi.create(_UNWATCHED))
    api.send(kubeapi.delete("ConfigMap", "default", "kdns-scale"))
    if flags == server.flags:
        server.restart()
        return
    server.stop()
    server.flags = flags
    server.start()


def lists_ended(log: Path) -> int:
    """Return how many lists kdns has brought to their ends: nothing but its log tells."""
    return len(_IN_STEP.findall(log.read_bytes()))


def wait_for_lists(log: Path, number: int, timeout: float) -> None:
    """Wait until so many lists have ended. Raises TimeoutError."""
    deadline = time.monotonic() + timeout
    while lists_ended(log) < number:
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"not everything was listed anew in {timeout:.0f} s:\n{log.read_text()[-2000:]}"
            )
        time.sleep(0.1)
