"""The Pods that ask: where each stands, what its manifest says of DNS, and the resolv.conf that it has."""

from typing import Any, NamedTuple

NODE_ADDRESS = "172.18.0.2"
OUTSIDE_ADDRESS = "172.18.0.1"
KDNS_ADDRESS = "10.244.0.2"
CLUSTER_DNS = "10.96.0.10"

NODE = f"""\
search corp.example.net
nameserver {OUTSIDE_ADDRESS}
"""
"""The node's own resolv.conf. kdns has it too: its Pod has the dnsPolicy Default."""


def _cluster_first(namespace: str, searches: str = "", options: str = "ndots:5") -> str:
    zone = "cluster.local"
    return f"""\
search {namespace}.svc.{zone} svc.{zone} {zone} corp.example.net{searches}
nameserver {CLUSTER_DNS}
options {options}
"""


class Pod(NamedTuple):
    """`like` is its column in the table of names, `spec` is what its manifest says of DNS."""

    name: str
    address: str
    resolv_conf: str
    like: str
    namespace: str = "default"
    spec: dict[str, Any] = {}  # noqa: RUF012 -- never written to
    phase: str = "Running"
    started: str = "2026-01-02T00:00:00Z"

    @property
    def host_network(self) -> bool:
        return bool(self.spec.get("hostNetwork"))

    @property
    def ndots(self) -> int:
        _, found, value = self.resolv_conf.partition("ndots:")
        return int(value[0]) if found else 1


def _config(**config: Any) -> dict[str, Any]:
    return {"dnsConfig": config}


PODS = (
    Pod("first", "10.244.9.1", _cluster_first("default"), "first"),
    Pod("shop", "10.244.9.2", _cluster_first("shop"), "shop", "shop"),
    Pod(
        "config",
        "10.244.9.3",
        _cluster_first("default", " extra.example.net", "ndots:2 timeout:1 edns0"),
        "config",
        spec=_config(
            searches=["extra.example.net"],
            options=[{"name": "ndots", "value": "2"}, {"name": "timeout", "value": "1"}, {"name": "edns0"}],
        ),
    ),
    Pod(
        "own",
        "10.244.9.4",
        f"search shop.svc.cluster.local example.com\nnameserver {CLUSTER_DNS}\noptions ndots:1\n",
        "own",
        spec={"dnsPolicy": "None"}
        | _config(
            nameservers=[CLUSTER_DNS],
            searches=["shop.svc.cluster.local", "example.com"],
            options=[{"name": "ndots", "value": "1"}],
        ),
    ),
    # Its search list begins as that of `first` does, and ends earlier.
    Pod(
        "short",
        "10.244.9.5",
        f"search default.svc.cluster.local\nnameserver {CLUSTER_DNS}\noptions ndots:5\n",
        "short",
        spec={"dnsPolicy": "None"}
        | _config(
            nameservers=[CLUSTER_DNS],
            searches=["default.svc.cluster.local"],
            options=[{"name": "ndots", "value": "5"}],
        ),
    ),
    Pod(
        "wild",
        "10.244.9.6",
        _cluster_first("default", " wild.example.net"),
        "wild",
        spec=_config(searches=["wild.example.net"]),
    ),
    Pod("node", "10.244.9.7", NODE, "node", spec={"dnsPolicy": "Default"}),
    Pod(
        "hostnet",
        NODE_ADDRESS,
        _cluster_first("default"),
        "first",
        spec={"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"},
    ),
    Pod("reused", "10.244.9.9", _cluster_first("default"), "first"),
    Pod("twice", "10.244.9.10", _cluster_first("default"), "first"),
)
"""Those with a place of their own, which the manifests hold, too."""

STRANGER = Pod("stranger", "10.244.9.8", _cluster_first("default"), "first")
"""Asks as `first` does, but the manifests do not know it."""

ASKING = (*PODS, STRANGER)

GHOSTS = (
    Pod("ended", "10.244.9.9", "", "", "shop", phase="Succeeded", started="2026-01-01T00:00:00Z"),
    Pod("older", "10.244.9.10", "", "", "shop", started="2026-01-01T00:00:00Z"),
    Pod("daemon", NODE_ADDRESS, NODE, "node", "shop", spec={"hostNetwork": True}),
)
"""Those that are in the manifests only: they have, or had, the address of one that asks."""


def manifest(pod: Pod) -> dict[str, Any]:
    """Return a Pod as the API server has it."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": pod.name, "namespace": pod.namespace, "creationTimestamp": pod.started},
        "spec": {"dnsPolicy": "ClusterFirst", "containers": [{"name": "app"}], **pod.spec},
        "status": {
            "phase": pod.phase,
            "podIP": pod.address,
            "podIPs": [{"ip": pod.address}],
            "startTime": pod.started,
        },
    }
