"""The table of what the fake API server serves, and how a URL's path names it.

Facts about the Kubernetes API live here, and nothing about any object that is held.
"""

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Object = dict[str, Any]


@dataclass(frozen=True)
class Resource:
    """One row: `blank` is what a bookmark shows of it, `fields` are those a fieldSelector may name."""

    plural: str
    kind: str
    group: str = ""
    is_namespaced: bool = True
    blank: Object = field(default_factory=dict, hash=False, compare=False)
    fields: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        return f"{self.group}/v1" if self.group else "v1"

    @property
    def qualified(self) -> str:
        """Return the name that error messages use."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def path(self) -> str:
        """Return the path of the collection, cluster-wide."""
        return f"/apis/{self.api_version}/{self.plural}" if self.group else f"/api/v1/{self.plural}"


SERVICES = Resource(
    "services",
    "Service",
    blank={"spec": {}, "status": {"loadBalancer": {}}},
    fields=("spec.clusterIP", "spec.type"),
)
ENDPOINT_SLICES = Resource(
    "endpointslices",
    "EndpointSlice",
    "discovery.k8s.io",
    blank={"addressType": "", "endpoints": None, "ports": None},
)
NAMESPACES = Resource(
    "namespaces", "Namespace", is_namespaced=False, blank={"spec": {}, "status": {}}, fields=("status.phase",)
)
PODS = Resource(
    "pods",
    "Pod",
    blank={"spec": {"containers": None}, "status": {}},
    fields=("spec.nodeName", "spec.hostNetwork", "status.phase", "status.podIP"),
)
RESOURCES = (SERVICES, ENDPOINT_SLICES, NAMESPACES, PODS)
BY_KIND = {each.kind: each for each in RESOURCES}


class Target(NamedTuple):
    """What a path names: a collection, all of it or one namespace's, or one object of it."""

    resource: Resource
    namespace: str = ""
    name: str = ""


_PATH = re.compile(
    r"(?:/api|/apis/(?P<group>[^/]+))/v1(?:/namespaces/(?P<namespace>[^/]+))?"
    r"/(?P<plural>[^/]+)(?:/(?P<name>[^/]+))?"
)


def find_target(path: str) -> Target | None:
    """Return what the path names, None if it is not served."""
    if (match := _PATH.fullmatch(path)) is None:
        return None
    group, namespace, plural, name = (match[key] or "" for key in ("group", "namespace", "plural", "name"))
    for each in RESOURCES:
        if (each.group, each.plural) == (group, plural):
            is_whole = bool(namespace) or not name
            return Target(each, namespace, name) if is_whole or not each.is_namespaced else None
    return None
