"""kdns.observability.exposition: the text format, read back by Prometheus' own parser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families as parse

from kdns.measures import Family, Histogram
from kdns.observability.exposition import lines_of

_texts = st.text(max_size=10)
_values = st.floats(0, 1e18) | st.integers(0, 10**9)


def samples_of(family: Family | Histogram) -> list[tuple[str, dict[str, str], float]]:
    return [
        (sample.name, sample.labels, sample.value)
        for read in parse("".join(lines_of(family)))
        for sample in read.samples
    ]


@given(
    kind=st.sampled_from(["counter", "gauge"]),
    samples=st.dictionaries(st.tuples(_texts, _texts), _values, max_size=4),
    help_text=_texts,
)
def test_any_family_is_read_back(kind: str, samples: dict[tuple[str, ...], float], help_text: str) -> None:
    name = "kdns_things_total" if kind == "counter" else "kdns_things"
    family = Family(kind, name, help_text, ("b", "a"), list(samples.items()))
    assert samples_of(family) == [(name, {"a": a, "b": b}, value) for (b, a), value in samples.items()]


@given(st.lists(st.integers(0, 1000), min_size=4, max_size=4), _values)
def test_a_histogram_is_cumulative_and_whole(counts: list[int], total: float) -> None:
    histogram = Histogram("kdns_time", "Time.", ("k",), (0.5, 1.0, 2.0), [(("x",), counts, total)])
    assert samples_of(histogram) == [
        *(
            ("kdns_time_bucket", {"k": "x", "le": le}, sum(counts[: index + 1]))
            for index, le in enumerate(("0.5", "1", "2", "+Inf"))
        ),
        ("kdns_time_sum", {"k": "x"}, total),
        ("kdns_time_count", {"k": "x"}, sum(counts)),
    ]


TEXTS = {
    "labels in the order of their names": (
        Family("counter", "a_total", "A.", ("zones", "server"), [((".", "dns://:53"), 2)]),
        '# HELP a_total A.\n# TYPE a_total counter\na_total{server="dns://:53",zones="."} 2\n',
    ),
    "no labels": (
        Family("gauge", "a", "A.", (), [((), 1.5)]),
        "# HELP a A.\n# TYPE a gauge\na 1.5\n",
    ),
    "a counter without the usual end": (
        Family("counter", "a_count", "A.", (), [((), 0.0)]),
        "# HELP a_count A.\n# TYPE a_count counter\na_count 0\n",
    ),
    "what has to be escaped": (
        Family("gauge", "a", 'A\n\\"', ("l",), [(('"\\\n',), 1)]),
        '# HELP a A\\n\\\\"\n# TYPE a gauge\na{l="\\"\\\\\\n"} 1\n',
    ),
    "bounds as Go writes them": (
        Histogram("a", "A.", (), (0, 0.00025, 8.192, 16e3), [((), (1, 0, 0, 0, 2), 3.0)]),
        "# HELP a A.\n# TYPE a histogram\n"
        'a_bucket{le="0"} 1\na_bucket{le="0.00025"} 1\na_bucket{le="8.192"} 1\na_bucket{le="16000"} 1\n'
        'a_bucket{le="+Inf"} 3\na_sum 3\na_count 3\n',
    ),
    "no samples": (Family("counter", "a_total", "A.", ("l",), []), ""),
    "no samples of a histogram": (Histogram("a", "A.", (), (), []), ""),
}


@pytest.mark.parametrize(("family", "text"), TEXTS.values(), ids=TEXTS)
def test_a_family_is_written_as_coredns_writes_it(family: Family | Histogram, text: str) -> None:
    assert "".join(lines_of(family)) == text


@pytest.mark.parametrize(
    "family",
    [
        Family("sum", "a", "A.", (), []),
        Family("gauge", "a", "A.", ("l",), [((), 1)]),
        Family("gauge", "a", "A.", ("l",), [(("x", "y"), 1)]),
        Histogram("a", "A.", (), (1, 2), [((), (1, 2), 0)]),
    ],
)
def test_what_is_no_family_is_a_defect(family: Family | Histogram) -> None:
    with pytest.raises(ValueError):
        list(lines_of(family))
