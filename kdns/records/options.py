"""The choices that shape a cluster zone's records: what a Corefile's `kubernetes` block can set."""

from dataclasses import dataclass
from enum import StrEnum

from kdns.wire.names import Name, from_text

CLUSTER_DOMAIN = from_text("cluster.local.")


class PodMode(StrEnum):
    """Which names `<ip>.<namespace>.pod.<zone>` exist."""

    DISABLED = "disabled"
    INSECURE = "insecure"
    VERIFIED = "verified"


@dataclass(frozen=True, slots=True)
class RecordOptions:
    """What the records depend on beside the cluster. Zones are lower case; `ttl` is in seconds (0 to 3600).

    `zone` is the cluster domain and appears in PTR targets. `namespaces` None exposes all of them.
    `own_addresses` are this server's addresses, by which its own Services are found for NS.
    """

    zone: Name = CLUSTER_DOMAIN
    ttl: int = 30
    pods: PodMode = PodMode.INSECURE
    endpoint_pod_names: bool = False
    ignore_empty_service: bool = False
    endpoints: bool = True
    namespaces: frozenset[str] | None = None
    own_addresses: tuple[str, ...] = ()
