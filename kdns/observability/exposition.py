"""Families in Prometheus' text format, version 0.0.4, with labels and numbers written as CoreDNS writes them.

The bounds of buckets are the reason: they are label values, and queries compare those as text.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

from kdns.measures import Family, Histogram

_KINDS = frozenset({"counter", "gauge", "histogram"})
_IN_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})
_IN_LABEL = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


def lines_of(family: Family | Histogram) -> Iterator[str]:
    """Yield the lines of a family; none if it has no samples. Raises ValueError for what is no family."""
    kind = "histogram" if isinstance(family, Histogram) else family.kind
    if kind not in _KINDS:
        raise ValueError(f"{family.name} is a {kind!r}, which is no kind of family")
    if family.samples:
        yield f"# HELP {family.name} {family.help.translate(_IN_HELP)}\n"
        yield f"# TYPE {family.name} {kind}\n"
        yield from _buckets(family) if isinstance(family, Histogram) else _values(family)


def _values(family: Family) -> Iterator[str]:
    name, pairs_of = family.name, _pairs_of(family.labels)
    for values, value in family.samples:
        pairs = pairs_of(values)
        yield f"{name}{{{pairs}}} {_number(value)}\n" if pairs else f"{name} {_number(value)}\n"


def _buckets(histogram: Histogram) -> Iterator[str]:
    name, pairs_of = histogram.name, _pairs_of(histogram.labels)
    ends = [f'le="{_number(bound)}"}}' for bound in histogram.bounds] + ['le="+Inf"}']
    for values, counts, total in histogram.samples:
        pairs = pairs_of(values)
        start = f"{name}_bucket{{{pairs}," if pairs else f"{name}_bucket{{"
        labels = f"{{{pairs}}}" if pairs else ""
        for end, count in zip(ends, accumulate(counts), strict=True):
            yield f"{start}{end} {count}\n"
        yield f"{name}_sum{labels} {_number(total)}\n"
        yield f"{name}_count{labels} {sum(counts)}\n"


def _pairs_of(labels: Sequence[str]) -> Callable[[Sequence[str]], str]:
    """Return what writes label values as name="value",... in the order of the names."""
    number = len(labels)
    order = sorted(range(number), key=lambda index: labels[index])
    template = ",".join(f'{labels[index]}="%s"' for index in order)

    def write(values: Sequence[str]) -> str:
        if len(values) != number:
            raise ValueError(f"label values {values} for {labels}")
        pairs = template % tuple([values[index] for index in order])
        if pairs.count('"') == 2 * number and "\\" not in pairs and "\n" not in pairs:
            return pairs
        return template % tuple([values[index].translate(_IN_LABEL) for index in order])

    return write


def _number(value: float) -> str:
    """Return a number without the ".0" that Go does not write either."""
    return repr(value).removesuffix(".0")
