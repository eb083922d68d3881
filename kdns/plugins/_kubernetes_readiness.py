"""Whether the plugin `kubernetes` has what it needs for the server to get queries.

Once ready, always ready: an API server that goes away costs no answer, and servers that gave up their places
for that would take the cluster's DNS down with it.
"""

import time

from kdns.answering.plugin import Cluster

ESSENTIAL = frozenset({"Service", "Namespace"})
"""The kinds of objects without which there is nothing to be ready for."""


class Readiness:
    """Waits until all of a cluster has been seen; for what may not be read, `startup_seconds` only."""

    def __init__(self, cluster: Cluster, startup_seconds: float) -> None:
        self._cluster = cluster
        self._startup_seconds = startup_seconds
        self._begun = time.monotonic()
        self._is_ready = False

    def is_reached(self) -> bool:
        """Tell whether it is so now, or was before."""
        self._is_ready = self._is_ready or not self._missing()
        return self._is_ready

    def _missing(self) -> frozenset[str]:
        """Return the kinds of objects that are worth waiting for."""
        missing = self._cluster.state.unsynced
        if time.monotonic() - self._begun <= self._startup_seconds:
            return missing
        in_vain = self._cluster.forbidden() - ESSENTIAL
        return frozenset() if missing <= in_vain else missing
