"""The counters of groups and upstreams under CoreDNS's names, summed when a scrape asks for them.

Two groups may have the same upstream: its samples are then one, as its labels are.
"""

from collections.abc import Iterable, Iterator

from kdns.measures import Family, Histogram
from kdns.upstreams.counters import DURATION_BOUNDS, Durations
from kdns.upstreams.group import Group
from kdns.upstreams.upstream import Upstream
from kdns.wire.rcodes import mnemonic

_Labels = tuple[str, ...]


def measure(groups: Iterable[Group], proxy_name: str = "forward") -> Iterator[Family | Histogram]:
    """Yield what these groups have counted; `proxy_name` is the plugin they belong to."""
    groups = list(groups)
    upstreams = [(proxy_name, upstream) for group in groups for upstream in group.upstreams]
    yield _counter(
        "coredns_forward_healthcheck_broken_total",
        "Counter of the number of complete failures of the healthchecks.",
        (),
        [((), sum(group.broken for group in groups))],
    )
    yield _counter(
        "coredns_forward_max_concurrent_rejects_total",
        "Counter of the number of queries rejected because the concurrent queries were at maximum.",
        (),
        [((), sum(group.rejected for group in groups))],
    )
    yield _durations(upstreams)
    yield _counter(
        "coredns_proxy_healthcheck_failures_total",
        "Counter of the number of failed healthchecks.",
        ("proxy_name", "to"),
        [((name, str(each.address)), each.counters.failed_probes) for name, each in upstreams],
    )
    for what in ("hits", "misses"):
        yield _counter(
            f"coredns_proxy_conn_cache_{what}_total",
            f"Counter of connection cache {what} per upstream and protocol.",
            ("proxy_name", "to", "proto"),
            [
                ((name, str(each.address), proto), getattr(sockets, what))
                for name, each in upstreams
                for proto, sockets in each.counters.sockets.items()
            ],
        )


def _counter(name: str, help: str, labels: _Labels, values: Iterable[tuple[_Labels, int]]) -> Family:
    sums: dict[_Labels, float] = {}
    for key, value in values:
        # CoreDNS shows a child with labels once it has counted.
        if value or not labels:
            sums[key] = sums.get(key, 0) + value
    return Family("counter", name, help, labels, list(sums.items()))


def _durations(upstreams: Iterable[tuple[str, Upstream]]) -> Histogram:
    sums: dict[_Labels, Durations] = {}
    for name, upstream in upstreams:
        for rcode, durations in upstream.counters.durations.items():
            total = sums.setdefault((name, str(upstream.address), mnemonic(rcode)), Durations())
            total.counts = [a + b for a, b in zip(total.counts, durations.counts, strict=True)]
            total.total += durations.total
    return Histogram(
        "coredns_proxy_request_duration_seconds",
        "Histogram of the time each request took.",
        ("proxy_name", "to", "rcode"),
        DURATION_BOUNDS,
        [(labels, durations.counts, durations.total) for labels, durations in sums.items()],
    )
