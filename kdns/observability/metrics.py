"""The page of a scrape: families put together by their names, with those of the process beside them."""

from collections.abc import Callable, Iterable, Sequence
from operator import add
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

from kdns.measures import Family, Histogram
from kdns.observability.exposition import lines_of

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Measure = Callable[[], Iterable[Family | Histogram]]
_Labels = tuple[str, ...]


class Metrics:
    """Everything that `measure` gives, asked anew at each scrape."""

    def __init__(self, measure: Measure) -> None:
        self._measure = measure
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)

    def page(self) -> bytes:
        """Return the page of a scrape. Raises ValueError for families that do not fit together."""
        lines = [line for family in merged(self._measure()) for line in lines_of(family)]
        return "".join(lines).encode() + generate_latest(self._process)


def merged(families: Iterable[Family | Histogram]) -> list[Family | Histogram]:
    """Return one family of each name, in the order of the names, with the help text of the first.

    Samples of the same labels are one: counters and histograms add up; of gauges the largest stays, as the
    sum of two timestamps is none. Raises ValueError where two of one name are of different shapes.
    """
    by_name: dict[str, list[Family | Histogram]] = {}
    for family in families:
        by_name.setdefault(family.name, []).append(family)
    return [_one(by_name[name]) for name in sorted(by_name)]


def _one(same: Sequence[Any]) -> Family | Histogram:
    first = same[0]
    for other in same[1:]:
        if _shape(other) != _shape(first):
            raise ValueError(f"{first.name} has two shapes: {_shape(first)} and {_shape(other)}")
    if isinstance(first, Histogram):
        return first._replace(samples=_summed(same))
    family: Family = first
    return family._replace(samples=_combined(same, max if family.kind == "gauge" else add))


def _shape(family: Family | Histogram) -> tuple[object, ...]:
    if isinstance(family, Histogram):
        return "histogram", tuple(family.labels), tuple(family.bounds)
    return family.kind, tuple(family.labels)


def _combined(
    same: Sequence[Family], combine: Callable[[float, float], float]
) -> list[tuple[_Labels, float]]:
    values: dict[_Labels, float] = {}
    for family in same:
        for labels, value in family.samples:
            values[labels] = combine(values[labels], value) if labels in values else value
    return list(values.items())


def _summed(same: Sequence[Histogram]) -> list[tuple[_Labels, Sequence[int], float]]:
    sums: dict[_Labels, tuple[Sequence[int], float]] = {}
    for histogram in same:
        for labels, counts, total in histogram.samples:
            if labels in sums:
                before, total_before = sums[labels]
                counts = [a + b for a, b in zip(before, counts, strict=True)]
                total += total_before
            sums[labels] = counts, total
    return [(labels, counts, total) for labels, (counts, total) in sums.items()]
