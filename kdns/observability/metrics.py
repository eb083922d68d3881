"""Families of samples in Prometheus' text format, with those of the process beside them."""

from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from kdns.measures import Family, Histogram

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Measure = Callable[[], Iterable[Family | Histogram]]

_METRICS: dict[str, type[CounterMetricFamily] | type[GaugeMetricFamily]] = {
    "counter": CounterMetricFamily,
    "gauge": GaugeMetricFamily,
}


class Metrics(Collector):
    """Everything that `measure` gives, asked anew at each scrape."""

    def __init__(self, measure: Measure) -> None:
        self._measure = measure
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def page(self) -> bytes:
        """Return the page of a scrape."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        for family in self._measure():
            yield _histogram(family) if isinstance(family, Histogram) else _metric(family)


def _metric(family: Family) -> Metric:
    metric = _METRICS[family.kind](family.name, family.help, labels=family.labels)
    for values, value in family.samples:
        metric.add_metric(values, value)
    return metric


def _histogram(family: Histogram) -> Metric:
    metric = HistogramMetricFamily(family.name, family.help, labels=family.labels)
    bounds = [*map(str, family.bounds), "+Inf"]
    for values, counts, total in family.samples:
        metric.add_metric(values, list(zip(bounds, accumulate(counts), strict=True)), total)
    return metric
