"""The composition root: builds every room from settings, runs it, and stops it in order.

The only place that knows all rooms. It decides nothing about DNS.
"""

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from kdns.answering.chain import Handler, build_chain
from kdns.answering.responder import Responder
from kdns.answering.table import AnswerTable
from kdns.cluster.events import UNSYNCED, Tag
from kdns.cluster.state import NEEDED_ALWAYS, ClusterState
from kdns.measures import Family, Histogram
from kdns.observability.metrics import CONTENT_TYPE, Metrics
from kdns.observability.pages import OK, PLAIN_TEXT, Page, PagesError, Running, serve_pages
from kdns.observability.readiness import Readiness
from kdns.plugins.file import File
from kdns.plugins.kubernetes import Kubernetes
from kdns.records.options import PodMode, RecordOptions
from kdns.records.reverse import IN_ADDR_ARPA, IP6_ARPA
from kdns.servers.addresses import ListenAddress
from kdns.servers.binding import ListenError
from kdns.servers.limits import Quota
from kdns.servers.listeners import Listener, open_listeners
from kdns.sources.manifest_source import ManifestSource
from kdns.sources.manifests import Manifests, UnreadablePath
from kdns.sources.snapshot import Snapshot
from kdns.wire.names import Name, is_at_or_below
from kdns.zones.masterfile import MasterFileError, load_zone
from kdns.zones.shipped import shipped_zone_paths
from kdns.zones.zone import Zone

if TYPE_CHECKING:
    from kdns.sources.api.access import Configure

log = logging.getLogger("kdns")

DRAIN_SECONDS = 5.0
"""How long a stop waits for answers that are under way (CoreDNS's grace period)."""

_GC_THRESHOLDS = (4_000, 1_000, 50)
"""Young objects a few at a time, about a millisecond; older ones hardly ever: answers and objects have no
cycles, and each look at many of them stops all queries."""

_RESTART_SECONDS = 1.0


class StartError(Exception):
    """The server can't start; the message says why, for the person who started it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that `kdns serve` can be told. Objects come from `manifests` or, if that is None, from the
    API server that `api` leads to."""

    listen: Sequence[ListenAddress]
    manifests: Manifests | None = None
    api: "Configure | None" = None
    records: RecordOptions = field(default_factory=RecordOptions)
    zone_files: Sequence[Path] = ()
    state_dir: Path | None = None
    metrics: ListenAddress | None = None
    probes: ListenAddress | None = None


def build_blocks(
    state: ClusterState, responder: Responder, records: RecordOptions, static: Sequence[Zone]
) -> dict[Name, Handler]:
    """Return the server blocks: the cluster's zones, and each static zone by its own.

    A static zone in a reverse tree comes after the cluster, which knows its own addresses better.
    """
    reverse = (IN_ADDR_ARPA, IP6_ARPA)
    origins = [zone.origin for zone in static]
    file = File(static, responder.resolve)
    kubernetes = Kubernetes(
        state,
        records,
        (records.zone, *reverse),
        responder.resolve,
        fallthrough=[origin for origin in origins if _is_below(origin, reverse)],
    )
    cluster_first, zones_only = build_chain([kubernetes, file]), build_chain([file])
    blocks = {origin: cluster_first if _is_below(origin, reverse) else zones_only for origin in origins}
    return blocks | dict.fromkeys((records.zone, *reverse), cluster_first)


def _is_below(origin: Name, zones: Iterable[Name]) -> bool:
    return any(is_at_or_below(origin, zone) for zone in zones)


def load_zones(paths: Iterable[Path]) -> list[Zone]:
    """Read the shipped zones that are served by default, then these; of one origin the later counts."""
    zones: dict[Name, Zone] = {}
    for path in (*shipped_zone_paths(), *paths):
        try:
            zone = load_zone(path)
        except (OSError, MasterFileError) as error:
            raise StartError(str(error)) from error
        zones[zone.origin] = zone
    return list(zones.values())


