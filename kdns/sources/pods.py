"""Pods out of the API's JSON: which of them are held, and what they say about their DNS."""

from collections.abc import Callable
from sys import intern

from kdns.cluster.objects import DnsConfig, Pod
from kdns.sources.fields import NotUnderstood, checked_address, checked_label, checked_subdomain, unix_time
from kdns.sources.shapes import Metadata, PodDnsConfig, PodShape, PodSpec, PodStatus

ENDED_PHASES = frozenset({"Succeeded", "Failed", "Unknown"})
"""Pods in these phases are not held (CoreDNS's field selector)."""


def live_pod(shape: PodShape) -> Pod | None:
    """Convert a Pod, None if it has no address or is at its end. Raises NotUnderstood."""
    status = shape.status
    if status is None or status.phase in ENDED_PHASES or shape.metadata.deletion_timestamp:
        return None
    pod = pod_of(shape)
    return pod if pod.addresses else None


def pod_of(shape: PodShape) -> Pod:
    """Convert a Pod in whatever state it is, also one that has no address. Raises NotUnderstood."""
    metadata, spec, status = shape.metadata, shape.spec or PodSpec(), shape.status or PodStatus()
    given = [each.ip for each in status.pod_ips or ()] or [status.pod_ip]
    return Pod(
        namespace=checked_label(metadata.namespace, "namespace"),
        name=object_name(metadata, checked_subdomain),
        addresses=tuple(checked_address(each, "podIP") for each in given if each),
        host_network=bool(spec.host_network),
        version=metadata.resource_version or "",
        dns_policy=intern(spec.dns_policy or "ClusterFirst"),
        dns_config=_dns_config(spec.dns_config) if spec.dns_config else None,
        started=int(unix_time(status.start_time) or unix_time(metadata.creation_timestamp)),
    )


def _dns_config(shape: PodDnsConfig) -> DnsConfig:
    return DnsConfig(
        tuple(shape.nameservers or ()),
        tuple(shape.searches or ()),
        tuple((each.name or "", each.value) for each in shape.options or ()),
    )


def object_name(metadata: Metadata, check: Callable[[str | None, str], str]) -> str:
    """Return an object's checked name. Raises NotUnderstood."""
    if not metadata.name and metadata.generate_name:
        raise NotUnderstood("generateName without a name: only an API server makes names up")
    return check(metadata.name, "name")
