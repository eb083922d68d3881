"""ClusterSource: an API server and the snapshot together, as the one source of a cluster's state."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable

from kdns.cluster.events import Tag
from kdns.cluster.state import ClusterState
from kdns.cluster.wish import ClusterWish
from kdns.measures import Family, Histogram
from kdns.sources.api.access import Access, AccessError, Configure
from kdns.sources.api.limits import Limiter
from kdns.sources.api.measures import measure
from kdns.sources.api.meter import Meter
from kdns.sources.api.resources import resources_of
from kdns.sources.api.source import ApiSource
from kdns.sources.saving import Saver
from kdns.sources.snapshot import Snapshot

log = logging.getLogger("kdns.kubernetes")


class ClusterSource:
    """Serves the last known state from `snapshot` until the API server has answered, and keeps it up to date.

    What is read, and how hard, is the wish's; `configure` says where.
    """

    def __init__(
        self,
        configure: Configure,
        wish: ClusterWish,
        state: ClusterState,
        on_tags: Callable[[frozenset[Tag]], None],
        snapshot: Snapshot | None = None,
        meter: Meter | None = None,
    ) -> None:
        self._configure = configure
        self._on_tags = on_tags
        self._kinds = wish.kinds
        limiter = Limiter(wish.api.qps, wish.api.burst, wish.api.max_inflight)
        access = Access(configure, limiter, meter)
        self._api = ApiSource(access, state, resources_of(wish), on_tags, meter=meter)
        self._saver = Saver(snapshot, state, self._api.versions) if snapshot else None

    async def restore(self) -> None:
        """Take over what the snapshot holds. Raises AccessError if there is none, nor a way to the API.

        With a snapshot, a broken configuration is only told in the log: names are answered all the same.
        """
        header = self._saver.restore(self._on_tags, self._kinds) if self._saver else None
        if header is not None:
            self._api.resume(header.versions)
        try:
            await self._configure()
        except AccessError as error:
            if header is None:
                raise
            log.error("%s; serving the snapshot", error)

    async def run(self) -> None:
        """Keep in step until cancelled, then save what is known."""
        tasks = [self._api.run(), *([self._saver.run()] if self._saver else [])]
        try:
            async with asyncio.TaskGroup() as group:
                for task in tasks:
                    group.create_task(task)
        finally:
            if self._saver:
                with contextlib.suppress(asyncio.CancelledError):
                    await self._saver.save()

    def forbidden(self) -> frozenset[str]:
        """Return the kinds of objects that may not be read."""
        return frozenset(kind for kind, health in self._api.health.items() if health.is_forbidden)

    def measure(self) -> Iterable[Family | Histogram]:
        """Return the metrics of the watches and of the snapshot."""
        yield from measure(self._api.health.values())
        if self._saver:
            age = time.time() - self._saver.written_at if self._saver.written_at else -1.0
            yield Family(
                "gauge",
                "kdns_snapshot_age_seconds",
                "Time since the snapshot was taken; -1 if there is none.",
                (),
                [((), age)],
            )
            yield Family(
                "counter",
                "kdns_snapshot_failures_total",
                "Snapshots that could not be written.",
                (),
                [((), float(self._saver.failures))],
            )
