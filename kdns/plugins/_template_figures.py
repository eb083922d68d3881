"""What `template` counts, under CoreDNS's names."""

from collections.abc import Iterator

from kdns.answering.counts import Count
from kdns.measures import Family

_LABELS = ("server", "zone", "view", "class", "type")
_VIEW = ""

MATCHES, TEMPLATE_FAILURES, RR_FAILURES = "matches_total", "template_failures_total", "rr_failures_total"
_FAMILIES = (
    (MATCHES, "Counter of template regex matches.", _LABELS),
    (TEMPLATE_FAILURES, "Counter of go template failures.", (*_LABELS, "section", "template")),
    (RR_FAILURES, "Counter of mis-templated RRs.", (*_LABELS, "section", "template")),
)


class Figures:
    """The figures of one block. Nothing is shown that has not happened yet."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._counts: dict[tuple[str, ...], Count] = {}

    def count(self, family: str, zone: str, rdclass: str, qtype: str, *more: str) -> Count:
        """Return what is counted under these labels; `more` are section and template of a failure."""
        return self._counts.setdefault((family, self._server, zone, _VIEW, rdclass, qtype, *more), Count())

    def measure(self) -> Iterator[Family]:
        for name, help, labels in _FAMILIES:
            samples = [(key[1:], count.value) for key, count in self._counts.items() if key[0] == name]
            if happened := [(key, float(value)) for key, value in samples if value]:
                yield Family("counter", f"coredns_template_{name}", help, labels, happened)
