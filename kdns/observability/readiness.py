"""Whether this server should get queries: what `/ready` says.

Once ready, always ready: an API server that goes away costs no answer, and servers that gave up their places
for that would take the cluster's DNS down with it.
"""

import time
from collections.abc import Callable

STARTUP_SECONDS = 5.0
"""For so long a resource that may not be read holds readiness back (CoreDNS's startup_timeout)."""

ESSENTIAL = frozenset({"Service", "Namespace"})
"""The kinds of objects without which there is nothing to be ready for."""


class Readiness:
    """`missing` gives the kinds of objects that have not been seen whole, `forbidden` those kept from us."""

    def __init__(
        self, missing: Callable[[], frozenset[str]], forbidden: Callable[[], frozenset[str]]
    ) -> None:
        self._missing = missing
        self._forbidden = forbidden
        self._begun = time.monotonic()
        self._is_ready = False

    def missing(self) -> frozenset[str]:
        """Return the kinds of objects that readiness waits for; none once it was reached."""
        if self._is_ready:
            return frozenset()
        missing = self._missing()
        if time.monotonic() - self._begun > STARTUP_SECONDS and missing <= self._forbidden() - ESSENTIAL:
            missing = frozenset()
        self._is_ready = not missing
        return missing
