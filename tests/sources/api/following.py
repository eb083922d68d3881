"""What the tests of this folder share: kdns's side of a connection, short times, and what must come of it.

What a server holds is read by a plain client that lists once: a second opinion on lists, watches and repairs.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kdns.cluster.events import Applied, Tag
from kdns.cluster.objects import ClusterObject, EndpointSlice, ObjectKey, key_of
from kdns.cluster.state import ClusterState
from kdns.sources.api.access import Access, Configure, from_url
from kdns.sources.api.checking import Checker
from kdns.sources.api.health import Health
from kdns.sources.api.intake import Intake
from kdns.sources.api.meter import Meter
from kdns.sources.api.pacing import Pace
from kdns.sources.api.reflector import Reflector
from kdns.sources.api.resources import ENDPOINT_SLICES, NAMESPACES, PODS, SERVICES, Resource
from kdns.sources.api.source import ApiSource
from kdns.sources.decoding import from_tree
from kdns.sources.fields import NotUnderstood
from tests.apiserver.asking import Asker

RESOURCES = (NAMESPACES, SERVICES, ENDPOINT_SLICES, PODS)
KINDS = tuple(each.kind for each in RESOURCES)

QUICK = Pace(
    first=0.01,
    longest=0.1,
    quiet=60.0,
    watch=60,
    grace=10.0,
    silence=60.0,
    short=0.02,
    patience=0.1,
    check=3600.0,
    recheck=0.1,
)

PATIENCE = 90.0
"""Seconds after which what should have come never will."""

Objects = dict[ObjectKey, ClusterObject]


async def until(condition: Callable[[], object]) -> None:
    """Wait for what must come, generously: machines are slow at times."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 (nothing tells when an event was applied)
            await asyncio.sleep(0.005)


@dataclass
class Following:
    """One resource of a server, followed by a Reflector and looked after by a Checker."""

    resource: Resource
    pace: Pace
    access: Access
    state: ClusterState = field(default_factory=ClusterState)
    tags: set[Tag] = field(default_factory=set)
    slices: list[EndpointSlice] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.health = Health(self.resource.plural)
        self.intake = Intake(self.resource, self.state, self.health, self.tags.update, self.slices.append)
        self.reflector = Reflector(self.access, self.intake, self.pace)
        self.checker = Checker(self.access, self.reflector, self.pace)

    @property
    def names(self) -> set[str]:
        return {name for _, name in self.state.keys(self.resource.kind)}

    @property
    def objects(self) -> Objects:
        return held(self.state)

    @property
    def failures(self) -> dict[str, int]:
        return dict(self.health.failures)

    @property
    def relists(self) -> dict[str, int]:
        return dict(self.health.relists)


@contextlib.asynccontextmanager
async def following(
    url: str | Configure,
    resource: Resource = SERVICES,
    pace: Pace = QUICK,
    version: str = "",
    holding: Iterable[ClusterObject] = (),
    wait: bool = True,
) -> AsyncIterator[Following]:
    """Follow one resource, from what is held and its version; nothing but this may end it."""
    access = Access(from_url(url) if isinstance(url, str) else url)
    found = Following(resource, pace, access)
    for each in holding:
        found.state.apply(Applied(each))
    found.reflector.version = version
    task = asyncio.create_task(found.reflector.run())
    try:
        if wait:
            await until(found.reflector.synced.is_set)
        yield found
    finally:
        has_ended = task.done()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await access.close()
        assert not has_ended, "nothing may end the watch"


@dataclass
class Keeping:
    """All resources of a server, kept by an ApiSource."""

    source: ApiSource
    state: ClusterState
    tags: set[Tag]

    @property
    def objects(self) -> Objects:
        return held(self.state)

    def health(self, kind: str) -> Health:
        return self.source.health[kind]


@contextlib.asynccontextmanager
async def keeping(
    url: str | Configure,
    pace: Pace = QUICK,
    wait: bool = True,
    holding: Iterable[ClusterObject] = (),
    versions: Mapping[str, str] | None = None,
    meter: Meter | None = None,
) -> AsyncIterator[Keeping]:
    """Keep a state of all resources in step with a server, from what is held and its versions."""
    state, tags = ClusterState(needed=KINDS), set[Tag]()
    access = Access(from_url(url) if isinstance(url, str) else url)
    kept = Keeping(ApiSource(access, state, RESOURCES, tags.update, pace, meter), state, tags)
    for each in holding:
        state.apply(Applied(each))
    kept.source.resume(versions or {})
    task = asyncio.create_task(kept.source.run())
    try:
        if wait:
            await until(lambda: state.has_synced)
        yield kept
    finally:
        has_ended = task.done()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert not has_ended, "nothing may end the source"


def held(state: ClusterState) -> Objects:
    return {key_of(each): each for each in state.objects()}


async def listed(asker: Asker, *resources: Resource) -> Objects:
    """Return what a fresh list of each resource holds, without what is passed over."""
    found: Objects = {}
    for resource in resources or RESOURCES:
        answer = await asker.ask(resource.path)
        found |= read_items(resource.kind, answer.tree["items"])
    return found


def read_items(kind: str, items: Iterable[Any]) -> Objects:
    found: Objects = {}
    for item in items:
        with contextlib.suppress(NotUnderstood):
            if (value := from_tree(kind, item)) is not None:
                found[key_of(value)] = value
    return found


async def agrees(asker: Asker, state: ClusterState, *resources: Resource) -> None:
    """Wait until the state is what a fresh list gives; fail with the difference if it never is."""
    expected = await listed(asker, *resources)
    with contextlib.suppress(TimeoutError):
        await until(lambda: held(state) == expected)
    assert held(state) == expected
