"""What is compared of the metrics of two servers, and what is recorded of CoreDNS's, as YAML."""

import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.beside.exposed import Family, total
from tests.beside.measuring import Measured

RECORDED = Path(__file__).with_name("coredns-metrics.yaml")

START, LATER, ELSEWHERE = "start", "later", "elsewhere"
"""When a family appears: before anything is asked, afterwards, or not here, but CoreDNS has it."""

BY_CHANCE = (
    "coredns_health_request_duration_seconds",
    "coredns_proxy_healthcheck_failures_total",
    "process_*",
)
"""Their values are others every time."""

ONLY_COUNTED = "*_duration_seconds"
"""How long it took is chance; how many there were is not."""

NOTHING = "nothing"

SUMMED = {"coredns_dns_responses_total": "plugin"}
"""A label that kdns leaves empty. CoreDNS names the plugin behind `prometheus`, whichever answered."""


class Fact(NamedTuple):
    """What is compared of a family."""

    family: Family
    appears: str


Facts = dict[str, Fact]


class Difference(NamedTuple):
    """`what` is "absent" from kdns, "beyond" CoreDNS, or of another "shape" or "value"."""

    what: str
    name: str
    labels: str = ""
    theirs: object = None
    ours: object = None


def facts(measured: Measured) -> Facts:
    """Return what can be compared of a server's pages."""
    return {
        name: Fact(
            replace(family, values=_determined(name, family)), START if name in measured.before else LATER
        )
        for name, family in measured.after.items()
    }


def _determined(name: str, family: Family) -> dict[str, Any]:
    if any(fnmatch(name, pattern) for pattern in BY_CHANCE):
        return dict.fromkeys(family.values)
    if fnmatch(name, ONLY_COUNTED):
        return {labels: total(value) for labels, value in family.values.items()}
    if name in SUMMED:
        sums: dict[str, Any] = {}
        for labels, value in family.values.items():
            rest = re.sub(rf"{SUMMED[name]}=\S* ?", "", labels)
            sums[rest] = sums.get(rest, 0) + value
        return sums
    return family.values


def differences(theirs: Facts, ours: Facts) -> Iterator[Difference]:
    for name in sorted(theirs.keys() | ours.keys()):
        there, here = theirs.get(name), ours.get(name)
        is_there = there is not None and there.appears != ELSEWHERE
        if is_there and here is None:
            yield Difference("absent", name)
        if here is not None and not is_there:
            yield Difference("beyond", name)
        if there is not None and here is not None:
            yield from _differences(name, there, here)


def _differences(name: str, theirs: Fact, ours: Fact) -> Iterator[Difference]:
    shapes = tuple(replace(each.family, values={}) for each in (theirs, ours))
    if shapes[0] != shapes[1]:
        yield Difference("shape", name, "", *shapes)
    if theirs.appears == ELSEWHERE:
        return
    if theirs.appears != ours.appears:
        yield Difference("shape", name, "", theirs.appears, ours.appears)
    there, here = theirs.family.values, ours.family.values
    for labels in sorted(there.keys() | here.keys()):
        values = there.get(labels, NOTHING), here.get(labels, NOTHING)
        if values[0] != values[1]:
            yield Difference("value", name, labels, *values)


def load() -> tuple[str, Facts]:
    """Return CoreDNS's version and what it is recorded to have, also what the course does not bring about."""
    tree = yaml.safe_load(RECORDED.read_text())
    return tree["version"], {name: _fact(**each) for name, each in tree["families"].items()}


def _fact(appears: str, labels: str = "", buckets: str = "", **others: Any) -> Fact:
    return Fact(Family(labels=labels.split(), buckets=buckets.split(), **others), appears)


def write(version: str, found: Facts) -> None:
    tree = {"version": version, "families": {name: _tree(*found[name]) for name in sorted(found)}}
    RECORDED.write_text(yaml.safe_dump(tree, width=110, sort_keys=False))


def _tree(family: Family, appears: str) -> dict[str, object]:
    tree = asdict(family) | {
        "appears": appears,
        "labels": " ".join(family.labels),
        "buckets": " ".join(family.buckets),
        "values": dict(sorted(family.values.items())),
    }
    return {key: value for key, value in tree.items() if value}
