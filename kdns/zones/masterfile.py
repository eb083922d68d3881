"""Zones out of master files: a path or a text in, a Zone or an error out.

`origin` completes relative names until $ORIGIN says otherwise; without one they are errors. The zone's own
origin is that, if it has an SOA, else the owner of the first one.
"""

import io
from collections.abc import Iterable
from pathlib import Path

from kdns.wire.fields import Unexpected
from kdns.wire.names import Name
from kdns.zones.draft import NoZone, ZoneDraft
from kdns.zones.reader import Attendants, MasterFileError, Reader
from kdns.zones.zone import Zone

__all__ = ["Attendants", "MasterFileError", "load_zone", "read_zone"]

_NOBODY = Attendants()


def load_zone(path: Path, origin: Name | None = None, attendants: Attendants = _NOBODY) -> Zone:
    """Read a zone from a file. Raises MasterFileError; OSError; ValueError for what can be no path."""
    return _read(None, str(path), origin, attendants)


def read_zone(text: str, path: str, origin: Name | None = None, attendants: Attendants = _NOBODY) -> Zone:
    """Read a zone from the text of a master file. Raises MasterFileError, nothing else.

    `path` is for messages, and where to look for what the text includes.
    """
    return _read(io.StringIO(text), path, origin, attendants)


def _read(lines: Iterable[str] | None, path: str, origin: Name | None, attendants: Attendants) -> Zone:
    draft = ZoneDraft(attendants.warn)
    reader = Reader(path, origin, draft, attendants)
    if lines is None:
        with reader.opened() as file:
            reader.read(file)
    else:
        reader.read(lines)
    try:
        return draft.zone(origin, attendants.pause)
    except NoZone as error:
        wrong = Unexpected(reader.line, str(error), "one at the zone's apex")
        raise MasterFileError(path, wrong) from error
