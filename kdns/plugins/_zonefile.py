"""A zone that is served from a file: where it is, and what was in it the last time that was well."""

import logging
import time
from pathlib import Path

from kdns.answering.plugin import WholeZone
from kdns.cluster.events import Tag
from kdns.plugins._files import Stamp, stamp
from kdns.wire.names import Name, to_text
from kdns.zones.masterfile import Attendants, MasterFileError, load_zone
from kdns.zones.zone import Zone

log = logging.getLogger("kdns.plugins.file")

_PAUSE = 0.0002
"""Seconds between some hundred records: without it, others wait for the interpreter 5 ms at a time."""

_BATCH = 5_000


class ZoneFile:
    """The zone `origin`, read from `path`; its `zone` is None until that can be done.

    Without `by_mtime` only another serial makes it another zone. `tags` are those of the responses that come
    from it, and of those that would if it said more.
    """

    def __init__(self, path: str, origin: Name, by_mtime: bool = False) -> None:
        self.path, self.origin, self.by_mtime = path, origin, by_mtime
        self.zone: Zone | None = None
        self.tags: frozenset[Tag] = frozenset({("file", str(id(self)))})
        self._stamps: dict[str, Stamp | None] = {}

    def load(self) -> None:
        """Read the zone. Raises MasterFileError, OSError, ValueError for what can be no path."""
        self.zone = self._read()

    def _read(self) -> Zone:
        self._stamps = {}
        attendants = Attendants(log.warning, self._note, pause)
        return load_zone(Path(self.path), self.origin, attendants)

    def _note(self, path: str) -> None:
        """Remember how a file is that is about to be read: what is written meanwhile is noticed then."""
        self._stamps[path] = _stamp(path)

    def has_changed(self) -> bool:
        """Tell whether there is something to read that was not read yet, or could not be opened."""
        stamps = self._stamps.items()
        return not self._stamps.get(self.path) or any(_stamp(path) != seen for path, seen in stamps)

    def whole(self) -> WholeZone | None:
        """Return the zone as it can be handed over."""
        return None if self.zone is None else WholeZone(self.zone.serial, self.zone.rrsets)

    def look(self) -> Zone | None:
        """Return what the files say now, None if that is nothing to take over. What is wrong is logged."""
        shown = to_text(self.origin), self.path
        if not self.has_changed():
            return None
        try:
            zone = self._read()
        except MasterFileError as error:
            log.error('Parsing zone "%s": %s', shown[0], error)
            return None
        except (OSError, ValueError) as error:
            log.error('Failed to open zone "%s" in "%s": %s', *shown, error)
            return None
        if self.zone and self.zone.serial == zone.serial and not self.by_mtime:
            return None
        log.info('Successfully reloaded zone "%s" in "%s" with %d SOA serial', *shown, zone.serial)
        return zone


def pause() -> None:
    """Let other threads run, in the middle of long work."""
    time.sleep(_PAUSE)


def let_go(zones: list[Zone | None]) -> None:
    """Let go of zones bit by bit, and empty the list: all at once takes the interpreter a second a million
    records, and nobody else may run."""
    pieces = [piece for zone in zones if zone is not None for piece in zone.pieces()]
    zones.clear()
    while pieces:
        del pieces[-_BATCH:]
        pause()


def _stamp(path: str) -> Stamp | None:
    """Return the stamp of a file, None if it has none."""
    try:
        return stamp(path)
    except (OSError, ValueError):
        return None
