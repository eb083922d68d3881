"""All that can be asked of a ClusterState, by the tag that must name it when it changes."""

from typing import Any

from msgspec.structs import replace

from kdns.cluster.events import Tag, address_tag, namespace_tag, service_tag
from kdns.cluster.objects import ServiceKey
from kdns.cluster.state import ClusterState
from tests.cluster.strategies import ADDRESSES, NAMES, NAMESPACES


def visible(state: ClusterState) -> dict[Tag, Any]:
    """Return what DNS can show, by tag: no resource versions, no times, no Pod names."""
    view: dict[Tag, Any] = {}
    for namespace in NAMESPACES:
        held = state.namespaces.get(namespace)
        view[namespace_tag(namespace)] = held and held.labels
        for name in NAMES:
            key = ServiceKey(namespace, name)
            service = state.services.get(key)
            view[service_tag(key)] = (
                service and replace(service, version=""),
                [replace(each, version="", changed_at=0.0) for each in state.slices_of(key)],
            )
    for address in ADDRESSES:
        view[address_tag(address)] = (
            [service.key for service in state.services_at(address)],
            [(part.service_key, endpoint) for part, endpoint in state.endpoints_at(address)],
            [(pod.namespace, pod.host_network, pod.addresses) for pod in state.pods_at(address)],
        )
    return view


def everything(state: ClusterState) -> dict[str, Any]:
    """Return every table and index, the order of dicts aside."""
    hidden = ("unsynced", "_keyed", "changes", "serial", "_clock")
    return {name: value for name, value in vars(state).items() if name not in hidden}
