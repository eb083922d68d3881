"""From one Corefile to the next: what outlives them, and the moment at which one takes over from another."""

import asyncio
import gc
import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kdns.answering.plugin import Address, Cluster, Process, server_label
from kdns.answering.traffic import Traffic
from kdns.app.doors import Doors
from kdns.app.errors import Refused, StartError
from kdns.app.figures import Kept, measure_process, measure_table, seconds_of_fast_answers
from kdns.app.generation import Generation
from kdns.app.planning import Planned, plan
from kdns.cluster.events import UNSYNCED, Tag
from kdns.cluster.state import ClusterState
from kdns.cluster.wish import ClusterWish
from kdns.corefile.digest import fingerprint
from kdns.corefile.errors import CorefileError
from kdns.corefile.values import Corefile
from kdns.measures import Family, Histogram
from kdns.observability.pages import PagesError, PageServers
from kdns.sources.clusters import ClusterError, Clusters, Handle
from kdns.sources.manifests import Manifests

if TYPE_CHECKING:
    from kdns.sources.api.access import Configure

log = logging.getLogger("kdns.plugins.reload")

_SYNC_SECONDS = 5.0
"""How long a new Corefile waits for a cluster that is new, too (CoreDNS's startup_timeout)."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the cluster's objects come from, if not from where the Corefile says; and where they are kept."""

    manifests: Manifests | None = None
    api: "Configure | None" = None
    state_dir: Path | None = None


class Succession:
    """Generations one after another, and what they hand on: sockets, clusters, pages, figures."""

    def __init__(self, process: Process, sources: Sources) -> None:
        self._process = process
        self._clusters = Clusters(self._on_tags, sources.manifests, sources.api, sources.state_dir)
        self._doors = Doors()
        self._pages = PageServers()
        self._traffic: dict[str, Traffic] = {}
        self._kept = Kept()
        self._panics = 0
        self.current: Generation | None = None
        self._next: Generation | None = None
        self._retiring: list[Generation] = []
        self._handles: list[Handle] = []

    async def take_over(self, corefile: Corefile) -> asyncio.Task[None] | None:
        """Have a Corefile answer from now on. Raises StartError, and then everything is as before.

        Returns the task that ends the one before, if there was one.
        """
        handles: list[Handle] = []
        old = self.current
        # Plugins read files, and large ones must not hold up the queries.
        new = await asyncio.to_thread(self._generation, corefile, handles)
        self._next = new
        try:
            await self._clusters.start(handles)
            if old is not None:
                await _synced(handles)
            await self._doors.open(new.responders)
            prepared = await self._pages.prepare(new.pages())
        except Exception as error:
            await self._withdraw(new, old)
            if isinstance(error, ClusterError | PagesError):
                raise StartError(str(error)) from error
            raise
        finally:
            self._next = None
        for table in new.tables:
            table.serial = max((handle.state.serial for handle in handles), default=0)
            table.tick(int(asyncio.get_running_loop().time()))
        self._doors.hand_over(new.responders, new.connections)
        self.current, self._handles = new, handles
        prepared.take_over()
        new.begin()
        log.info("Running configuration SHA512 = %s", new.fingerprint)
        if old is None:
            return None
        self._retiring.append(old)
        return asyncio.create_task(self._retire(old, new, handles))

    def _generation(self, corefile: Corefile, handles: list[Handle]) -> Generation:
        """Set up the plugins of a Corefile; `handles` gets the clusters that they wish to see."""
        problems: list[CorefileError] = []
        made: list[Generation] = []

        def cluster(wish: ClusterWish) -> Cluster:
            handles.append(self._clusters.cluster(wish))
            return handles[-1]

        def forget(tags: frozenset[Tag]) -> None:
            for generation in made:
                generation.forget(tags)

        planned = plan(corefile, self._process, cluster, forget, problems)
        if problems:
            raise Refused(sorted(problems, key=lambda problem: problem.position))
        made.append(Generation(fingerprint(corefile), planned, self._traffic_of(planned)))
        return made[0]

    def _traffic_of(self, planned: Collection[Planned]) -> dict[Address, Traffic]:
        """Return the figures of each address that is served: they go on from those of the Corefile before."""
        addresses = [
            address for each in planned for key in each.block.keys for address in each.addresses(key)
        ]
        labels = {address: server_label(address) for address in addresses}
        return {address: self._traffic.setdefault(label, Traffic(label)) for address, label in labels.items()}

    async def _withdraw(self, new: Generation, old: Generation | None) -> None:
        """Give up a generation that could not take over."""
        await self._doors.close_others(old.responders if old is not None else ())
        await new.end()
        await self._clusters.stop_others(self._handles)

    async def _retire(self, old: Generation, new: Generation, handles: list[Handle]) -> None:
        """End a generation that gets no more queries; what it has counted is kept."""
        try:
            await self._doors.close_others(new.responders)
            await old.end()
            for table in old.tables:
                table.settle()
            self._panics += old.panics
            self._kept.keep(old.measure())
        finally:
            self._retiring.remove(old)
            old.release()
            await self._clusters.stop_others(handles)

    def _on_tags(self, state: ClusterState, tags: frozenset[Tag]) -> None:
        """Have every table forget what an event may have changed."""
        if tags:
            for generation in filter(None, (self.current, self._next, *self._retiring)):
                generation.forget(tags, max(state.serial, generation.serial))
        if UNSYNCED in tags and state.has_synced:
            gc.freeze()  # the objects of a cluster are no garbage: looking at them again costs up to 40 ms

    def zone_lines(self) -> list[str]:
        """Return the zones that are served, as ".:53"."""
        planned = self.current.planned if self.current else ()
        return [line for each in planned for line in each.zone_lines()]

    def tick(self, second: int) -> None:
        """Let time go on in the tables."""
        if self.current is not None:
            for table in self.current.tables:
                table.tick(second)

    def measure(self, reloads_failed: int) -> Iterator[Family | Histogram]:
        """Yield everything that there is to know, for a scrape."""
        if self.current is None:
            return
        fast = seconds_of_fast_answers(self._doors.listeners())
        generations = (self.current, *self._retiring)
        traffics = list(self._traffic.values())  # a thread may be setting up the next Corefile
        for traffic in traffics:
            traffic.fast_seconds = fast
        for table in (table for generation in generations for table in generation.tables):
            table.settle()
        for traffic in traffics:
            yield from traffic.measure()
        for generation in generations:
            yield from generation.measure()
        yield from self._kept.measure()
        yield from self._clusters.measure()
        yield from measure_table(self.current)
        panics = self._panics + sum(generation.panics for generation in generations)
        yield from measure_process(self.current, reloads_failed, panics)

    async def close(self) -> None:
        """Close all that is still open."""
        await self._doors.close_others(())
        if self.current is not None:
            await self.current.end()
        await self._pages.close()
        await self._clusters.close()


async def _synced(handles: Collection[Handle]) -> None:
    """Wait until these have seen everything, but not for ever: they may be served as they are."""
    loop = asyncio.get_running_loop()
    end = loop.time() + _SYNC_SECONDS
    while loop.time() < end and not all(  # noqa: ASYNC110 -- the state's own room knows no event loop
        handle.state.has_synced for handle in handles
    ):
        await asyncio.sleep(0.02)