async def serve(settings: Settings, on_listening: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGTERM or SIGINT, then stop in order. Raises StartError.

    The sockets are open before the objects are there: until then names of the cluster get SERVFAIL.
    """
    needs_pods = settings.records.pods == PodMode.VERIFIED
    state = ClusterState(needed=(*NEEDED_ALWAYS, *(["Pod"] if needs_pods else [])))
    table = AnswerTable(state.serial)
    responder = Responder(table)
    responder.blocks = build_blocks(state, responder, settings.records, load_zones(settings.zone_files))

    def forget(tags: frozenset[Tag]) -> None:
        if tags:
            table.forget(tags, state.serial)
        if UNSYNCED in tags and state.has_synced:
            gc.freeze()  # the objects of a cluster are no garbage: looking at them again costs up to 40 ms

    gc.set_threshold(*_GC_THRESHOLDS)
    stop = _stop_event()
    source = await _source(settings, state, forget)
    async with contextlib.AsyncExitStack() as opened:
        listeners = await _open(settings.listen, responder)
        for address, pages in _pages(settings, state, source).items():
            opened.push_async_callback((await _serve_pages(address, pages)).cleanup)
        running = asyncio.create_task(_keep_running(source))
        for host, port in dict.fromkeys(listener.address for listener in listeners):
            log.info("listening on %s, UDP and TCP", ListenAddress(host, port))
        on_listening()
        await stop.wait()
        log.info("stopping: no new queries, up to %g s for those under way", DRAIN_SECONDS)
        running.cancel()
        drains = [listener.drain(DRAIN_SECONDS) for listener in listeners]
        await asyncio.gather(running, *drains, return_exceptions=True)
    log.info("stopped")


async def _keep_running(source: "Source") -> None:
    """Run the source until cancelled. Should a defect end it, say so and begin again: nothing else would."""
    while True:
        try:
            await source.run()
        except Exception:
            log.exception("a defect of kdns has stopped the source of its objects; starting it again")
        await asyncio.sleep(_RESTART_SECONDS)


class Source(Protocol):
    """Where the cluster's objects come from."""

    async def run(self) -> None:
        """Keep the state in step until cancelled."""

    def forbidden(self) -> frozenset[str]:
        """Return the kinds of objects that may not be read."""

    def measure(self) -> Iterable[Family | Histogram]:
        """Return what there is to know about it."""


async def _source(
    settings: Settings, state: ClusterState, forget: Callable[[frozenset[Tag]], None]
) -> Source:
    """Return the source that the settings ask for; from the API, the last known state is restored at once."""
    if settings.manifests is not None:
        try:
            settings.manifests.check()
        except UnreadablePath as error:
            raise StartError(str(error)) from error
        return ManifestSource(settings.manifests, state, forget)
    from kdns.sources.api.access import AccessError
    from kdns.sources.api.cluster import ClusterSource

    assert settings.api is not None, "settings without a source"
    snapshot = Snapshot(settings.state_dir) if settings.state_dir else None
    source = ClusterSource(settings.api, state, forget, snapshot)
    try:
        await source.restore()
    except AccessError as error:
        raise StartError(str(error)) from error
    return source


def _pages(
    settings: Settings, state: ClusterState, source: Source
) -> dict[ListenAddress, dict[str, Callable[[], Page]]]:
    """Return the pages to serve by their address."""
    readiness = Readiness(lambda: state.unsynced, source.forbidden)
    metrics = Metrics(source.measure)

    def ready() -> Page:
        missing = readiness.missing()
        return Page(503, PLAIN_TEXT, b"kubernetes") if missing else OK

    pages: dict[ListenAddress, dict[str, Callable[[], Page]]] = {}
    if settings.metrics:
        pages[settings.metrics] = {"/metrics": lambda: Page(200, CONTENT_TYPE, metrics.page())}
    if settings.probes:
        pages.setdefault(settings.probes, {}).update({"/health": lambda: OK, "/ready": ready})
    return pages


async def _serve_pages(address: ListenAddress, pages: Mapping[str, Callable[[], Page]]) -> Running:
    try:
        return await serve_pages(address.host, address.port, pages)
    except PagesError as error:
        raise StartError(str(error)) from error


async def _open(addresses: Iterable[ListenAddress], responder: Responder) -> list[Listener]:
    quota, opened = Quota(), list[Listener]()
    try:
        for address in addresses:
            opened += await open_listeners(address, responder.respond, quota=quota)
    except ListenError as error:
        for listener in opened:
            listener.close()
        raise StartError(str(error)) from error
    return opened


def _stop_event() -> asyncio.Event:
    """Return the event that SIGTERM or SIGINT sets; a second signal ends the process as usual."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def stop_once() -> None:
        stop.set()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop_once)
    return stop
