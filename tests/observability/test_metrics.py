"""kdns.observability.metrics: one family of each name, asked anew at each scrape."""

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from kdns.measures import Family, Histogram
from kdns.observability.metrics import CONTENT_TYPE, Metrics, merged

BOUNDS = (0.1, 1.0)


def counter(*samples: tuple[tuple[str, ...], float], help: str = "A.", name: str = "a_total") -> Family:
    return Family("counter", name, help, ("server",), samples)


def gauge(*samples: tuple[tuple[str, ...], float]) -> Family:
    return Family("gauge", "a", "A.", ("server",), samples)


def histogram(*samples: tuple[tuple[str, ...], tuple[int, ...], float]) -> Histogram:
    return Histogram("a", "A.", ("server",), BOUNDS, samples)


X, Y = ("x",), ("y",)

MERGED: dict[str, tuple[list[Family | Histogram], list[Family | Histogram]]] = {
    "nothing": ([], []),
    "counters add up where their labels are the same": (
        [counter((X, 1), (Y, 2)), counter((Y, 3))],
        [counter((X, 1), (Y, 5))],
    ),
    "histograms, too": (
        [histogram((X, (1, 2, 3), 0.5)), histogram((Y, (1, 1, 1), 1), (X, (1, 0, 4), 0.25))],
        [histogram((X, (2, 2, 7), 0.75), (Y, (1, 1, 1), 1))],
    ),
    "of gauges the largest stays": ([gauge((X, 3)), gauge((X, 2), (Y, 1))], [gauge((X, 3), (Y, 1))]),
    "one family may say the same twice": ([counter((X, 1), (X, 1))], [counter((X, 2))]),
    "the help text is that of the first": (
        [counter(help="First."), counter(help="Second.")],
        [counter(help="First.")],
    ),
    "families come in the order of their names": (
        [counter(name="b_total"), counter(name="a_total"), counter(name="b_total")],
        [counter(name="a_total"), counter(name="b_total")],
    ),
}


@pytest.mark.parametrize(("families", "whole"), MERGED.values(), ids=MERGED)
def test_families_of_one_name_are_put_together(
    families: list[Family | Histogram], whole: list[Family | Histogram]
) -> None:
    assert list(map(_plain, merged(families))) == list(map(_plain, whole))


def _plain(family: Family | Histogram) -> Family | Histogram:
    """Return a family with its samples in tuples."""
    if isinstance(family, Family):
        return family._replace(samples=tuple(family.samples))
    return family._replace(samples=tuple((labels, tuple(counts), x) for labels, counts, x in family.samples))


@pytest.mark.parametrize(
    "other",
    [
        Family("counter", "a", "A.", ("server",), []),
        Family("gauge", "a", "A.", (), []),
        Family("gauge", "a", "A.", ("zone",), []),
        Histogram("a", "A.", ("server",), BOUNDS, []),
    ],
)
def test_two_shapes_of_one_name_are_a_defect(other: Family | Histogram) -> None:
    with pytest.raises(ValueError, match="a has two shapes"):
        merged([gauge(), other])


def test_histograms_with_other_bounds_are_a_defect() -> None:
    with pytest.raises(ValueError, match="a has two shapes"):
        merged([histogram(), histogram()._replace(bounds=(0.2, 1.0))])


def test_what_was_measured_is_left_as_it_was() -> None:
    first, second = [1, 2, 3], [1, 1, 1]
    merged([histogram((X, first, 1.0)), histogram((X, second, 1.0))])  # type: ignore[arg-type]
    assert (first, second) == ([1, 2, 3], [1, 1, 1])


def test_each_scrape_asks_anew() -> None:
    values = iter([1.0, 2.0])
    metrics = Metrics(lambda: [gauge((X, next(values)))])
    assert [b'a{server="x"} 1\n' in metrics.page(), b'a{server="x"} 2\n' in metrics.page()] == [True, True]


def test_the_page_is_prometheus_text_with_the_process_beside_it() -> None:
    page = Metrics(lambda: [counter((X, 1)), histogram((X, (1, 2, 3), 0.5))]).page().decode()
    names = {sample.name for family in parse(page) for sample in family.samples}
    assert {"a_total", "a_bucket", "a_sum", "a_count", "process_resident_memory_bytes"} <= names
    assert not [name for name in names if name.endswith("_created")]
    assert CONTENT_TYPE.startswith("text/plain; version=0.0.4")
