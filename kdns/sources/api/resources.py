"""The resources that kdns lists and watches, and the right it needs for each."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from kdns.cluster.wish import ClusterWish


@dataclass(frozen=True, slots=True)
class Resource:
    """One collection of the API. `kind` is that of its objects, `path` lists it in all namespaces."""

    kind: str
    plural: str
    path: str
    group: str = ""
    field_selector: str = ""
    label_selector: str = ""

    @property
    def selectors(self) -> Mapping[str, str]:
        """The query parameters that choose among its objects."""
        chosen = {"fieldSelector": self.field_selector, "labelSelector": self.label_selector}
        return {name: selector for name, selector in chosen.items() if selector}

    @property
    def rule(self) -> str:
        """The ClusterRole rule that allows what is done here, on one line of YAML."""
        return f'{{apiGroups: ["{self.group}"], resources: ["{self.plural}"], verbs: ["list", "watch"]}}'


SERVICES = Resource("Service", "services", "/api/v1/services")
NAMESPACES = Resource("Namespace", "namespaces", "/api/v1/namespaces")
ENDPOINT_SLICES = Resource(
    "EndpointSlice", "endpointslices", "/apis/discovery.k8s.io/v1/endpointslices", "discovery.k8s.io"
)
PODS = Resource(
    "Pod",
    "pods",
    "/api/v1/pods",
    field_selector="status.phase!=Succeeded,status.phase!=Failed,status.phase!=Unknown",
)
"""Pods that have ended are left out by the server (CoreDNS's field selector)."""

_LABELLED = (SERVICES, ENDPOINT_SLICES, PODS)


def resources_of(wish: ClusterWish) -> list[Resource]:
    """Return what is to be listed and watched. Labels choose among all objects but Namespaces (CoreDNS)."""
    labelled = (replace(each, label_selector=wish.labels) for each in _LABELLED)
    return [each for each in (NAMESPACES, *labelled) if each.kind in wish.kinds]
