"""The choices that shape a cluster zone's records: what a Corefile's `kubernetes` block can set."""

from dataclasses import dataclass
from enum import StrEnum

from kdns.cluster.selectors import Selector
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

    `zone` is the cluster domain and appears in PTR targets. Only the namespaces that are among `namespaces`
    and that `namespace_labels` takes are exposed; None is no condition. `own_addresses` are this server's,
    by which its own Services are found for NS.
    """

    zone: Name = CLUSTER_DOMAIN
    ttl: int = 30
    pods: PodMode = PodMode.INSECURE
    endpoint_pod_names: bool = False
    ignore_empty_service: bool = False
    endpoints: bool = True
    namespaces: frozenset[str] | None = None
    namespace_labels: Selector | None = None
    own_addresses: tuple[str, ...] = ()
