"""A cluster out of manifest files: read, filled in, and read anew where a file has changed.

Files are known by their signatures and read once each; what is broken is named and never raises.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from kdns.cluster.objects import ClusterObject, ObjectKey
from kdns.cluster.wish import PLAIN, ClusterWish
from kdns.sources.addresses import DEFAULT_SERVICE_CIDR, read_networks
from kdns.sources.choice import kept_by
from kdns.sources.drafts import Contents, Problem, read_contents
from kdns.sources.errors import ClusterError
from kdns.sources.files import ENDINGS, Look, Signature, look
from kdns.sources.filling import fill


class UnreadablePath(ClusterError):
    """A path that was asked for and cannot be read; the message names it and says why."""


class Reading(NamedTuple):
    """All objects of all files by key, what was skipped, and what there is to say about the rest."""

    objects: dict[ObjectKey, ClusterObject]
    problems: list[Problem]
    notices: list[str]


class _Held(NamedTuple):
    signature: Signature
    contents: Contents


class Manifests:
    """The manifests under `paths` (files and folders), in that order; among equal objects the last wins.

    `service_cidr` is where Services without a ClusterIP get one: one network, or one of each family
    separated by a comma (raises BadServiceCidr). Only what `wish` wishes to see is kept.

    What a file held is kept between readings as the objects themselves, which the ClusterState holds
    too: that costs references, not copies, however large the file.
    """

    def __init__(
        self, paths: Sequence[Path], service_cidr: str = DEFAULT_SERVICE_CIDR, wish: ClusterWish = PLAIN
    ) -> None:
        self.paths = tuple(paths)
        self.networks = read_networks(service_cidr)
        self._service_cidr = service_cidr
        self._kept = kept_by(wish)
        self._held: dict[Path, _Held] = {}

    def as_seen_by(self, wish: ClusterWish) -> "Manifests":
        """Return the same files for another wish, not read yet."""
        return Manifests(self.paths, self._service_cidr, wish)

    def check(self) -> None:
        """Raise UnreadablePath if one of the paths cannot be read. For the start: later it is a Problem."""
        failures = look(self.paths).failures
        for path in self.paths:
            if path in failures:
                raise UnreadablePath(f"{path}: {failures[path].reason}")
            if not os.access(path, os.R_OK):
                raise UnreadablePath(f"{path}: Permission denied")

    def look(self) -> Look:
        """Return what there is to read; equal to an earlier look if nothing has changed since."""
        return look(self.paths)

    def read(self, seen: Look | None = None) -> Reading:
        """Read what has changed since the last reading and return all objects, complete.

        Nothing that files hold raises. What cannot be read is a Problem; what was read of it before
        stays, unless it was deleted. To be called from one thread at a time.
        """
        seen = seen or self.look()
        problems = [Problem(path, "", "", failure.reason) for path, failure in seen.failures.items()]
        held = {path: self._read(path, signature) for path, signature in seen.files.items()}
        self._held = {**dict(self._out_of_sight(seen)), **held}
        filled = fill((each.contents for each in self._held.values()), self.networks)
        notices = (
            [] if self._held else [f"no file named {' or '.join(f'*{e}' for e in sorted(ENDINGS))} found"]
        )
        return Reading(filled.objects, problems + filled.problems, notices + filled.notices)

    def _read(self, path: Path, signature: Signature) -> _Held:
        before = self._held.get(path)
        if before and before.signature == signature:
            return before
        return _Held(signature, read_contents(path, self._kept, before.contents if before else None))

    def _out_of_sight(self, seen: Look) -> Iterator[tuple[Path, _Held]]:
        """Yield what is held of files that may still be there: a lost folder says nothing about its files."""
        for path, held in self._held.items():
            failure = seen.failures.get(path)
            if (failure and not failure.is_gone) or any(parent in seen.failures for parent in path.parents):
                yield path, held
