"""Records of ClusterIP and headless Services (DNS specification 1.1.0, sections 2.3 and 2.4)."""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from kdns.cluster.objects import Endpoint, EndpointSlice, Port, Service, ServiceKind
from kdns.records.owners import Owner
from kdns.records.targets import NO_PORT, Target
from kdns.wire.names import MAX_LABEL, Name, from_labels

_UNDECLARED = (Port("", NO_PORT, ""),)

Hit: TypeAlias = tuple[Endpoint | None, str, int]
"""An address and port that a name leads to, with its endpoint; None for a ClusterIP. One for each pair."""


def service_name(namespace: str, name: str, origin: Name) -> Name:
    """Return `name.namespace.svc.origin`; `origin` keeps its case (SRV targets show the zone as asked)."""
    return from_labels((name.encode(), namespace.encode(), b"svc"), origin)


def service_hits(
    service: Service, slices: Iterable[EndpointSlice], owner: Owner, pod_names: bool
) -> list[Hit]:
    """Return what the name `owner` below this Service leads to. Empty: the name does not exist.

    A headless Service leads to its ready endpoints, so that without any its name does not exist
    (section 2.4.1). An endpoint's name works below a ClusterIP Service too.
    """
    if service.kind == ServiceKind.HEADLESS or owner.endpoint:
        return list(_endpoint_hits(slices, owner, pod_names))
    return [
        (None, address, port.number)
        for port in service.ports or _UNDECLARED
        if _wants(owner, port)
        for address in service.cluster_ips
    ]


def _endpoint_hits(slices: Iterable[EndpointSlice], owner: Owner, pod_names: bool) -> Iterator[Hit]:
    for each in slices:
        ports = [port.number for port in each.ports or _UNDECLARED if _wants(owner, port)]
        for endpoint in each.endpoints if ports else ():
            if not endpoint.ready:
                continue
            if owner.endpoint and owner.endpoint != endpoint_label(endpoint, pod_names):
                continue
            for number in ports:
                yield endpoint, endpoint.address, number


def named_targets(hits: Iterable[Hit], base: Name, pod_names: bool) -> list[Target]:
    """Return the hits below the Service `base` with the names that lead to each alone."""
    return [
        Target(base if endpoint is None else endpoint_name(endpoint, base, pod_names), address, number)
        for endpoint, address, number in hits
    ]


def endpoint_name(endpoint: Endpoint, base: Name, pod_names: bool) -> Name:
    """Return the name of one endpoint below its Service's."""
    return from_labels((endpoint_label(endpoint, pod_names).encode(),), base)


def _wants(owner: Owner, port: Port) -> bool:
    return owner.port in ("", port.name) and owner.protocol in ("", port.protocol)


def endpoint_label(endpoint: Endpoint, pod_names: bool) -> str:
    """Return the label of an endpoint's own name: host name, else pod name (if asked for), else address.

    An address has its dots or colons turned into dashes; a final dash gets a 0, since no host name ends
    in one.
    """
    if endpoint.hostname:
        return endpoint.hostname
    if pod_names and 0 < len(endpoint.pod) <= MAX_LABEL:
        return endpoint.pod
    return address_label(endpoint.address)


def address_label(address: str) -> str:
    """Return an address as a label."""
    label = address.replace(".", "-").replace(":", "-")
    return label + "0" if label.endswith("-") else label


def has_ready_endpoints(slices: Iterable[EndpointSlice]) -> bool:
    """Tell whether any of these endpoints is ready."""
    return any(endpoint.ready for each in slices for endpoint in each.endpoints)


def has_protocol(service: Service, slices: Iterable[EndpointSlice], label: str) -> bool:
    """Tell whether `label` (`_tcp`) is the protocol of a named port: then `_port._tcp...` has an SRV record
    and its parent exists as an empty non-terminal (RFC 8020)."""
    ports: Iterable[Port] = service.ports
    if service.kind == ServiceKind.HEADLESS:
        ports = (port for each in slices if has_ready_endpoints([each]) for port in each.ports)
    return any(port.name and label == f"_{port.protocol}" for port in ports)
