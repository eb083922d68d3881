"""Terse builders of Kubernetes objects as the API server's JSON has them, told apart by `kind`.

Nothing here knows kdns: what a test puts into a server, real or fake, must not come from what it tests.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Object = dict[str, Any]

HTTP, DNS = "http:80/tcp", "dns:53/udp"


def namespace(name: str = "shop", **labels: str) -> Object:
    return _object("v1", "Namespace", name, labels, spec={}, status={"phase": "Active"})


def service(path: str, *cluster_ips: str, ports: Sequence[str] = (HTTP,), **spec: Any) -> Object:
    """Build a Service `namespace/name` of type ClusterIP; `spec` adds to its spec or overrides it."""
    built: Object = {"type": "ClusterIP", "ports": _ports(ports)}
    if cluster_ips:
        built |= {"clusterIP": cluster_ips[0], "clusterIPs": [*cluster_ips]}
        built["ipFamilies"] = ["IPv6" if ":" in ip else "IPv4" for ip in cluster_ips]
    return _object("v1", "Service", path, spec=built | spec)


def headless(path: str, ports: Sequence[str] = (HTTP,), **spec: Any) -> Object:
    return service(path, ports=ports, **{"clusterIP": "None", "clusterIPs": ["None"]} | spec)


def external(path: str, target: str) -> Object:
    return _object("v1", "Service", path, spec={"type": "ExternalName", "externalName": target})


def endpoint_slice(
    service_path: str, *endpoints: str, name: str = "", ports: Sequence[str] = (HTTP,)
) -> Object:
    """Build a slice of the Service `namespace/name`, called `name` or `<service>-1`.

    An endpoint reads `address [hostname=...] [pod=...] [unready]`.
    """
    where, _, service_name = service_path.rpartition("/")
    return _object(
        "discovery.k8s.io/v1",
        "EndpointSlice",
        f"{where}/{name or f'{service_name}-1'}",
        {"kubernetes.io/service-name": service_name},
        addressType="IPv6" if any(":" in each.split()[0] for each in endpoints) else "IPv4",
        endpoints=[_endpoint(each, where) for each in endpoints],
        ports=_ports(ports),
    )


def pod(path: str, *ips: str, phase: str = "Running", labels: Mapping[str, str] | None = None) -> Object:
    """Build a Pod `namespace/name`; without addresses it has not got any yet."""
    addresses = {"podIP": ips[0], "podIPs": [{"ip": ip} for ip in ips]} if ips else {}
    spec = {"containers": [{"name": "main", "image": "example.com/main"}]}
    return _object("v1", "Pod", path, labels, spec=spec, status={"phase": phase} | addresses)


def changed(obj: Object, **rest: Any) -> Object:
    """Return a copy with labels replaced by `labels`, and any other field of the top by its name."""
    labels = {"labels": rest.pop("labels")} if "labels" in rest else {}
    return obj | {"metadata": obj["metadata"] | labels} | rest


def _object(
    version: str, kind: str, path: str, labels: Mapping[str, str] | None = None, **rest: Any
) -> Object:
    where, _, name = path.rpartition("/")
    metadata: Object = {"name": name} | ({"namespace": where} if where else {})
    if labels:
        metadata["labels"] = dict(labels)
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}


def _ports(texts: Sequence[str]) -> list[Object]:
    """Read `name:number/protocol`; the name may be empty."""
    ports = []
    for text in texts:
        name, _, rest = text.partition(":")
        number, _, protocol = rest.partition("/")
        ports.append({"name": name, "port": int(number), "protocol": protocol.upper()})
    return ports


def _endpoint(text: str, where: str) -> Object:
    address, *words = text.split()
    given = dict(word.split("=") for word in words if "=" in word)
    built: Object = {"addresses": [address], "conditions": {"ready": "unready" not in words}}
    if "hostname" in given:
        built["hostname"] = given["hostname"]
    if "pod" in given:
        built["targetRef"] = {"kind": "Pod", "namespace": where, "name": given["pod"]}
    return built
