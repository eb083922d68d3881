"""kdns.sources.api.meter: CoreDNS's metrics of its API client, as Prometheus reads them."""

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from kdns.observability.metrics import Metrics
from kdns.sources.api.meter import Meter

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]

PREFIX = "coredns_kubernetes_"
PROGRAMMING = f"{PREFIX}dns_programming_duration_seconds"
HOST = "10.96.0.1:443"


def scrape(meter: Meter) -> Samples:
    """Return every sample of a scrape, as prometheus_client's parser reads them."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parse(Metrics(meter.measure).page().decode())
        for sample in family.samples
        if sample.name.startswith(PREFIX)
    }


def named(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


def buckets(samples: Samples, name: str, **labels: str) -> dict[float, float]:
    """Return the cumulative counts by their upper bounds."""
    return {
        float(dict(found)["le"]): value
        for (each, found), value in samples.items()
        if each == f"{name}_bucket" and labels.items() <= dict(found).items()
    }


def test_without_an_api_server_there_is_nothing_to_tell() -> None:
    assert scrape(Meter()) == {}


def test_requests_are_counted_by_status_and_host() -> None:
    meter = Meter()
    for code in (200, 200, 410, None):
        meter.answered(HOST, code)
    samples, name = scrape(meter), f"{PREFIX}rest_client_requests_total"
    for code, count in (("200", 2), ("410", 1), ("<error>", 1)):
        assert named(samples, name, code=code, method="GET", host=HOST) == count


@pytest.mark.parametrize("kind", ["request", "rate_limiter"])
def test_durations_have_prometheus_default_buckets(kind: str) -> None:
    meter, name = Meter(), f"{PREFIX}rest_client_{kind}_duration_seconds"
    for seconds in (0.001, 0.02, 3.0, 11.0):
        {"request": meter.requested, "rate_limiter": meter.waited}[kind](HOST, seconds)
    samples = scrape(meter)
    found = buckets(samples, name, verb="GET", host=HOST)
    assert sorted(found) == [
        *(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
        float("inf"),
    ]
    assert (found[0.005], found[0.025], found[5.0], found[10.0], found[float("inf")]) == (1, 2, 3, 3, 4)
    assert named(samples, f"{name}_sum", verb="GET", host=HOST) == pytest.approx(14.021)


def test_the_time_to_program_has_coredns_s_name_label_and_twenty_buckets() -> None:
    meter = Meter()
    for seconds in (-1.0, 0.0005, 0.001, 0.0011, 0.5, 600.0):
        meter.programmed("cluster_ip", seconds)
    meter.programmed("headless_with_selector", 1.0)
    samples = scrape(meter)
    found = buckets(samples, PROGRAMMING, service_kind="cluster_ip")
    bounds = sorted(found)
    assert bounds == [*(0.001 * 2**power for power in range(20)), float("inf")]
    assert [found[bound] for bound in bounds[:3]] == [3, 4, 4]
    assert (found[0.256], found[0.512], found[524.288], found[float("inf")]) == (4, 5, 5, 6)
    assert named(samples, f"{PROGRAMMING}_count", service_kind="cluster_ip") == 6
    assert named(samples, f"{PROGRAMMING}_sum", service_kind="cluster_ip") == pytest.approx(599.5026)
    assert named(samples, f"{PROGRAMMING}_count", service_kind="headless_with_selector") == 1


def test_the_bounds_are_spelled_as_go_spells_them() -> None:
    meter = Meter()
    meter.programmed("cluster_ip", 1.0)
    page = Metrics(meter.measure).page().decode()
    for bound in ("0.001", "65.536", "524.288", "+Inf"):
        assert f'le="{bound}"' in page
