"""kdns.app.figures: what the process tells about itself, and what stays of plugins that are gone."""

from typing import Any, cast

import pytest

from kdns import __version__
from kdns.answering.plugin import Address, Process, server_label
from kdns.answering.traffic import Traffic
from kdns.app.figures import Kept, measure_process, measure_table, seconds_of_fast_answers
from kdns.app.generation import Generation
from kdns.app.planning import plan
from kdns.corefile.errors import CorefileError
from kdns.corefile.parsing import parse_corefile
from kdns.measures import Family, Histogram
from kdns.servers.counters import Counters
from kdns.servers.listeners import Listener
from tests.plugins.lent import FakeProcess


def counter(value: float, *labels: str) -> Family:
    return Family("counter", "a_total", "A.", ("zone",), [(labels, value)])


def gauge(value: float) -> Family:
    return Family("gauge", "b", "B.", (), [((), value)])


def histogram(*counts: int) -> Histogram:
    return Histogram("c", "C.", (), (0.1,), [((), counts, sum(counts) / 8)])


def test_of_plugins_that_are_gone_what_grows_is_kept_and_added_up() -> None:
    kept = Kept()
    assert list(kept.measure()) == []
    kept.keep([counter(1, "x."), gauge(5), histogram(1, 2)])
    kept.keep([counter(2, "x."), counter(4, "y."), gauge(7), histogram(3, 0)])
    first, second = kept.measure()
    assert first == Family("counter", "a_total", "A.", ("zone",), [(("x.",), 3), (("y.",), 4)])
    assert second == Histogram("c", "C.", (), (0.1,), [((), [4, 2], 0.75)])


def generation(text: str) -> Generation:
    problems: list[CorefileError] = []
    process = cast(Process, FakeProcess())
    planned = plan(parse_corefile(text, "Corefile", {}), process, cast(Any, None), cast(Any, None), problems)
    assert problems == []
    addresses: list[Address] = [a for each in planned for key in each.block.keys for a in each.addresses(key)]
    return Generation("0123", planned, {each: Traffic(server_label(each)) for each in addresses})


COREFILE = """
example.org:53 example.net:1053 {
    bind 127.0.0.1 ::1
    prometheus
    health
    ready
    errors
    loadbalance
}
example.com:1054 {
    errors
}
"""


def process_values(
    reloads_failed: int = 0, panics: int = 0
) -> dict[str, list[tuple[tuple[str, ...], float]]]:
    families = measure_process(generation(COREFILE), reloads_failed, panics)
    return {family.name: list(family.samples) for family in families if isinstance(family, Family)}


def test_plugins_are_enabled_where_queries_are_counted_and_meet_them() -> None:
    enabled = {labels for labels, value in process_values()["coredns_plugin_enabled"] if value == 1}
    servers = [
        *(("dns://127.0.0.1:53", "example.org."), ("dns://[::1]:53", "example.org.")),
        *(("dns://127.0.0.1:1053", "example.net."), ("dns://[::1]:1053", "example.net.")),
    ]
    assert enabled == {
        (server, zone, "", name)
        for server, zone in servers
        for name in ("prometheus", "errors", "loadbalance")
    }


def test_the_process_tells_its_version_its_corefile_and_its_misfortunes() -> None:
    values = process_values(reloads_failed=2, panics=3)
    (((version, revision, language), number),) = values["coredns_build_info"]
    assert (version, revision, number) == (f"kdns-{__version__}", "", 1)
    assert language.startswith("python3.")
    assert values["coredns_reload_version_info"] == [(("sha512", "0123"), 1)]
    assert values["coredns_reload_failed_total"] == [((), 2)]
    assert values["coredns_panics_total"] == [((), 3)]


def test_what_is_remembered_is_told_by_server() -> None:
    (family,) = measure_table(generation(".:53 {\n  errors\n}\nexample.org:54 {\n  errors\n}\n"))
    assert family.samples == [(("dns://:53",), 0), (("dns://:54",), 0)]


class Timed:
    """A listener, as far as it is asked."""

    def __init__(self, timed: int, seconds: float) -> None:
        self.counters = Counters()
        self.counters.timed, self.counters.seconds = timed, seconds


@pytest.mark.parametrize(
    ("timed", "seconds"),
    [((), 0.0), (((0, 0.0),), 0.0), (((4, 0.5),), 0.125), (((1, 0.5), (3, 0.5), (0, 0.0)), 0.25)],
)
def test_a_fast_answer_takes_the_average_of_all_batches(
    timed: tuple[tuple[int, float], ...], seconds: float
) -> None:
    listeners = [cast(Listener, Timed(*each)) for each in timed]
    assert seconds_of_fast_answers(listeners) == seconds
