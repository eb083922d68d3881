"""tests.beside.exposed: what is no page of metrics is told from one, so that tests of pages can fail."""

import pytest

from tests.beside.exposed import Family, families, total

COUNTER = """\
# HELP a_total Of "something".
# TYPE a_total counter
a_total{zone="."} 1
a_total{zone="x.",proto="udp"} 2
"""
HISTOGRAM = """\
# HELP a What.
# TYPE a histogram
a_bucket{zone=".",le="0.5"} 1
a_bucket{zone=".",le="1"} 1
a_bucket{zone=".",le="+Inf"} 3
a_sum{zone="."} 7.5
a_count{zone="."} 3
"""
OTHER = "# HELP b More.\n# TYPE b gauge\nb 1\n"


def test_a_page_is_families_of_values() -> None:
    assert families(COUNTER + OTHER) == {
        "a_total": Family(
            "counter", 'Of "something".', ["proto", "zone"], [], {"zone=.": 1.0, "proto=udp zone=x.": 2.0}
        ),
        "b": Family("gauge", "More.", [], [], {"": 1.0}),
    }
    value = "0.5:1 +Inf:2"
    assert families(HISTOGRAM) == {
        "a": Family("histogram", "What.", ["zone"], ["0.5", "1", "+Inf"], {"zone=.": value})
    }
    assert total(value) == 3


NO_PAGES = {
    "no help": COUNTER.replace("# HELP a_total", "# "),
    "no type": COUNTER.replace("# TYPE a_total counter\n", ""),
    "a family twice": COUNTER + OTHER + COUNTER,
    "two help texts": "# HELP b Again.\n" + OTHER,
    "no samples": "# HELP c Nothing.\n# TYPE c gauge\n" + OTHER,
    "the same labels twice": COUNTER.replace('x.",proto="udp"', '."'),
    "a sample of another family": COUNTER.replace('a_total{zone="x.', 'b_total{zone="x.'),
    "no number": COUNTER.replace("} 1", "} one"),
    "buckets that do not add up": HISTOGRAM.replace('le="1"} 1', 'le="1"} 0'),
    "bounds out of order": HISTOGRAM.replace('"0.5"', '"2"'),
    "no last bucket": HISTOGRAM.replace('a_bucket{zone=".",le="+Inf"} 3\n', ""),
    "another number": HISTOGRAM.replace('a_count{zone="."} 3', 'a_count{zone="."} 2'),
    "no sum": HISTOGRAM.replace('a_sum{zone="."} 7.5\n', ""),
}


@pytest.mark.parametrize("page", NO_PAGES.values(), ids=NO_PAGES)
def test_what_is_no_page_is_refused(page: str) -> None:
    with pytest.raises((AssertionError, ValueError)):
        families(page)
