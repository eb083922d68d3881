"""A page of metrics as values, in a form that can be compared and written down.

It is read by Prometheus' own parser for Python; what that forgives is looked at before.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

_SUFFIXES = {"histogram": ("_bucket", "_sum", "_count")}


@dataclass
class Family:
    """One metric. `values` are by labels, as `proto=udp zone=.`, those without a value left out.

    A histogram's value is how many are in each bucket that is not empty, as `100:3 200:1`, or only their
    number. None is a value that nobody recorded.
    """

    kind: str
    help: str
    labels: list[str]
    buckets: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)


def families(page: str) -> dict[str, Family]:
    """Return the families of a page by name, those of counters with `_total`; no summaries, which Go alone has.

    AssertionError for a page that is not as the format asks for.
    """
    for name, number in _headed(page).items():
        assert number == {"HELP": 1, "TYPE": 1}, f"{name} has {number}"
    found: dict[str, Family] = {}
    for metric in text_string_to_metric_families(page):
        if metric.type == "summary":
            continue
        name = metric.name + ("_total" if metric.type == "counter" else "")
        assert name not in found, f"{name} is there twice"
        found[name] = _family(name, metric)
    in_order = [name for name in _names(page) if name in found]
    assert in_order == list(found), "samples stand apart from their family"
    return found


def _headed(page: str) -> dict[str, dict[str, int]]:
    """Count the HELP and TYPE lines of each family."""
    numbers: dict[str, dict[str, int]] = {}
    for line in page.splitlines():
        if line.startswith("# "):
            _, what, name, _ = line.split(" ", 3)
            of_name = numbers.setdefault(name, {})
            of_name[what] = of_name.get(what, 0) + 1
    return numbers


def _names(page: str) -> Iterator[str]:
    """Yield the families as HELP lines name them."""
    return (line.split(" ", 3)[2] for line in page.splitlines() if line.startswith("# HELP "))


def _family(name: str, metric: Metric) -> Family:
    samples = [(each.name.removeprefix(name), each.labels, each.value) for each in metric.samples]
    assert {suffix for suffix, _, _ in samples} == {*_SUFFIXES.get(metric.type, ("",))}, name
    told = [(suffix, tuple(sorted(labels.items()))) for suffix, labels, _ in samples]
    assert len(told) == len(set(told)), f"{name} has the same labels twice"
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


def _distribution(name: str, samples: list[tuple[str, dict[str, str], float]]) -> tuple[list[str], str]:
    """Return the bounds of a histogram as text, and its value."""
    buckets = [(labels["le"], int(value)) for suffix, labels, value in samples if suffix == "_bucket"]
    (count,) = (value for suffix, _, value in samples if suffix == "_count")
    bounds, numbers = zip(*buckets, strict=True)
    assert list(map(float, bounds)) == sorted(map(float, bounds)), f"{name}: {bounds}"
    assert list(numbers) == sorted(numbers), f"{name}: {numbers} do not add up"
    assert buckets[-1] == ("+Inf", count), f"{name}: the last bucket is not all"
    between = zip(bounds, numbers, (0, *numbers), strict=False)
    return list(bounds), " ".join(f"{bound}:{high - low}" for bound, high, low in between if high > low)
