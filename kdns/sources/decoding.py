"""From Kubernetes JSON and YAML trees to the values of `kdns.cluster.objects`, one way for both.

Decides what a field means and what is not understood; fills in nothing that the API would have filled in.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from kdns.cluster.objects import (
    ClusterObject,
    Endpoint,
    EndpointSlice,
    Namespace,
    Service,
    ServiceKind,
)
from kdns.sources.fields import (
    NotUnderstood,
    canonical,
    checked_address,
    checked_label,
    checked_subdomain,
    is_label,
    read_port,
    shorten,
    unix_time,
)
from kdns.sources.pods import live_pod, object_name
from kdns.sources.shapes import (
    SHAPES,
    AnyShape,
    EndpointAddress,
    EndpointShape,
    EndpointSliceShape,
    EndpointsShape,
    NamespaceShape,
    PodShape,
    ServiceShape,
    ServiceSpec,
    ServiceStatus,
    Subset,
    TargetRef,
    from_dicts,
    from_json,
)
from kdns.wire.names import ROOT, BadName, from_text

_SERVICE_TYPES = frozenset({"ClusterIP", "NodePort", "LoadBalancer"})


def decode_object(kind: str, raw: bytes | msgspec.Raw) -> ClusterObject | None:
    """Read one object of `kind` (Service, EndpointSlice, Pod, Namespace) from the API's JSON.

    None means that it is not held: an EndpointSlice of no Service, a Pod without address or at its end.
    Raises NotUnderstood. Other keys than the kind's own are skipped, not checked.
    """
    return slim(from_json(_SHAPE_OF[kind], raw))


def from_tree(kind: str, tree: object) -> ClusterObject | None:
    """Do what `decode_object` does for an object that exists as dicts and lists already."""
    return slim(from_dicts(_SHAPE_OF[kind], tree))


def slim(shape: AnyShape) -> ClusterObject | None:
    """Convert what was read; None where there is nothing to hold. Raises NotUnderstood.

    Endpoints may be several slices: `slices_of_endpoints` converts them.
    """
    return _SLIM[type(shape)](shape)


_SHAPE_OF: dict[str, type[AnyShape]] = {kind: shape for (_, kind), shape in SHAPES.items()}


def _service(shape: ServiceShape) -> Service:
    spec = shape.spec or ServiceSpec()
    kind, addresses = _kind_and_addresses(spec)
    namespace, name = (
        checked_label(shape.metadata.namespace, "namespace"),
        object_name(shape.metadata, checked_label),
    )
    return Service(
        namespace=namespace,
        name=name,
        kind=kind,
        cluster_ips=addresses,
        ports=tuple(read_port(each.name, each.port, each.protocol) for each in spec.ports or ()),
        external_name=_external_name(spec) if kind is ServiceKind.EXTERNAL_NAME else "",
        external_ips=tuple(_external_ips(spec, shape.status)),
        version=shape.metadata.resource_version or "",
    )


def _kind_and_addresses(spec: ServiceSpec) -> tuple[ServiceKind, tuple[str, ...]]:
    if spec.type == "ExternalName":
        return ServiceKind.EXTERNAL_NAME, ()
    if spec.type and spec.type not in _SERVICE_TYPES:
        raise NotUnderstood(f"type {shorten(spec.type)} is no type of a Service")
    given = [each for each in spec.cluster_ips or (spec.cluster_ip,) if each]
    if "None" in given:
        return ServiceKind.HEADLESS, ()
    return ServiceKind.CLUSTER_IP, tuple(checked_address(each, "clusterIP") for each in given)


def _external_name(spec: ServiceSpec) -> str:
    text = spec.external_name or ""
    try:
        if from_text(text) == ROOT:
            raise BadName("an ExternalName Service must name something")
    except BadName as error:
        raise NotUnderstood(f"externalName {shorten(text)}: {error}") from error
    return text


def _external_ips(spec: ServiceSpec, status: ServiceStatus | None) -> Iterator[str]:
    for address in spec.external_ips or ():
        yield checked_address(address, "externalIPs")
    balancer = status.load_balancer if status else None
    for ingress in (balancer.ingress if balancer else None) or ():
        if ingress.ip:
            yield checked_address(ingress.ip, "status.loadBalancer.ingress")
        elif ingress.hostname:
            yield ingress.hostname


def _endpoint_slice(shape: EndpointSliceShape) -> EndpointSlice | None:
    metadata = shape.metadata
    service = metadata.labels.service if metadata.labels else None
    if not service:
        return None
    return EndpointSlice(
        namespace=checked_label(metadata.namespace, "namespace"),
        name=object_name(metadata, checked_subdomain),
        service=checked_label(service, "label kubernetes.io/service-name"),
        endpoints=tuple(_endpoints(shape.endpoints or ())),
        ports=tuple(read_port(each.name, each.port, each.protocol) for each in shape.ports or ()),
        changed_at=unix_time(metadata.annotations.changed) if metadata.annotations else 0.0,
        version=metadata.resource_version or "",
    )


def _endpoints(shapes: Iterable[EndpointShape]) -> Iterator[Endpoint]:
    """Yield one Endpoint an address; what is no address (addressType FQDN) has no place in A or AAAA."""
    for shape in shapes:
        hostname = checked_label(shape.hostname.lower(), "hostname") if shape.hostname else ""
        ready = shape.conditions is None or shape.conditions.ready is not False
        pod = _pod_name(shape.target_ref)
        for text in shape.addresses or ():
            if address := canonical(text):
                yield Endpoint(address, hostname, pod, ready)


def slices_of_endpoints(shape: EndpointsShape) -> tuple[EndpointSlice, ...]:
    """Convert hand-written Endpoints: one EndpointSlice a subset, an empty one if there are none.

    Their names hold a slash, which no EndpointSlice of the API may: they never meet. Raises NotUnderstood.
    """
    metadata = shape.metadata
    namespace, service = checked_label(metadata.namespace, "namespace"), object_name(metadata, checked_label)
    return tuple(
        EndpointSlice(
            namespace=namespace,
            name=f"{service}/{number}",
            service=service,
            endpoints=(
                *_manual_endpoints(subset.addresses or (), ready=True),
                *_manual_endpoints(subset.not_ready_addresses or (), ready=False),
            ),
            ports=tuple(read_port(each.name, each.port, each.protocol) for each in subset.ports or ()),
            changed_at=unix_time(metadata.annotations.changed) if metadata.annotations else 0.0,
            version=metadata.resource_version or "",
        )
        for number, subset in enumerate(shape.subsets or (Subset(),))
    )


def _manual_endpoints(shapes: Iterable[EndpointAddress], ready: bool) -> Iterator[Endpoint]:
    for shape in shapes:
        hostname = checked_label(shape.hostname.lower(), "hostname") if shape.hostname else ""
        yield Endpoint(checked_address(shape.ip, "subsets"), hostname, _pod_name(shape.target_ref), ready)


def _namespace(shape: NamespaceShape) -> Namespace:
    return Namespace(
        name=object_name(shape.metadata, checked_label),
        labels=tuple(sorted((shape.metadata.labels or {}).items())),
        version=shape.metadata.resource_version or "",
    )


_SLIM: dict[type, Callable[[Any], ClusterObject | None]] = {
    ServiceShape: _service,
    EndpointSliceShape: _endpoint_slice,
    PodShape: live_pod,
    NamespaceShape: _namespace,
}


def _pod_name(reference: TargetRef | None) -> str:
    """Return the name by which an endpoint may be asked for: CoreDNS too takes none above 63 characters."""
    name = reference.name if reference else None
    return name if name and is_label(name) else ""
