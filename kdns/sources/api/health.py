"""What is known about each resource's data: how old it is, whether it is being watched, what went wrong."""

import time
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Health:
    """Of one resource. Times are `time.monotonic`; 0.0 is never.

    `is_stale` tells that what is served comes from a snapshot that the API has not confirmed.
    """

    plural: str
    is_connected: bool = False
    is_forbidden: bool = False
    is_stale: bool = False
    is_synced: bool = False
    last_event: float = 0.0
    events: Counter[str] = field(default_factory=Counter)
    relists: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    not_understood: int = 0
    differences: int = 0

    def hear(self) -> None:
        """Note that the server has just said something about this resource."""
        self.last_event = time.monotonic()


class Latency:
    """Seconds from a change of endpoints to its answer, by service_kind, in CoreDNS's twenty buckets."""

    bounds = tuple(0.001 * 2**power for power in range(20))

    def __init__(self) -> None:
        self.counts: dict[str, list[int]] = {}
        self.sums: dict[str, float] = {}

    def observe(self, service_kind: str, seconds: float) -> None:
        """Count one change; `counts` are not cumulative, the last is beyond all bounds."""
        counts = self.counts.setdefault(service_kind, [0] * (len(self.bounds) + 1))
        counts[bisect_left(self.bounds, seconds)] += 1
        self.sums[service_kind] = self.sums.get(service_kind, 0.0) + seconds
