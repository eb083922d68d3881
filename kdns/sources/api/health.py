"""What is known about each resource's data: how old it is, whether it is being watched, what went wrong."""

import time
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
