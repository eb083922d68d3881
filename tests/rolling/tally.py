"""What became of the queries of a load."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

_ON_ITS_WAY = 0.5  # seconds from a query to its response, with the server outside asked and a busy machine
_FORGIVEN = ("fresh", "sticky", "outside")
"""Clients that ask once over UDP. Of TCP nothing is forgotten, and others ask again."""


class Loss(NamedTuple):
    """A query that came to nothing, and when it was asked."""

    kind: str
    begun: float
    reason: str


@dataclass
class Tally:
    """What became of the queries, by kind of client. `retried`: answered, but not at the first attempt."""

    answered: Counter[str] = field(default_factory=Counter)
    retried: Counter[str] = field(default_factory=Counter)
    lost: list[Loss] = field(default_factory=list)

    def beside(self, flushes: Sequence[tuple[float, float]]) -> list[Loss]:
        """Return the losses, but for datagrams that were under way while flows were being forgotten.

        A response that comes after its flow is gone has the Pod's address and not the Service's: the client
        does not take it. No server can help that.
        """
        return [
            loss
            for loss in self.lost
            if loss.kind not in _FORGIVEN
            or not any(begin - _ON_ITS_WAY <= loss.begun <= end for begin, end in flushes)
        ]

    def lines(self, flushes: Sequence[tuple[float, float]]) -> Iterator[str]:
        """Yield the figures as text, one line a kind of client."""
        beside = Counter(loss.kind for loss in self.beside(flushes))
        lost = Counter(loss.kind for loss in self.lost)
        for kind in sorted({*self.answered, *lost}):
            yield (
                f"{kind:<12} answered {self.answered[kind]:>5}  retried {self.retried[kind]:>3}  "
                f"lost {beside[kind]:>3}  lost while flows were being forgotten {lost[kind] - beside[kind]}"
            )
        reasons = Counter(f"{loss.kind}: {loss.reason}" for loss in self.lost)
        yield from (f"  {count} x {reason}" for reason, count in reasons.items())
