"""kdns.sources.api.health and .measures: what is known about a resource, as Prometheus reads it."""

import time
from collections import Counter

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from kdns.observability.metrics import Metrics
from kdns.sources.api.health import Health
from kdns.sources.api.measures import measure

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scrape(*healths: Health) -> Samples:
    """Return every sample of a scrape, as prometheus_client's parser reads them."""
    page = Metrics(lambda: measure(healths)).page().decode()
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
