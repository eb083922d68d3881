"""A zone that `file` serves: which file it is read from, and what was in it the last time that was well."""

import logging
from dataclasses import dataclass
from pathlib import Path

from kdns.cluster.events import Tag
from kdns.plugins._files import Stamp, stamp
from kdns.wire.names import Name, fold, is_at_or_below, to_text
from kdns.zones.masterfile import MasterFileError, load_zone
from kdns.zones.zone import Lookup, Zone

log = logging.getLogger("kdns.plugins.file")


@dataclass(frozen=True, slots=True)
class FileOptions:
    """When a file is read again: every `reload` seconds (0 = never) if it has changed, and taken over if its
    serial has, or whatever its serial is."""

    reload: float = 60.0
    reload_by_mtime: bool = False


class ZoneFile:
    """The zone `origin`, read from `path`; its `zone` is None until that can be done.

    `tags` are those of the responses that come from it, and of those that would if it said more.
    """

    def __init__(self, path: str, origin: Name, options: FileOptions) -> None:
        self.path, self.origin, self.options = path, origin, options
        self.zone: Zone | None = None
        self.tags: frozenset[Tag] = frozenset({("file", str(id(self)))})
        self._stamp: Stamp | None = None

    def load(self) -> None:
        """Read the zone, which was not read before. Raises MasterFileError, OSError, ValueError."""
        seen = stamp(self.path)
        self.zone = load_zone(Path(self.path), self.origin)
        self._stamp = seen

    def look(self) -> Zone | None:
        """Return what the file says now, None if that is nothing to take over. What is wrong is logged."""
        shown = to_text(self.origin), self.path
        try:
            seen = stamp(self.path)
            if seen == self._stamp:
                return None
            zone = load_zone(Path(self.path), self.origin)
        except MasterFileError as error:
            log.error('Parsing zone "%s": %s', shown[0], error)
            self._stamp = seen  # said once
            return None
        except (OSError, ValueError) as error:
            log.error('Failed to open zone "%s" in "%s": %s', *shown, error)
            return None
        self._stamp = seen
        if self.zone and self.zone.serial == zone.serial and not self.options.reload_by_mtime:
            return None
        log.info('Successfully reloaded zone "%s" in "%s" with %d SOA serial', *shown, zone.serial)
        return zone


def lookup(zone: Zone, qname: Name, qtype: int) -> Lookup:
    """Look up any name. One outside the zone does not exist: its file is served under another origin, too."""
    if is_at_or_below(fold(qname), zone.origin):
        return zone.lookup(qname, qtype)
    return Lookup(found=False, authority=(zone.negative_soa,))
