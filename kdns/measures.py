"""What can be measured, as values: families of samples. How they are shown is `observability`'s."""

from collections.abc import Sequence
from typing import NamedTuple


class Family(NamedTuple):
    """Counters or gauges of one name: `samples` are (label values, value). `kind` is "counter" or "gauge"."""

    kind: str
    name: str
    help: str
    labels: tuple[str, ...]
    samples: Sequence[tuple[tuple[str, ...], float]]


class Histogram(NamedTuple):
    """Histograms of one name. A sample is (label values, counts, sum): a count for each upper bound, not
    cumulative, and one for what is beyond them all."""

    name: str
    help: str
    labels: tuple[str, ...]
    bounds: Sequence[float]
    samples: Sequence[tuple[tuple[str, ...], Sequence[int], float]]
