"""The zones in the files of a folder: which file is which zone, those that come, and those that are gone."""

import logging
import os
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from kdns.corefile.patterns import Match, Pattern
from kdns.plugins._zonefile import ZoneFile
from kdns.wire.names import BadName, Name, fold, from_text, to_text
from kdns.zones.masterfile import MasterFileError
from kdns.zones.zone import Zone

log = logging.getLogger("kdns.plugins.auto")

_REFERENCE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<braced>\w+)\}|(?P<bare>\w+))")


class Folder(NamedTuple):
    """A folder, the pattern of the files in it that are zones, and their origins: a template in which {1} or
    {name} stands for what a group of the pattern matched."""

    path: str
    pattern: Pattern
    template: str

    def found(self) -> dict[Name, str]:
        """Return the paths of zones by their origins; of two for one zone the first. What is wrong is logged.

        The folder itself may be a symbolic link, as those of ConfigMaps are; links in it are not followed to
        other folders.
        """
        paths: dict[Name, str] = {}
        for path in _files(os.path.realpath(self.path)):
            match = self.pattern.search(os.path.basename(path))
            written = "" if match is None else _expanded(self.template, match)
            if not written:
                continue
            try:
                origin = fold(from_text(written))
            except BadName as error:
                log.warning("%s is no zone: %s", path, error)
                continue
            first = paths.setdefault(origin, path)
            if first != path and not _is_same(first, path):
                log.warning(
                    'Multiple zone files match origin "%s": using "%s" instead of "%s"',
                    *(to_text(origin), first, path),
                )
        return paths


def _files(folder: str) -> Iterator[str]:
    """Yield the paths of files below a folder, each level in the order of the names; a file is its own."""
    if os.path.isfile(folder):
        yield folder
        return
    try:
        found = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        log.warning("error reading %s: %s", folder, error)
        return
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path)
        elif entry.is_file():
            yield entry.path


def _is_same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def _expanded(template: str, match: Match) -> str:
    """Return a template with what the groups matched, as Go's Regexp.Expand has it once each { is a ${."""

    def group(reference: re.Match[str]) -> str:
        if reference["dollar"]:
            return "$"
        name = reference["braced"] or reference["bare"]
        try:
            return match.group(int(name) if name.isdecimal() else name) or ""
        except IndexError:
            return ""

    return _REFERENCE.sub(group, template.replace("{", "${"))


class News(NamedTuple):
    """What a folder says that it has not said before: zones that are `known` now, and what some of these say
    instead of what they have said."""

    known: dict[Name, ZoneFile]
    changed: list[tuple[ZoneFile, Zone]]


def scan(folder: Folder, known: Mapping[Name, ZoneFile]) -> News:
    """Look at a folder of which so much is known; files that could not be read are known, too.

    A zone that is not `known` yet is read. What is wrong is logged.
    """
    news = News({}, [])
    for origin, path in folder.found().items():
        file = news.known[origin] = known.get(origin) or ZoneFile(path, origin)
        file.path = path
        if file.zone is None:
            _load(file)
        elif (zone := file.look()) is not None:
            news.changed.append((file, zone))
    return news


def _load(file: ZoneFile) -> None:
    """Read a zone that was not read before, unless that is known to be in vain."""
    if not file.has_changed():
        return
    try:
        file.load()
    except MasterFileError as error:
        log.warning("Parse zone `%s': %s", to_text(file.origin), error)
    except (OSError, ValueError) as error:
        log.warning("Opening %s failed: %s", file.path, error)
