"""The metrics of the API source: how old each resource's data is, and what went wrong with it."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from kdns.measures import Family
from kdns.sources.api.health import Health

_RESOURCE = ("resource",)


def measure(healths: Iterable[Health]) -> Iterator[Family]:
    """Yield the families of these resources at this moment."""
    healths = list(healths)

    def gauge(name: str, help_text: str, value: Callable[[Health], float]) -> Family:
        samples = [((each.plural,), float(value(each))) for each in healths]
        return Family("gauge", f"kdns_kubernetes_{name}", help_text, _RESOURCE, samples)

    def counter(name: str, help_text: str, label: str, counts: Callable[[Health], Counter[str]]) -> Family:
        samples = [
            ((each.plural, key), float(count)) for each in healths for key, count in counts(each).items()
        ]
        return Family("counter", f"kdns_kubernetes_{name}", help_text, (*_RESOURCE, label), samples)

    now = time.monotonic()
    yield gauge(
        "last_event_seconds",
        "Time since the API server last said anything about the resource; -1 if it never did.",
        lambda each: now - each.last_event if each.last_event else -1,
    )
    yield gauge("watch_connected", "Whether the resource is being watched.", lambda each: each.is_connected)
    yield gauge("synced", "Whether all objects have been seen once.", lambda each: each.is_synced)
    yield gauge(
        "stale", "Whether objects are served from a snapshot, not confirmed yet.", lambda each: each.is_stale
    )
    yield gauge(
        "forbidden", "Whether the right to list and watch is missing.", lambda each: each.is_forbidden
    )
    yield counter("events_total", "Events by type.", "type", lambda each: each.events)
    yield counter("relists_total", "Lists of everything, by reason.", "reason", lambda each: each.relists)
    yield counter(
        "failures_total", "Failed requests and broken streams.", "reason", lambda each: each.failures
    )
    for name, help_text, value in (
        ("not_understood_total", "Objects passed over.", lambda each: each.not_understood),
        ("differences_total", "Objects whose events were missed, repaired.", lambda each: each.differences),
    ):
        yield gauge(name, help_text, value)._replace(kind="counter")
