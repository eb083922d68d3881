"""What a process can tell about itself in numbers, over all the Corefiles that it has served."""

import platform
from collections.abc import Iterable, Iterator

from kdns import __version__
from kdns.app.generation import Generation
from kdns.measures import Family, Histogram
from kdns.observability.metrics import merged
from kdns.servers.listeners import Listener


class Kept:
    """The counters of plugins that are gone: their Corefile was replaced, what they counted has happened."""

    def __init__(self) -> None:
        self._families: list[Family | Histogram] = []

    def keep(self, families: Iterable[Family | Histogram]) -> None:
        """Add what only grows; gauges went with their plugins."""
        gone = [each for each in families if isinstance(each, Histogram) or each.kind == "counter"]
        self._families = list(merged([*self._families, *gone]))

    def measure(self) -> Iterable[Family | Histogram]:
        return self._families


def measure_process(generation: Generation, reloads_failed: int, panics: int) -> Iterator[Family | Histogram]:
    """Yield what no plugin tells."""
    yield Family(
        "gauge",
        "coredns_build_info",
        "A metric with a constant '1' value labeled by version, revision, and goversion from which CoreDNS "
        "was built.",
        ("version", "revision", "goversion"),
        [((f"kdns-{__version__}", "", f"python{platform.python_version()}"), 1)],
    )
    yield Family(
        "gauge",
        "coredns_plugin_enabled",
        "A metric that indicates whether a plugin is enabled on per server and zone basis.",
        ("server", "zone", "view", "name"),
        [(labels, 1) for labels in dict.fromkeys(generation.enabled())],
    )
    yield Family(
        "counter", "coredns_panics_total", "A metrics that counts the number of panics.", (), [((), panics)]
    )
    yield Family(
        "counter",
        "coredns_reload_failed_total",
        "Counter of the number of failed reload attempts.",
        (),
        [((), reloads_failed)],
    )
    yield Family(
        "gauge",
        "coredns_reload_version_info",
        "A metric with a constant '1' value labeled by hash, and value which type of hash generated.",
        ("hash", "value"),
        [(("sha512", generation.fingerprint), 1)],
    )


def measure_table(generation: Generation) -> Iterator[Family]:
    """Yield how much is remembered."""
    yield Family(
        "gauge",
        "kdns_answers_remembered",
        "Answers that are held ready, by server.",
        ("server",),
        [
            ((responder.table.traffic.server,), len(responder.table.entries))
            for responder in generation.responders.values()
        ],
    )


def seconds_of_fast_answers(listeners: Iterable[Listener]) -> float:
    """Return how long an answer takes on average in the batches that were timed, 0.0 while there are none."""
    listeners = list(listeners)
    timed = sum(listener.counters.timed for listener in listeners)
    return sum(listener.counters.seconds for listener in listeners) / timed if timed else 0.0
