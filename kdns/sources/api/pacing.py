"""How long to wait before trying again, and how long silence may last."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Times in seconds; tests shorten them.

    `first` doubles up to `longest`. `quiet` without trouble starts over. A watch lasts `watch` to twice that
    and is given up `grace` later if the server does not end it; once it has sent a bookmark, after `silence`.
    A watch shorter than `short` is trouble too. A server may ask to be left alone for `patience` at most.
    """

    first: float = 0.8
    longest: float = 10.0
    quiet: float = 120.0
    watch: int = 300
    grace: float = 30.0
    silence: float = 180.0
    short: float = 1.0
    patience: float = 60.0
    check: float = 600.0
    recheck: float = 10.0


class Backoff:
    """Delays that double, each between half of itself and itself, so that clients spread out."""

    def __init__(self, pace: Pace, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace = pace
        self._clock = clock
        self._next = pace.first
        self._last = clock()

    def delay(self, at_least: float = 0.0) -> float:
        """Return how long to wait this time."""
        now = self._clock()
        if now - self._last > self._pace.quiet:
            self._next = self._pace.first
        self._last = now
        delay, self._next = self._next, min(self._next * 2, self._pace.longest)
        return max(min(at_least, self._pace.patience), random.uniform(delay / 2, delay))
