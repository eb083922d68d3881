"""What is counted of all API servers of a process together, under the names that CoreDNS gives it."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from kdns.measures import Family, Histogram

_METHOD = "GET"
_REQUEST_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Prometheus' default buckets."""
_PROGRAMMING_BOUNDS = tuple(0.001 * 2**power for power in range(20))


class Durations:
    """Seconds by label values, in buckets."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts: dict[tuple[str, ...], list[int]] = {}
        self._sums: defaultdict[tuple[str, ...], float] = defaultdict(float)

    def observe(self, labels: tuple[str, ...], seconds: float) -> None:
        """Count one duration."""
        counts = self._counts.setdefault(labels, [0] * (len(self._bounds) + 1))
        counts[bisect_left(self._bounds, seconds)] += 1
        self._sums[labels] += seconds

    def histogram(self, name: str, help_text: str, *labels: str) -> Histogram:
        """Return what was counted under a name."""
        samples = [(values, counts, self._sums[values]) for values, counts in self._counts.items()]
        return Histogram(name, help_text, labels, self._bounds, samples)


class Meter:
    """Counts requests by host, and how long changes of endpoints take to get here."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._waits = Durations(_REQUEST_BOUNDS)
        self._requested = Durations(_REQUEST_BOUNDS)
        self._programmed = Durations(_PROGRAMMING_BOUNDS)

    def answered(self, host: str, code: int | None) -> None:
        """Note a response's status; None for a request that nobody answered."""
        self._requests["<error>" if code is None else str(code), _METHOD, host] += 1

    def waited(self, host: str, seconds: float) -> None:
        """Note how long a request that is no watch had to wait for its turn."""
        self._waits.observe((_METHOD, host), seconds)

    def requested(self, host: str, seconds: float) -> None:
        """Note how long a request that is no watch took, from its wish to the end of its body."""
        self._requested.observe((_METHOD, host), seconds)

    def programmed(self, service_kind: str, seconds: float) -> None:
        """Note how long after a change of endpoints it was known here."""
        self._programmed.observe((service_kind,), seconds)

    def measure(self) -> Iterator[Family | Histogram]:
        """Yield the families that have something to say."""
        families = (
            Family(
                "counter",
                "coredns_kubernetes_rest_client_requests_total",
                "Number of HTTP requests, partitioned by status code, method, and host.",
                ("code", "method", "host"),
                [(labels, float(count)) for labels, count in self._requests.items()],
            ),
            self._requested.histogram(
                "coredns_kubernetes_rest_client_request_duration_seconds",
                "Request latency in seconds. Broken down by verb and host.",
                "verb",
                "host",
            ),
            self._waits.histogram(
                "coredns_kubernetes_rest_client_rate_limiter_duration_seconds",
                "Client side rate limiter latency in seconds. Broken down by verb and host.",
                "verb",
                "host",
            ),
            self._programmed.histogram(
                "coredns_kubernetes_dns_programming_duration_seconds",
                "Histogram of the time (in seconds) it took to program a dns instance.",
                "service_kind",
            ),
        )
        yield from (family for family in families if family.samples)
