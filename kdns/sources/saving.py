"""When the snapshot is written and read: soon after the first complete state, then while things change."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Collection, Mapping

from kdns.cluster.events import Applied, Tag
from kdns.cluster.state import ClusterState
from kdns.sources.slices import Slices
from kdns.sources.snapshot import BadSnapshot, Header, Snapshot

log = logging.getLogger("kdns.snapshot")

LEAST_INTERVAL = 10.0
"""Seconds between two snapshots at least."""
LOOK_SECONDS = 1.0


class Saver:
    """Keeps a Snapshot of the state. `versions` gives the API's version of each resource by kind.

    `written_at` is the Unix time of the last snapshot that was written or read, 0.0 for none.
    """

    def __init__(
        self, snapshot: Snapshot, state: ClusterState, versions: Callable[[], Mapping[str, str]]
    ) -> None:
        self.written_at = 0.0
        self.failures = 0
        self._snapshot = snapshot
        self._state = state
        self._versions = versions
        self._saved_changes = -1
        self._complaint = ""

    def restore(self, on_tags: Callable[[frozenset[Tag]], None], kinds: Collection[str]) -> Header | None:
        """Put what was saved of these kinds into the state; None if nothing could be used. Logs why."""
        try:
            found = self._snapshot.read()
            if found is None:
                log.info("no snapshot at %s yet", self._snapshot.path)
                return None
            header, batches = found
            objects = [each for batch in batches for each in batch if type(each).__name__ in kinds]
        except (BadSnapshot, ValueError) as error:
            log.warning("the snapshot is ignored: %s", error)
            return None
        for each in objects:
            on_tags(self._state.apply(Applied(each)))
        self.written_at, self._saved_changes = header.taken_at, self._state.changes
        age = time.time() - header.taken_at
        log.info("serving %d objects from a snapshot that is %.0f s old", len(objects), age)
        return header

    async def run(self) -> None:
        """Write whenever the state is complete and has changed, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._has_news():
                await self.save()
                await asyncio.sleep(LEAST_INTERVAL - LOOK_SECONDS)

    async def save(self) -> None:
        """Write now, if there is a complete state with news; a failure is logged once and counted."""
        if not self._has_news():
            return
        changes, slices = self._state.changes, Slices()
        try:
            with contextlib.closing(
                self._snapshot.write(list(self._state.objects()), self._versions())
            ) as writing:
                for _ in writing:
                    await slices.give_way()
        except OSError as error:
            self.failures += 1
            if str(error) != self._complaint:
                log.error("no snapshot can be written, a restart would forget the cluster: %s", error)
            self._complaint = str(error)
        else:
            self.written_at, self._saved_changes, self._complaint = time.time(), changes, ""

    def _has_news(self) -> bool:
        """Tell whether there is a complete state that differs from what is on disk."""
        return self._state.has_synced and self._state.changes != self._saved_changes
