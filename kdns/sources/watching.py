"""Manifest files into the ClusterState: the first load, then every edit while kdns runs.

Files are looked at and read in a worker thread; the state is changed on the event loop only, a little
at a time, so that no query waits for a large file.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import TypeAlias

from kdns.cluster.events import Tag, WatchEvent
from kdns.cluster.state import ClusterState
from kdns.sources.difference import difference
from kdns.sources.files import Look
from kdns.sources.manifests import Manifests, Reading
from kdns.sources.slices import Slices

OnTags: TypeAlias = Callable[[frozenset[Tag]], object]

LOOK_SECONDS = 0.5
"""Between two looks at the files. An edit is read when two looks agree, so after a second at most: an
editor that empties a file before it writes is not believed."""

MAX_LINES = 100
"""So many problems, and notices, of one reading are logged; the rest is counted."""

_logger = logging.getLogger("kdns.manifests")


async def follow(
    manifests: Manifests, state: ClusterState, on_tags: OnTags, look_seconds: float = LOOK_SECONDS
) -> None:
    """Load the manifests, call the state synced, and keep the state equal to them until cancelled.

    `on_tags` gets the tags of each event right after it was applied, nothing awaited in between. Nothing
    else may change the state. Whatever goes wrong is logged and tried again after the next look.
    """
    follower = _Follower(manifests, state, on_tags)
    while True:
        try:
            await follower.look()
        except Exception:
            _logger.exception("the manifests could not be read; trying again in %g seconds", look_seconds)
        await asyncio.sleep(look_seconds)


class _Follower:
    """What is remembered between two looks: the last look, the one that the state shows, what was logged."""

    def __init__(self, manifests: Manifests, state: ClusterState, on_tags: OnTags) -> None:
        self._manifests = manifests
        self._state = state
        self._on_tags = on_tags
        self._last: Look | None = None
        self._loaded: Look | None = None
        self._logged: frozenset[str] = frozenset()

    async def look(self) -> None:
        """Look at the files; load them the first time, and whenever they have changed and come to rest."""
        seen = await asyncio.to_thread(self._manifests.look)
        is_at_rest = seen == self._last or self._loaded is None
        self._last = seen
        if seen != self._loaded and is_at_rest:
            await self._load(seen)
            self._loaded = seen

    async def _load(self, seen: Look) -> None:
        events = await asyncio.to_thread(self._prepare, seen)
        await apply_in_slices(self._state, events, self._on_tags)
        self._on_tags(self._state.mark_synced())

    def _prepare(self, seen: Look) -> list[WatchEvent]:
        """Read and compare, in a worker thread: meanwhile nobody else changes the state."""
        reading = self._manifests.read(seen)
        self._log(reading)
        return list(difference(self._state, reading.objects))

    def _log(self, reading: Reading) -> None:
        """Log what the last reading did not say already."""
        problems, notices = list(map(str, reading.problems)), reading.notices
        _log_lines(logging.WARNING, [line for line in problems if line not in self._logged])
        _log_lines(logging.INFO, [line for line in notices if line not in self._logged])
        self._logged = frozenset(problems).union(notices)


async def apply_in_slices(state: ClusterState, events: Iterable[WatchEvent], on_tags: OnTags) -> None:
    """Apply events, giving way to everything else on the loop between slices of them."""
    slices = Slices()
    for event in events:
        on_tags(state.apply(event))
        await slices.give_way()


def _log_lines(level: int, lines: list[str]) -> None:
    for line in lines[:MAX_LINES]:
        _logger.log(level, "%s", line)
    if len(lines) > MAX_LINES:
        _logger.log(level, "and %d more like these", len(lines) - MAX_LINES)
