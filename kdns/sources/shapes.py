"""The parts of the API's objects that kdns reads, under the API's own names and nesting.

msgspec fills these from JSON or YAML trees and skips all else; nothing here decides or converts.
"""

import functools
from typing import Annotated, Any, TypeAlias, TypeVar, cast

import msgspec
from msgspec import Meta, Struct, field

from kdns.sources.fields import NotUnderstood

_S = TypeVar("_S", bound=Struct)

ServicePortNumber: TypeAlias = Annotated[int, Meta(ge=1, le=65535)]
SlicePortNumber: TypeAlias = Annotated[int, Meta(ge=0, le=65535)]


class Shape(Struct, rename="camel", gc=False):
    """What all shapes have in common: the API's spelling, null where a field may be left out."""


class Metadata(Shape):
    name: str | None = None
    namespace: str | None = None
    generate_name: str | None = None
    resource_version: str | None = None
    deletion_timestamp: str | None = None


class ServicePortShape(Shape):
    port: ServicePortNumber
    name: str | None = None
    protocol: str | None = None


class ServiceSpec(Shape):
    type: str | None = None
    cluster_ip: str | None = field(default=None, name="clusterIP")
    cluster_ips: list[str] | None = field(default=None, name="clusterIPs")
    external_ips: list[str] | None = field(default=None, name="externalIPs")
    external_name: str | None = None
    ip_families: list[str] | None = None
    ip_family_policy: str | None = None
    ports: list[ServicePortShape] | None = None


class Ingress(Shape):
    ip: str | None = None
    hostname: str | None = None


class LoadBalancer(Shape):
    ingress: list[Ingress] | None = None


class ServiceStatus(Shape):
    load_balancer: LoadBalancer | None = None


class ServiceShape(Shape):
    metadata: Metadata
    spec: ServiceSpec | None = None
    status: ServiceStatus | None = None


class SliceLabels(Struct, gc=False):
    service: str | None = field(default=None, name="kubernetes.io/service-name")


class SliceAnnotations(Struct, gc=False):
    changed: str | None = field(default=None, name="endpoints.kubernetes.io/last-change-trigger-time")


class SliceMetadata(Metadata):
    labels: SliceLabels | None = None
    annotations: SliceAnnotations | None = None


class TargetRef(Shape):
    name: str | None = None


class Conditions(Shape):
    ready: bool | None = None


class EndpointShape(Shape):
    addresses: list[str] | None = None
    conditions: Conditions | None = None
    hostname: str | None = None
    target_ref: TargetRef | None = None


class SlicePortShape(Shape):
    port: SlicePortNumber | None = None
    name: str | None = None
    protocol: str | None = None


class EndpointSliceShape(Shape):
    metadata: SliceMetadata
    endpoints: list[EndpointShape] | None = None
    ports: list[SlicePortShape] | None = None


class EndpointAddress(Shape):
    ip: str
    hostname: str | None = None
    target_ref: TargetRef | None = None


class Subset(Shape):
    addresses: list[EndpointAddress] | None = None
    not_ready_addresses: list[EndpointAddress] | None = None
    ports: list[SlicePortShape] | None = None


class EndpointsShape(Shape):
    metadata: SliceMetadata
    subsets: list[Subset] | None = None


class PodDnsOption(Shape):
    name: str | None = None
    value: str | None = None


class PodDnsConfig(Shape):
    nameservers: list[str] | None = None
    searches: list[str] | None = None
    options: list[PodDnsOption] | None = None


class PodSpec(Shape):
    host_network: bool | None = None
    dns_policy: str | None = None
    dns_config: PodDnsConfig | None = None


class PodMetadata(Metadata):
    creation_timestamp: str | None = None


class PodIP(Shape):
    ip: str | None = None


class PodStatus(Shape):
    phase: str | None = None
    pod_ip: str | None = field(default=None, name="podIP")
    pod_ips: list[PodIP] | None = field(default=None, name="podIPs")
    start_time: str | None = None


class PodShape(Shape):
    metadata: PodMetadata
    spec: PodSpec | None = None
    status: PodStatus | None = None


class LabelledMetadata(Metadata):
    labels: dict[str, str] | None = None


class Labelled(Shape):
    """Any object, read for its labels."""

    metadata: LabelledMetadata | None = None


class NamespaceShape(Shape):
    metadata: LabelledMetadata


AnyShape: TypeAlias = ServiceShape | EndpointSliceShape | EndpointsShape | PodShape | NamespaceShape

SHAPES: dict[tuple[str, str], type[AnyShape]] = {
    ("v1", "Service"): ServiceShape,
    ("v1", "Endpoints"): EndpointsShape,
    ("v1", "Pod"): PodShape,
    ("v1", "Namespace"): NamespaceShape,
    ("discovery.k8s.io/v1", "EndpointSlice"): EndpointSliceShape,
    ("discovery.k8s.io/v1beta1", "EndpointSlice"): EndpointSliceShape,
}
"""(apiVersion, kind) → what is read of it. Whatever is missing here is passed over in silence."""


def from_json(shape: type[_S], raw: bytes | msgspec.Raw) -> _S:
    """Read a shape from JSON. Raises NotUnderstood."""
    try:
        return cast(_S, decoder(shape).decode(raw))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise NotUnderstood(str(error)) from error


def from_dicts(shape: type[_S], tree: object) -> _S:
    """Read a shape from dicts and lists. Raises NotUnderstood."""
    try:
        return msgspec.convert(tree, shape)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise NotUnderstood(str(error)) from error


@functools.cache
def decoder(shape: Any) -> msgspec.json.Decoder[Any]:
    """Return the one JSON decoder of a shape: making one costs more than using it."""
    return msgspec.json.Decoder(shape)
