"""Whether an upstream is alive: what exchanges and probes say, and the prober that asks until it is.

Knows no sockets: a probe is whatever coroutine it was given.
"""

import asyncio
from collections.abc import Awaitable, Callable

from kdns.upstreams.counters import Counters
from kdns.upstreams.options import Options
from kdns.upstreams.tasks import Tasks

PATIENCE = 0.25
"""Seconds of silence after which other upstreams are preferred, well before the read timeout."""
SHORTEST_INTERVAL = 0.01
"""Seconds between two probes at the least: where nothing listens, each of them fails at once."""


class Health:
    """The health of one upstream.

    After a failed exchange it is doubtful, and probed until something comes back. `fails` counts the probes
    that failed since; above `max_fails` the upstream is down. All times are by the event loop's clock.
    """

    def __init__(self, options: Options, counters: Counters, probe: Callable[[], Awaitable[bool]]) -> None:
        self._options = options
        self._counters = counters
        self._probe = probe
        self._tasks = Tasks()
        self._probing: asyncio.Task[None] | None = None
        self._silent_since = 0.0
        self._is_doubtful = False
        self.fails = 0

    @property
    def is_down(self) -> bool:
        return 0 < self._options.max_fails < self.fails

    def is_doubtful(self, now: float) -> bool:
        """Tell whether another upstream is the better choice: the last exchange failed, or there is a query
        that waits longer than usual while nothing at all has come back."""
        return self._is_doubtful or 0 < self._silent_since < now - PATIENCE

    def asked(self, now: float) -> None:
        """A query is sent."""
        if not self._silent_since:
            self._silent_since = now

    def answered(self) -> None:
        """A reply came, whatever it says."""
        self._silent_since = 0.0
        self._is_doubtful = False
        self.fails = 0

    def failed(self) -> None:
        """An exchange failed: probe, unless that is going on or not wanted."""
        self._silent_since = 0.0
        if not self._options.max_fails:
            return
        self._is_doubtful = True
        if self._probing is None or self._probing.done():
            self._probing = self._tasks.start(self._probe_until_alive())

    def withdrawn(self) -> None:
        """A query was given up by whoever asked, which says nothing."""
        self._silent_since = 0.0

    async def close(self) -> None:
        """End the probing."""
        await self._tasks.close()

    async def _probe_until_alive(self) -> None:
        while not await self._probe():
            self.fails += 1
            self._counters.failed_probes += 1
            await asyncio.sleep(max(self._options.probe_interval, SHORTEST_INTERVAL))
        self.answered()
