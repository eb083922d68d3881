"""A page of metrics as values, in a form that can be compared and written down.

It is read by Prometheus' own parser for Python; what that forgives is looked at here.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

Value = str | float | None
"""A number; of a histogram how many are in each bucket that is not empty, as `100:3 200:1`.

None stands for what is another value every time.
"""

_SUFFIXES = {"histogram": {"_bucket", "_sum", "_count"}}


@dataclass
class Family:
    """One metric. `values` are by labels, as `proto=udp zone=.`: those that are empty are left out."""

    kind: str
    help: str
    labels: list[str]
    buckets: list[str] = field(default_factory=list)
    values: dict[str, Value] = field(default_factory=dict)


def families(page: str) -> dict[str, Family]:
    """Return the families of a page by name, those of counters with `_total`; what Go adds is left out.

    AssertionError for a page that is not as the format asks for.
    """
    comments = [line.split(" ", 3) for line in page.splitlines() if line.startswith("# ")]
    for (what, name), number in Counter((what, name) for _, what, name, _ in comments).items():
        assert number == 1, f"{name} has {number} lines {what}"
    found: dict[str, Family] = {}
    for metric in text_string_to_metric_families(page):
        name = metric.name + ("_total" if metric.type == "counter" else "")
        assert name not in found, f"{name} is there twice"
        if not name.startswith("go_"):
            found[name] = _family(name, metric)
    for what in ("HELP", "TYPE"):
        told = {name for _, each, name, _ in comments if each == what and not name.startswith("go_")}
        assert told == found.keys(), f"not all have samples and {what}: {told ^ found.keys()}"
    return found


def _family(name: str, metric: Metric) -> Family:
    samples = [(each.name.removeprefix(name), each.labels, each.value) for each in metric.samples]
    assert {suffix for suffix, _, _ in samples} == _SUFFIXES.get(metric.type, {""}), name
    told = Counter((suffix, tuple(labels.items())) for suffix, labels, _ in samples)
    assert max(told.values()) == 1, f"{name} has the same labels twice"
    names = {label for _, labels, _ in samples for label in labels if label != "le"}
    family = Family(metric.type, metric.documentation, sorted(names))
    for text, group in groupby(samples, lambda sample: _text(sample[1])):
        assert text not in family.values, f"samples of {name} stand apart"
        if metric.type == "histogram":
            family.buckets, family.values[text] = _distribution(name, list(group))
        else:
            family.values[text] = next(value for _, _, value in group)
    return family


def _text(labels: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(labels.items()) if name != "le" and value)


def _distribution(name: str, samples: Sequence[tuple[str, dict[str, str], float]]) -> tuple[list[str], str]:
    """Return the bounds of a histogram as they are written, and its value."""
    buckets = [(labels["le"], int(value)) for suffix, labels, value in samples if suffix == "_bucket"]
    bounds, numbers = (list(each) for each in zip(*buckets, strict=True))
    assert sorted(bounds, key=float) == bounds, f"the buckets of {name} are {bounds}"
    assert sorted(numbers) == numbers, f"the buckets of {name} hold {numbers}"
    assert [value for suffix, _, value in samples if suffix == "_count"] == [numbers[-1]], name
    assert bounds[-1] == "+Inf", name
    return bounds, " ".join(_filled(bounds, numbers))


def _filled(bounds: Sequence[str], numbers: Sequence[int]) -> Iterator[str]:
    for bound, below, number in zip(bounds, (0, *numbers), numbers, strict=False):
        if number > below:
            yield f"{bound}:{number - below}"


def total(value: Value) -> float:
    """Return how many are in a histogram."""
    return sum(float(bucket.rpartition(":")[2]) for bucket in str(value).split())
