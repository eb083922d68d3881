import pytest
from prometheus_client.parser import text_string_to_metric_families

from kdns.measures import Family, Histogram
from kdns.observability.metrics import Metrics
from kdns.upstreams.counters import DURATION_BOUNDS
from kdns.upstreams.group import Group
from kdns.upstreams.metrics import measure
from kdns.upstreams.options import Address
from kdns.upstreams.upstream import Upstream


def group_with(rcode: int, seconds: float) -> Group:
    group = Group([Upstream(Address("192.0.2.1"))])
    upstream = group.upstreams[0]
    upstream.counters.answered(rcode, seconds)
    upstream.counters.sockets["udp"].hits = 3
    upstream.counters.sockets["tcp"].misses = 1
    upstream.counters.failed_probes = 2
    group.rejected = 1
    return group


def test_names_labels_and_buckets_are_coredns() -> None:
    measured = list(measure([group_with(0, 0.001)]))
    assert {each.name: each.labels for each in measured} == {
        "coredns_forward_healthcheck_broken_total": (),
        "coredns_forward_max_concurrent_rejects_total": (),
        "coredns_proxy_request_duration_seconds": ("proxy_name", "to", "rcode"),
        "coredns_proxy_healthcheck_failures_total": ("proxy_name", "to"),
        "coredns_proxy_conn_cache_hits_total": ("proxy_name", "to", "proto"),
        "coredns_proxy_conn_cache_misses_total": ("proxy_name", "to", "proto"),
    }
    assert (DURATION_BOUNDS[0], DURATION_BOUNDS[-1], len(DURATION_BOUNDS)) == (0.00025, 8.192, 16)


def test_an_upstream_of_two_groups_has_one_sample() -> None:
    measured = {each.name: each for each in measure([group_with(0, 0.001), group_with(0, 99.0)])}
    hits = measured["coredns_proxy_conn_cache_hits_total"]
    assert isinstance(hits, Family) and hits.samples == [(("forward", "192.0.2.1:53", "udp"), 6)]
    durations = measured["coredns_proxy_request_duration_seconds"]
    assert isinstance(durations, Histogram)
    ((labels, counts, total),) = durations.samples
    assert labels == ("forward", "192.0.2.1:53", "NOERROR")
    assert (counts[2], counts[-1], sum(counts), total) == (1, 1, 2, pytest.approx(99.001))


def test_the_page_shows_them() -> None:
    groups = [group_with(3, 0.0001), group_with(11, 0.3), group_with(12, 0.3)]
    page = Metrics(lambda: measure(groups)).page().decode()
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    values = {(name, frozenset(labels.values())): value for name, labels, value, *_ in samples}

    def value(name: str, *labels: str) -> float:
        return values[f"coredns_{name}", frozenset(labels)]

    upstream = ("192.0.2.1:53", "forward")
    assert value("forward_max_concurrent_rejects_total") == 3
    assert value("proxy_healthcheck_failures_total", *upstream) == 6
    assert value("proxy_request_duration_seconds_bucket", "0.00025", *upstream, "NXDOMAIN") == 1
    for rcode in ("NXDOMAIN", "DSOTYPENI", "12"):
        assert value("proxy_request_duration_seconds_count", *upstream, rcode) == 1
