"""The resources that kdns lists and watches, and the right it needs for each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resource:
    """One collection of the API. `kind` is that of its objects, `path` lists it in all namespaces."""

    kind: str
    plural: str
    path: str
    group: str = ""
    field_selector: str = ""

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
