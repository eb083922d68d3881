"""kdns.sources.api.health and .measures: what is known about a resource, as Prometheus reads it."""

import time
from collections import Counter

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from kdns.observability.metrics import Metrics
from kdns.sources.api.health import Health, Latency
from kdns.sources.api.measures import measure

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scrape(*healths: Health, latency: Latency | None = None) -> Samples:
    """Return every sample of a scrape, as prometheus_client's parser reads them."""
    page = Metrics(lambda: measure(healths, latency or Latency())).page().decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parse(page)
        for sample in family.samples
    }


def named(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


@pytest.mark.parametrize(
    ("health", "expected"),
    [
        (
            Health("services"),
            {
                "kdns_kubernetes_last_event_seconds": -1,
                "kdns_kubernetes_watch_connected": 0,
                "kdns_kubernetes_synced": 0,
                "kdns_kubernetes_stale": 0,
                "kdns_kubernetes_forbidden": 0,
                "kdns_kubernetes_not_understood_total": 0,
                "kdns_kubernetes_differences_total": 0,
            },
        ),
        (
            Health("services", is_connected=True, is_synced=True, not_understood=3, differences=4),
            {
                "kdns_kubernetes_watch_connected": 1,
                "kdns_kubernetes_synced": 1,
                "kdns_kubernetes_not_understood_total": 3,
                "kdns_kubernetes_differences_total": 4,
            },
        ),
        (
            Health("services", is_forbidden=True, is_stale=True),
            {"kdns_kubernetes_stale": 1, "kdns_kubernetes_forbidden": 1},
        ),
    ],
)
def test_a_resource_is_told_by_gauges_and_counters(health: Health, expected: dict[str, float]) -> None:
    samples = scrape(health)
    for name, value in expected.items():
        assert named(samples, name, resource="services") == value


def test_counts_have_their_type_or_reason_beside_the_resource() -> None:
    services = Health("services", events=Counter(ADDED=5, BOOKMARK=1), relists=Counter(start=1, expired=2))
    pods = Health("pods", failures=Counter(forbidden=7))
    samples = scrape(services, pods)
    for name, labels, value in (
        ("events", {"type": "ADDED"}, 5),
        ("events", {"type": "BOOKMARK"}, 1),
        ("relists", {"reason": "expired"}, 2),
    ):
        assert named(samples, f"kdns_kubernetes_{name}_total", resource="services", **labels) == value
    assert named(samples, "kdns_kubernetes_failures_total", resource="pods", reason="forbidden") == 7
    assert named(samples, "kdns_kubernetes_synced", resource="pods") == 0


def test_the_age_of_what_was_heard_grows() -> None:
    health = Health("services")
    health.hear()
    first = named(scrape(health), "kdns_kubernetes_last_event_seconds", resource="services")
    time.sleep(0.01)
    assert 0 <= first < named(scrape(health), "kdns_kubernetes_last_event_seconds", resource="services")


PROGRAMMING = "coredns_kubernetes_dns_programming_duration_seconds"


def test_the_time_to_program_has_coredns_s_name_label_and_twenty_buckets() -> None:
    latency = Latency()
    for seconds in (-1.0, 0.0005, 0.001, 0.0011, 0.5, 600.0):
        latency.observe("cluster_ip", seconds)
    latency.observe("headless_with_selector", 1.0)
    samples = scrape(latency=latency)
    buckets = {
        float(dict(labels)["le"]): value
        for (name, labels), value in samples.items()
        if name == f"{PROGRAMMING}_bucket" and ("service_kind", "cluster_ip") in labels
    }
    bounds = sorted(buckets)
    assert bounds == [*(0.001 * 2**power for power in range(20)), float("inf")]
    assert [buckets[bound] for bound in bounds[:3]] == [3, 4, 4]
    assert (buckets[0.256], buckets[0.512], buckets[524.288], buckets[float("inf")]) == (4, 5, 5, 6)
    assert named(samples, f"{PROGRAMMING}_count", service_kind="cluster_ip") == 6
    assert named(samples, f"{PROGRAMMING}_sum", service_kind="cluster_ip") == pytest.approx(599.5026)
    assert named(samples, f"{PROGRAMMING}_count", service_kind="headless_with_selector") == 1


def test_the_bounds_are_spelled_as_go_spells_them() -> None:
    latency = Latency()
    latency.observe("cluster_ip", 1.0)
    page = Metrics(lambda: measure([], latency)).page().decode()
    assert f'{PROGRAMMING}_bucket{{le="0.001",service_kind="cluster_ip"}} 0.0' in page
    assert 'le="65.536"' in page
    assert 'le="524.288"' in page
