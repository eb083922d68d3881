"""Manifests as trees, the shortest that make sense, and files of them."""

import json
from pathlib import Path
from typing import Any

from kdns.cluster.objects import ClusterObject, ObjectKey
from kdns.cluster.wish import ClusterWish
from kdns.sources.choice import kept_by
from kdns.sources.manifests import Manifests, Reading


def service(name: str = "web", namespace: str | None = "shop", **spec: Any) -> dict[str, Any]:
    return _object("v1", "Service", name, namespace, spec=spec)


def endpoint_slice(
    name: str = "web-1", of: str | None = "web", namespace: str | None = "shop", **more: Any
) -> dict[str, Any]:
    tree = _object("discovery.k8s.io/v1", "EndpointSlice", name, namespace, addressType="IPv4", **more)
    if of is not None:
        tree["metadata"]["labels"] = {"kubernetes.io/service-name": of}
    return tree


def endpoints(name: str = "web", namespace: str | None = "shop", *addresses: str) -> dict[str, Any]:
    subsets = [{"addresses": [{"ip": each} for each in addresses], "ports": [{"port": 80}]}]
    return _object("v1", "Endpoints", name, namespace, subsets=subsets)


def pod(name: str = "web-0", namespace: str | None = "shop", ip: str = "10.244.0.5") -> dict[str, Any]:
    status = {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}]}
    return _object("v1", "Pod", name, namespace, spec={"containers": []}, status=status)


def write(path: Path, *trees: object) -> Path:
    """Write one JSON document a line: YAML by its name, so every file may have any ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n---\n".join(json.dumps(tree) for tree in trees))
    return path


ALL = kept_by(ClusterWish(pods=True))
NO_PODS = kept_by(ClusterWish())


def read(*paths: Path, service_cidr: str = "10.96.0.0/16", keep_pods: bool = True) -> Reading:
    return Manifests(paths, service_cidr, ClusterWish(pods=keep_pods)).read()


def reasons(reading: Reading) -> list[str]:
    return [f"{problem.object}: {problem.reason}" for problem in reading.problems]


def names(objects: dict[ObjectKey, ClusterObject]) -> set[str]:
    """Return what is held beside namespaces, as in "Service shop/web"."""
    return {f"{key.resource} {key.namespace}/{key.name}" for key in objects if key.resource != "Namespace"}


def _object(version: str, kind: str, name: str, namespace: str | None, **rest: Any) -> dict[str, Any]:
    metadata = {"name": name} if namespace is None else {"name": name, "namespace": namespace}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}
