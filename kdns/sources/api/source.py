"""The API server as the source of the cluster state: a reflector and a checker for each resource."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping

from kdns.cluster.events import Tag
from kdns.cluster.objects import EndpointSlice, ServiceKind
from kdns.cluster.state import ClusterState
from kdns.sources.api.access import Access
from kdns.sources.api.checking import Checker
from kdns.sources.api.health import Health
from kdns.sources.api.intake import Intake
from kdns.sources.api.meter import Meter
from kdns.sources.api.pacing import Pace
from kdns.sources.api.reflector import Reflector
from kdns.sources.api.resources import Resource


class ApiSource:
    """Keeps `state` in step with an API server. `health` is by the kind of object."""

    def __init__(
        self,
        access: Access,
        state: ClusterState,
        resources: Iterable[Resource],
        on_tags: Callable[[frozenset[Tag]], None],
        pace: Pace | None = None,
        meter: Meter | None = None,
    ) -> None:
        self._meter = meter or Meter()
        self._access = access
        self._state = state
        self._on_tags = on_tags
        self._pace = pace or Pace()
        self.health = {resource.kind: Health(resource.plural) for resource in resources}
        self._reflectors = {
            resource.kind: Reflector(
                access,
                Intake(resource, state, self.health[resource.kind], on_tags, self._note_slice),
                self._pace,
            )
            for resource in resources
        }

    def resume(self, versions: Mapping[str, str]) -> None:
        """Begin from a restored state: what it has of each kind is served, as stale until confirmed."""
        for kind, reflector in self._reflectors.items():
            if kind in versions:
                reflector.version = versions[kind]
                self.health[kind].is_stale = True
                self._on_tags(self._state.mark_synced(kind))

    def versions(self) -> Mapping[str, str]:
        """Return the version of each kind that has been seen whole, "" while nobody knows it."""
        return {kind: each.version for kind, each in self._reflectors.items() if self._state.is_synced(kind)}

    async def run(self) -> None:
        """Keep in step until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for kind, reflector in self._reflectors.items():
                    tasks.create_task(reflector.run())
                    tasks.create_task(Checker(self._access, reflector, self._pace).run())
                    tasks.create_task(self._mark_synced(kind, reflector))
        finally:
            with contextlib.suppress(OSError):
                await self._access.close()

    async def _mark_synced(self, kind: str, reflector: Reflector) -> None:
        await reflector.synced.wait()
        self._on_tags(self._state.mark_synced(kind))

    def _note_slice(self, changed: EndpointSlice) -> None:
        """Observe how long a change of endpoints took to get here (CoreDNS, object/metrics.go)."""
        service = self._state.services.get(changed.service_key)
        if changed.changed_at and service is not None and service.kind != ServiceKind.EXTERNAL_NAME:
            is_headless = service.kind == ServiceKind.HEADLESS
            self._meter.programmed(
                "headless_with_selector" if is_headless else "cluster_ip",
                time.time() - changed.changed_at,
            )
