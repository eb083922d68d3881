"""How much an API server is asked at most: client-go's token bucket, and requests under way at once."""

import asyncio
import contextlib
import time
from collections.abc import Callable

_QPS, _BURST = 5.0, 10
"""What one of the two is if only the other is given (client-go, rest/config.go)."""


class Limiter:
    """Makes requests wait for their turn. A limit of 0 is none."""

    def __init__(
        self,
        qps: float = 0.0,
        burst: int = 0,
        max_inflight: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._interval = 1 / (qps or _QPS) if qps or burst else 0.0
        self._slack = ((burst or _BURST) - 1) * self._interval
        self._free_at = 0.0
        self._clock = clock
        self._places = asyncio.Semaphore(max_inflight) if max_inflight else None

    def reserve(self) -> float:
        """Take a turn and return in how many seconds it comes. A watch needs none (client-go)."""
        now = self._clock()
        self._free_at = max(self._free_at, now - self._slack)
        wait = self._free_at - now
        self._free_at += self._interval
        return max(wait, 0.0)

    def place(self) -> "contextlib.AbstractAsyncContextManager[None]":
        """Return a place among the requests that the server has not answered yet, watches too (CoreDNS)."""
        return self._places or contextlib.nullcontext()
