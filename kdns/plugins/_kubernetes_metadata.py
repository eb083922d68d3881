"""What `kubernetes` knows about a query without looking for an answer: the parts of its name, and its Pod."""

from collections.abc import Iterator

from kdns.cluster.state import ClusterState
from kdns.records.owners import Owner, read_owner

_BRANCHES = ("svc", "pod")
_MOST_LABELS = 5
_LABELS = {
    "port-name": "port",
    "protocol": "protocol",
    "endpoint": "endpoint",
    "service": "service",
    "namespace": "namespace",
    "kind": "branch",
}
"""Label → the part of a name that it has, empty where the name has none."""


def about_name(relative: list[str]) -> Iterator[tuple[str, str]]:
    """Yield labels and values for a name, given as its labels without the zone's."""
    owner = Owner("")
    if len(relative) > 1 or relative[-1:] not in ([], ["svc"], ["pod"]):
        if relative[-1] not in _BRANCHES or len(relative) > _MOST_LABELS:
            yield "kubernetes/parse-error", "invalid query name"
            return
        owner = read_owner(relative)
    for label, part in _LABELS.items():
        yield f"kubernetes/{label}", getattr(owner, part)


def about_client(state: ClusterState, address: str) -> Iterator[tuple[str, str]]:
    """Yield labels and values for the Pod with this address, if there is one."""
    for pod in state.pods_at(address):
        if pod.addresses[0] == address:
            yield "kubernetes/client-namespace", pod.namespace
            yield "kubernetes/client-pod-name", pod.name
            return
