"""What an upstream counts: plain ints that exchanges add to and metrics read when they are asked.

No names or labels of any metrics system; those are in `metrics`.
"""

from bisect import bisect_left

DURATION_BOUNDS = tuple(0.00025 * 2**power for power in range(16))
"""Upper bounds in seconds, CoreDNS's: a quarter of a millisecond to eight seconds."""


class Durations:
    """How long exchanges took: a count for each bound, one for what is beyond them all, and the sum."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(DURATION_BOUNDS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(DURATION_BOUNDS, seconds)] += 1
        self.total += seconds


class SocketCounters:
    """Of the sockets of one protocol: queries that found one open (`hits`) or opened one (`misses`), and
    messages that belonged to no query waited for (`wrong`)."""

    __slots__ = ("hits", "misses", "wrong")

    def __init__(self) -> None:
        self.hits = self.misses = self.wrong = 0


class Counters:
    """The totals of one upstream. `durations` are by RCODE, `sockets` by protocol as CoreDNS calls it."""

    __slots__ = ("durations", "failed_probes", "sockets")

    def __init__(self) -> None:
        self.durations: dict[int, Durations] = {}
        self.sockets: dict[str, SocketCounters] = {}
        self.failed_probes = 0

    def answered(self, rcode: int, seconds: float) -> None:
        """Count a reply and the time it took."""
        durations = self.durations.get(rcode)
        if durations is None:
            durations = self.durations[rcode] = Durations()
        durations.add(seconds)
