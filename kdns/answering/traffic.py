"""What was asked and answered, counted in plain numbers: CoreDNS's figures of a server, by zone.

A remembered answer counts how often it was sent in `Tally`s of its own, one for each kind of client; they are
settled into `Traffic` when somebody wants to know, or when the answer is dropped.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence

from kdns.measures import Family, Histogram
from kdns.wire import codes

DROPPED = "dropped"
"""Stands for the zone of queries that no server block is for. No zone's text is without a final dot."""

_PROTO = ("udp", "tcp", "udp", "tcp")
_FAMILY = ("1", "1", "2", "2")
"""By `Client.kind`; the families are IPv4 and IPv6."""

_TYPES = frozenset(
    "AAAA A CNAME DNSKEY DS MX NSEC3 NSEC NS PTR RRSIG SOA SRV TXT HTTPS SVCB IXFR AXFR ANY".split()  # noqa: SIM905
)
"""The types that are told apart (CoreDNS, plugin/metrics/vars/monitor.go); the others are "other"."""

SIZE_BOUNDS = (0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16e3, 32e3, 48e3, 64e3)
DURATION_BOUNDS = tuple(0.00025 * 2**n for n in range(16))


class Tally:
    """How often an answer was sent to clients of one kind, whose queries had an OPT or not, and DO or not."""

    __slots__ = ("has_do", "has_opt", "hits", "kind", "settled")

    def __init__(self, kind: int, has_opt: bool, has_do: bool) -> None:
        self.kind, self.has_opt, self.has_do = kind, has_opt, has_do
        self.hits = self.settled = 0

    def unsettled(self) -> int:
        """Return how many were sent since the last time, which is now."""
        number = self.hits - self.settled
        self.settled = self.hits
        return number


class _Distribution:
    """How many values lie between two bounds, and their sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float, number: int) -> None:
        self.counts[bisect_left(self.bounds, value)] += number
        self.total += value * number


class _Zone:
    """The figures of one zone."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[int, int]] = Counter()
        self.rcodes: Counter[int] = Counter()
        self.with_do = 0
        self.received = {proto: _Distribution(SIZE_BOUNDS) for proto in ("udp", "tcp")}
        self.sent = {proto: _Distribution(SIZE_BOUNDS) for proto in ("udp", "tcp")}
        self.seconds = _Distribution(DURATION_BOUNDS)


class Traffic:
    """The figures of one server; `server` is its label, "dns://:53" for example.

    `fast_seconds` is how long an answer from the table takes, which is sampled elsewhere: such answers are
    not timed one by one.
    """

    def __init__(self, server: str) -> None:
        self.server = server
        self.fast_seconds = 0.0
        self._zones: dict[str, _Zone] = {}

    def add(
        self,
        zone: str,
        kind: int,
        qtype: int,
        rcode: int,
        has_do: bool,
        received: int,
        sent: int,
        seconds: float | None,
        number: int = 1,
    ) -> None:
        """Count queries of one sort and their responses. Sizes are octets; `seconds` None: a fast answer."""
        figures = self._zones.get(zone)
        if figures is None:
            figures = self._zones[zone] = _Zone()
        proto = _PROTO[kind]
        figures.requests[kind, qtype] += number
        figures.rcodes[rcode] += number
        figures.received[proto].add(received, number)
        figures.sent[proto].add(sent, number)
        if has_do:
            figures.with_do += number
        figures.seconds.add(self.fast_seconds if seconds is None else seconds, number)

    def measure(self) -> Iterator[Family | Histogram]:
        """Yield the families under CoreDNS's names."""
        zones = [((self.server, zone, ""), figures) for zone, figures in self._zones.items()]
        requests: Counter[tuple[str, ...]] = Counter()
        for labels, figures in zones:
            for (kind, qtype), number in figures.requests.items():
                requests[(*labels, _PROTO[kind], _FAMILY[kind], _type_label(qtype))] += number
        yield Family(
            "counter",
            "coredns_dns_requests_total",
            "Counter of DNS requests made per zone, protocol and family.",
            ("server", "zone", "view", "proto", "family", "type"),
            list(requests.items()),
        )
        yield Family(
            "counter",
            "coredns_dns_do_requests_total",
            "Counter of DNS requests with DO bit set per zone.",
            ("server", "zone", "view"),
            [(labels, figures.with_do) for labels, figures in zones if figures.with_do],
        )
        yield Family(
            "counter",
            "coredns_dns_responses_total",
            "Counter of response status codes.",
            ("server", "zone", "view", "rcode", "plugin"),
            [
                ((*labels, codes.rcode_to_text(rcode), ""), number)
                for labels, figures in zones
                for rcode, number in figures.rcodes.items()
            ],
        )
        yield from self._histograms(zones)

    def _histograms(self, zones: Sequence[tuple[tuple[str, ...], _Zone]]) -> Iterator[Histogram]:
        durations = [(labels, figures.seconds) for labels, figures in zones]
        yield Histogram(
            "coredns_dns_request_duration_seconds",
            "Histogram of the time (in seconds) each request took per zone.",
            ("server", "zone", "view"),
            DURATION_BOUNDS,
            [(labels, list(each.counts), each.total) for labels, each in durations],
        )
        for name, help_text, which in (
            (
                "request",
                "Size of the EDNS0 UDP buffer in bytes (64K for TCP) per zone and protocol.",
                "received",
            ),
            ("response", "Size of the returned response in bytes.", "sent"),
        ):
            yield Histogram(
                f"coredns_dns_{name}_size_bytes",
                help_text,
                ("server", "zone", "view", "proto"),
                SIZE_BOUNDS,
                [
                    ((*labels, proto), each.counts, each.total)
                    for labels, figures in zones
                    for proto, each in getattr(figures, which).items()
                    if any(each.counts)
                ],
            )


def _type_label(qtype: int) -> str:
    text = codes.type_to_text(qtype)
    return text if text in _TYPES else "other"
