"""The composition root: builds every room from settings, runs it, and stops it in order.

The only place that knows all rooms. It decides nothing about DNS.
"""

import asyncio
import gc
import logging
import signal
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kdns.answering.chain import Handler, build_chain
from kdns.answering.responder import Responder
from kdns.answering.table import AnswerTable
from kdns.cluster.events import UNSYNCED, Tag
from kdns.cluster.state import ClusterState
from kdns.plugins.file import File
from kdns.plugins.kubernetes import Kubernetes
from kdns.records.options import RecordOptions
from kdns.records.reverse import IN_ADDR_ARPA, IP6_ARPA
from kdns.servers.addresses import ListenAddress
from kdns.servers.binding import ListenError
from kdns.servers.limits import Quota
from kdns.servers.listeners import Listener, open_listeners
from kdns.sources.manifests import Manifests, UnreadablePath
from kdns.sources.watching import follow
from kdns.wire.names import Name, is_at_or_below
from kdns.zones.masterfile import MasterFileError, load_zone
from kdns.zones.shipped import shipped_zone_paths
from kdns.zones.zone import Zone

log = logging.getLogger("kdns")

DRAIN_SECONDS = 5.0
"""How long a stop waits for answers that are under way (CoreDNS's grace period)."""

_GC_THRESHOLDS = (50_000, 20, 50)
"""Rarely: answers and objects have no cycles, and each full look stops all queries."""


class StartError(Exception):
    """The server can't start; the message says why, for the person who started it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that `kdns serve` can be told."""

    listen: Sequence[ListenAddress]
    manifests: Manifests
    records: RecordOptions = field(default_factory=RecordOptions)
    zone_files: Sequence[Path] = ()


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

    The sockets are open before the objects are read: until then names of the cluster get SERVFAIL.
    """
    state = ClusterState()
    table = AnswerTable(state.serial)
    responder = Responder(table)
    responder.blocks = build_blocks(state, responder, settings.records, load_zones(settings.zone_files))

    def forget(tags: frozenset[Tag]) -> None:
        if tags:
            table.forget(tags, state.serial)
        if UNSYNCED in tags and state.has_synced:
            gc.freeze()  # the objects of a cluster are no garbage: looking at them again costs up to 40 ms

    gc.set_threshold(*_GC_THRESHOLDS)
    try:
        settings.manifests.check()
        listeners = await _open(settings.listen, responder)
    except (UnreadablePath, ListenError) as error:
        raise StartError(str(error)) from error
    stop = _stop_event()
    source = asyncio.create_task(follow(settings.manifests, state, forget))
    for address in dict.fromkeys(listener.address for listener in listeners):
        log.info("listening on %s, UDP and TCP", ListenAddress(*address))
    on_listening()
    await stop.wait()
    log.info("stopping: no new queries, up to %g s for those under way", DRAIN_SECONDS)
    source.cancel()
    await asyncio.gather(
        *(listener.drain(DRAIN_SECONDS) for listener in listeners), source, return_exceptions=True
    )
    log.info("stopped")


async def _open(addresses: Iterable[ListenAddress], responder: Responder) -> list[Listener]:
    quota, opened = Quota(), list[Listener]()
    try:
        for address in addresses:
            opened += await open_listeners(address, responder.respond, quota=quota)
    except ListenError:
        for listener in opened:
            listener.close()
        raise
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
