"""kdns.observability.metrics: families come out in Prometheus' text format, asked anew at each scrape."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families as parse

from kdns.measures import Family, Histogram
from kdns.observability.metrics import CONTENT_TYPE, Metrics

_texts = st.text(max_size=10)
_values = st.floats(0, 1e9)


def samples_of(page: bytes) -> list[tuple[str, dict[str, str], float]]:
    return [
        (sample.name, sample.labels, sample.value)
        for family in parse(page.decode())
        for sample in family.samples
        if not sample.name.startswith("process_") and not sample.name.endswith("_created")
    ]


@given(
    kind=st.sampled_from(["counter", "gauge"]),
    samples=st.dictionaries(st.tuples(_texts, _texts), _values, max_size=4),
    help_text=_texts,
)
def test_any_family_is_read_back(kind: str, samples: dict[tuple[str, ...], float], help_text: str) -> None:
    name = "kdns_things_total" if kind == "counter" else "kdns_things"
    family = Family(kind, name, help_text, ("a", "b"), list(samples.items()))
    read = samples_of(Metrics(lambda: [family]).page())
    assert read == [(name, {"a": a, "b": b}, value) for (a, b), value in samples.items()]


@given(st.lists(st.integers(0, 1000), min_size=4, max_size=4), _values)
def test_a_histogram_is_cumulative_and_whole(counts: list[int], total: float) -> None:
    histogram = Histogram("kdns_time", "Time.", ("k",), (0.5, 1.0, 2.0), [(("x",), counts, total)])
    assert samples_of(Metrics(lambda: [histogram]).page()) == [
        *(
            ("kdns_time_bucket", {"k": "x", "le": le}, sum(counts[: index + 1]))
            for index, le in enumerate(("0.5", "1.0", "2.0", "+Inf"))
        ),
        ("kdns_time_count", {"k": "x"}, sum(counts)),
        ("kdns_time_sum", {"k": "x"}, total),
    ]


def test_each_scrape_asks_anew_and_has_the_process_beside_it() -> None:
    values = iter([1.0, 2.0])

    def measure() -> list[Family]:
        return [Family("gauge", "kdns_value", "Value.", (), [((), next(values))])]

    metrics = Metrics(measure)
    pages = [metrics.page() for _ in range(2)]
    assert [samples_of(page)[0][2] for page in pages] == [1.0, 2.0]
    assert b"process_resident_memory_bytes" in pages[0]


def test_no_samples_are_no_error() -> None:
    empty = [Family("counter", "kdns_total", "None.", ("a",), []), Histogram("kdns_h", "None.", (), (), [])]
    assert samples_of(Metrics(lambda: empty).page()) == []


def test_an_unknown_kind_is_a_defect() -> None:
    with pytest.raises(KeyError):
        Metrics(lambda: [Family("sum", "kdns_x", "X.", (), [])]).page()


def test_the_content_type_is_that_of_the_text_format() -> None:
    assert CONTENT_TYPE.startswith("text/plain; version=0.0.4")
