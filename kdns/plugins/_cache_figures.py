"""What `cache` counts, under CoreDNS's names. As there, nothing is shown that has not happened yet."""

from collections.abc import Iterator, Mapping

from kdns.answering.counts import Count
from kdns.measures import Family
from kdns.plugins._cache_items import Shelf
from kdns.plugins._cache_options import DENIAL, SUCCESS

_LABELS, _TYPE_LABELS = ("server", "zones", "view"), ("server", "type", "zones", "view")
_VIEW = ""


_HELP = {
    "requests": "The count of cache requests.",
    "misses": "The count of cache misses. Deprecated, derive misses from cache hits/requests counters.",
    "prefetch": "The number of times the cache has prefetched a cached item.",
    "drops": "The number responses that are not cached, because the reply is malformed.",
    "served_stale": "The number of requests served from stale cache entries.",
}


class Figures:
    """The figures of one cache. What responses carry are Counts; the rest is counted when it happens."""

    def __init__(self, server: str, zones: str) -> None:
        self._server, self._zones = server, zones
        self.hits = {SUCCESS: Count(), DENIAL: Count()}
        self.misses, self.served_stale = Count(), Count()
        self.prefetches = 0

    def measure(self, shelves: Mapping[str, Shelf], drops: int) -> Iterator[Family]:
        """Yield the families. Every query is a hit or a miss, and what is served stale is a hit."""
        hits = {label: count.value for label, count in self.hits.items()}
        misses = self.misses.value
        if any(shelf.was_used for shelf in shelves.values()):
            entries = {label: len(shelf.items) for label, shelf in shelves.items()}
            yield self._typed("gauge", "entries", "The number of elements in the cache.", entries)
        totals = {
            "requests": sum(hits.values()) + misses,
            "misses": misses,
            "prefetch": self.prefetches,
            "drops": drops,
            "served_stale": self.served_stale.value,
        }
        for name, value in totals.items():
            if value:
                sample = ((self._server, self._zones, _VIEW), value)
                yield Family("counter", f"coredns_cache_{name}_total", _HELP[name], _LABELS, [sample])
        evicted = {label: shelf.evicted for label, shelf in shelves.items()}
        for name, help, values in (
            ("hits_total", "The count of cache hits.", hits),
            ("evictions_total", "The count of cache evictions.", evicted),
        ):
            happened = {label: value for label, value in values.items() if value}
            if happened:
                yield self._typed("counter", name, help, happened)

    def _typed(self, kind: str, name: str, help: str, values: Mapping[str, int]) -> Family:
        samples = [
            ((self._server, label, self._zones, _VIEW), float(value)) for label, value in values.items()
        ]
        return Family(kind, f"coredns_cache_{name}", help, _TYPE_LABELS, samples)
