"""A cluster to test against, in which a namespace of our own is: the real API server, or anybody's.

KDNS_TEST_APISERVER names the command of the first, KDNS_TEST_KUBECONFIG leads to the second.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import pytest

from tests.apiserver.builders import Object, namespace
from tests.apiserver.real import VARIABLE, real_apiserver
from tests.apiserver.resources import BY_KIND
from tests.conftest import find_tool

KUBECONFIG_VARIABLE = "KDNS_TEST_KUBECONFIG"


class Cluster(Protocol):
    """Where objects can be created or changed, and deleted."""

    @property
    def kubeconfig(self) -> Path: ...

    def put(self, *objects: Object) -> None: ...

    def delete(self, kind: str, namespace: str, name: str) -> Object: ...

    def call(self, method: str, path: str) -> Object: ...


class Foreign:
    """Any cluster that a kubeconfig leads to, by way of kubectl."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        self._kubectl = [find_tool("kubectl"), "--kubeconfig", str(kubeconfig)]

    def put(self, *objects: Object) -> None:
        documents = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self._run("apply", "--server-side", "--force-conflicts", "-f", "-", body=json.dumps(documents))

    def delete(self, kind: str, namespace: str, name: str) -> Object:
        where = ["--namespace", namespace] if namespace else []
        self._run("delete", BY_KIND[kind].qualified, name, *where, "--wait=false", "--now")
        return {}

    def call(self, method: str, path: str) -> Object:
        assert method == "GET"
        found: Object = json.loads(self._run("get", "--raw", path))
        return found

    def _run(self, *arguments: str, body: str = "") -> str:
        command = [*self._kubectl, *arguments]
        return subprocess.run(
            command, input=body, capture_output=True, text=True, timeout=60, check=True
        ).stdout


@contextmanager
def any_cluster(folder: Path) -> Iterator[Cluster]:
    """Give a cluster; skip the test, with one line, if there is none."""
    if os.environ.get(VARIABLE):
        with real_apiserver(folder) as server:
            yield server
    elif kubeconfig := os.environ.get(KUBECONFIG_VARIABLE):
        yield Foreign(Path(kubeconfig))
    else:
        pytest.skip(f"neither {VARIABLE} nor {KUBECONFIG_VARIABLE} is set")


@contextmanager
def own_namespace(cluster: Cluster) -> Iterator[str]:
    """Create a namespace of a new name, and delete it at the end."""
    name = f"kdns-test-{uuid4().hex[:8]}"
    cluster.put(namespace(name))
    try:
        yield name
    finally:
        cluster.delete("Namespace", "", name)


def cluster_ip(cluster: Cluster, where: str, name: str) -> str:
    """Return the address that a Service was given."""
    spec: Any = cluster.call("GET", f"/api/v1/namespaces/{where}/services/{name}")["spec"]
    address: str = spec["clusterIP"]
    return address
