"""Service, EndpointSlice, Pod, Namespace: the dozen fields that DNS needs, nothing else.

Every value is frozen, compares by its fields and can be written by msgspec. Addresses are canonical
text (`ipaddress`'s form), so that equal addresses are equal strings.
"""

from enum import StrEnum
from typing import NamedTuple, TypeAlias

from msgspec import Struct


class ServiceKey(NamedTuple):
    """What identifies a Service. Also what EndpointSlices refer to."""

    namespace: str
    name: str


class ServiceKind(StrEnum):
    """What of a Service decides its records; NodePort and LoadBalancer are CLUSTER_IP here."""

    CLUSTER_IP = "ClusterIP"
    HEADLESS = "Headless"
    EXTERNAL_NAME = "ExternalName"


class Port(NamedTuple):
    """A port of a Service or EndpointSlice. `name` is "" where it has none, `protocol` is in lower case."""

    name: str
    number: int
    protocol: str


class Service(Struct, frozen=True, gc=False, array_like=True, tag="Service"):
    """A Service. `cluster_ips` holds one or two addresses for CLUSTER_IP, none otherwise.

    `external_ips` are spec.externalIPs, then the load balancer's addresses and host names.
    """

    namespace: str
    name: str
    kind: ServiceKind
    cluster_ips: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    external_name: str = ""
    external_ips: tuple[str, ...] = ()
    version: str = ""

    @property
    def key(self) -> ServiceKey:
        return ServiceKey(self.namespace, self.name)


class Endpoint(Struct, frozen=True, gc=False, array_like=True):
    """One address of an EndpointSlice. `hostname` and `pod` (its targetRef's name) are "" where absent.

    `ready` is what DNS goes by: conditions.ready, where absence counts as true.
    """

    address: str
    hostname: str = ""
    pod: str = ""
    ready: bool = True


class EndpointSlice(Struct, frozen=True, gc=False, array_like=True, tag="EndpointSlice"):
    """An EndpointSlice (or hand-written Endpoints) of the Service `service` in the same namespace.

    `changed_at` is the Unix time of the annotation endpoints.kubernetes.io/last-change-trigger-time,
    0.0 where it is absent.
    """

    namespace: str
    name: str
    service: str
    endpoints: tuple[Endpoint, ...] = ()
    ports: tuple[Port, ...] = ()
    changed_at: float = 0.0
    version: str = ""

    @property
    def service_key(self) -> ServiceKey:
        return ServiceKey(self.namespace, self.service)


class DnsConfig(Struct, frozen=True, gc=False, array_like=True):
    """A Pod's spec.dnsConfig, as it was written. An option without a value has None for it."""

    nameservers: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    options: tuple[tuple[str, str | None], ...] = ()


class Pod(Struct, frozen=True, gc=False, array_like=True, tag="Pod"):
    """A Pod. ClusterState holds those that have an address and have not ended.

    `addresses[0]` is its status.podIP. `dns_policy` is "ClusterFirst" where nothing is said, as in the API.
    `started` is the Unix time at which its node took it on, else that of its creation, else 0.
    """

    namespace: str
    name: str
    addresses: tuple[str, ...] = ()
    host_network: bool = False
    version: str = ""
    dns_policy: str = "ClusterFirst"
    dns_config: DnsConfig | None = None
    started: int = 0


class Namespace(Struct, frozen=True, gc=False, array_like=True, tag="Namespace"):
    """A Namespace. Labels are kept for `namespace_labels`."""

    name: str
    labels: tuple[tuple[str, str], ...] = ()
    version: str = ""

    @property
    def namespace(self) -> str:
        """Namespaces are in none themselves."""
        return ""


ClusterObject: TypeAlias = Service | EndpointSlice | Pod | Namespace


class ObjectKey(NamedTuple):
    """Identifies any object: its class's name, its namespace ("" for a Namespace), its name."""

    resource: str
    namespace: str
    name: str


def key_of(obj: ClusterObject) -> ObjectKey:
    """Return the key under which `obj` is held."""
    return ObjectKey(type(obj).__name__, obj.namespace, obj.name)
