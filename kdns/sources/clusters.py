"""Clusters: from what plugins wish to see to sources that keep it in step, whatever Corefile comes or goes.

A handle is made without I/O, started with its Corefile, and stopped after no Corefile has it any more.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

import msgspec

from kdns.cluster.events import Tag
from kdns.cluster.state import ClusterState
from kdns.cluster.wish import PLAIN, ApiServer, ClusterWish
from kdns.measures import Family, Histogram
from kdns.sources.api.meter import Meter
from kdns.sources.errors import ClusterError
from kdns.sources.manifest_source import ManifestSource
from kdns.sources.manifests import Manifests
from kdns.sources.snapshot import Snapshot

if TYPE_CHECKING:
    from kdns.sources.api.access import Configure

log = logging.getLogger("kdns")

RESTART_SECONDS = 1.0

__all__ = ["ClusterError", "Clusters", "Handle"]

OnTags: TypeAlias = Callable[[ClusterState, frozenset[Tag]], None]
"""Gets the tags of each event right after the state has taken it, nothing awaited in between."""


class Source(Protocol):
    """Where a cluster's objects come from."""

    async def restore(self) -> None:
        """Take over the last known state, if there is one. Raises ClusterError if nothing can be served."""

    async def run(self) -> None:
        """Keep the state in step until cancelled, then save it."""

    def forbidden(self) -> frozenset[str]:
        """Return the kinds of objects that may not be read."""

    def measure(self) -> Iterable[Family | Histogram]:
        """Return what there is to know about it."""


class Handle:
    """One cluster that somebody wishes to see. Its state is empty until it is started.

    `name` tells handles apart, and is the same after a restart; "" for a wish without any options.
    """

    def __init__(self, wish: ClusterWish) -> None:
        self.wish = wish
        self.name = _name(wish)
        self.state = ClusterState(needed=wish.kinds)
        self.source: Source | None = None
        self.task: asyncio.Task[None] | None = None

    def forbidden(self) -> frozenset[str]:
        """Return the kinds of objects that may not be read."""
        return self.source.forbidden() if self.source else frozenset()


class Clusters:
    """All clusters of a process. `manifests` or `configure`, if given, is where every wish is read from.

    Snapshots of what API servers have are kept in `state_dir`, if that is given.
    """

    def __init__(
        self,
        on_tags: OnTags,
        manifests: Manifests | None = None,
        configure: "Configure | None" = None,
        state_dir: Path | None = None,
    ) -> None:
        self._on_tags = on_tags
        self._manifests = manifests
        self._configure = configure
        self._state_dir = state_dir
        self._meter = Meter()
        self._handles: dict[ClusterWish, Handle] = {}

    def cluster(self, wish: ClusterWish) -> Handle:
        """Return the handle of a wish, the same one for the same wish. Nothing is read or started."""
        if self._manifests or self._configure:
            limits = ApiServer(qps=wish.api.qps, burst=wish.api.burst, max_inflight=wish.api.max_inflight)
            wish = wish._replace(api=limits)
        if wish not in self._handles:
            self._handles[wish] = Handle(wish)
        return self._handles[wish]

    async def start(self, handles: Iterable[Handle]) -> None:
        """Have these read, each once, the last known state first.

        Raises ClusterError if one can't be; then none of them has been started that was not before.
        """
        fresh = {handle: self._source(handle) for handle in handles if handle.task is None}
        for source in fresh.values():
            await source.restore()
        for handle, source in fresh.items():
            handle.source = source
            handle.task = asyncio.create_task(_keep_running(source))

    async def stop_others(self, handles: Collection[Handle]) -> None:
        """End all that are not among these, and forget them. What they know is saved first."""
        others = [handle for handle in self._handles.values() if handle not in handles]
        for handle in others:
            del self._handles[handle.wish]
        tasks = [handle.task for handle in others if handle.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        """End all."""
        await self.stop_others(())

    def measure(self) -> Iterator[Family | Histogram]:
        """Yield what there is to know about those that run; several are told apart by a label `cluster`."""
        running = [(handle.name, handle.source) for handle in list(self._handles.values()) if handle.source]
        for name, source in running:
            for family in source.measure():
                yield family if len(running) == 1 else _labelled(family, name)
        yield from self._meter.measure()

    def _source(self, handle: Handle) -> Source:
        on_tags = partial(self._on_tags, handle.state)
        if self._manifests:
            return ManifestSource(self._manifests.as_seen_by(handle.wish), handle.state, on_tags)
        from kdns.sources.api.cluster import ClusterSource  # 17 MiB that a server on manifests does without
        from kdns.sources.api.wished import from_wish

        configure = self._configure or from_wish(handle.wish.api)
        name = _name(_of_all_kinds(handle.wish))
        snapshot = Snapshot(self._state_dir, name) if self._state_dir else None
        return ClusterSource(configure, handle.wish, handle.state, on_tags, snapshot, self._meter)


async def _keep_running(source: Source) -> None:
    """Run the source until cancelled. Should a defect end it, say so and begin again: nothing else would."""
    while True:
        try:
            await source.run()
        except Exception:
            log.exception("a defect of kdns has stopped the source of its objects; starting it again")
        await asyncio.sleep(RESTART_SECONDS)


def _of_all_kinds(wish: ClusterWish) -> ClusterWish:
    """Return a wish for what has one snapshot, whichever kinds are in it and however they are asked for."""
    server = ApiServer(wish.api.endpoint, kubeconfig=wish.api.kubeconfig, context=wish.api.context)
    return ClusterWish(server, labels=wish.labels)


def _name(wish: ClusterWish) -> str:
    """Return a short text of what a wish says, the same for ever; "" if it says nothing."""
    fields = wish.api._asdict() | wish._replace(api=PLAIN.api)._asdict()
    defaults = PLAIN.api._asdict() | PLAIN._asdict()
    said = {name: value for name, value in fields.items() if value != defaults[name]}
    text = msgspec.json.encode(said, order="sorted")
    return hashlib.blake2b(text, digest_size=4).hexdigest() if said else ""


def _labelled(family: Family | Histogram, cluster: str) -> Family | Histogram:
    """Return a family with one more label, the first."""
    labels = ("cluster", *family.labels)
    if isinstance(family, Family):
        counted = [((cluster, *values), value) for values, value in family.samples]
        return family._replace(labels=labels, samples=counted)
    observed = [((cluster, *values), counts, total) for values, counts, total in family.samples]
    return family._replace(labels=labels, samples=observed)
