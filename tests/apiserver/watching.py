"""WATCH over the store: the lines that begin a stream, and the line that a change makes in it.

Bytes out, in the right order; connections, failures and waiting are in `streams`.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.apiserver.options import ListOptions
from tests.apiserver.resources import Object, Target
from tests.apiserver.shapes import PARTIAL_LIST, bookmark, encode, shaped
from tests.apiserver.statuses import ApiError, expired_watch, status, too_large_version
from tests.apiserver.store import Change, Store


class Watched(NamedTuple):
    """What one watch shows: a target, its options, and the shape of its objects."""

    target: Target
    options: ListOptions
    shape: str

    def line(self, change: Change) -> bytes:
        """Return what this watch says of a change, nothing if it does not show it.

        An object that ceases to match the selectors is deleted for this watch, as it was before,
        under the new version.
        """
        resource, namespace = self.target.resource, self.target.namespace
        if change.resource != resource or (namespace and change.key[0] != namespace):
            return b""
        was, now = self._shows(change.previous), self._shows(change.current)
        if now:
            return self.event("MODIFIED" if was else "ADDED", now)
        if was:
            metadata = was["metadata"] | {"resourceVersion": str(change.version)}
            return self.event("DELETED", was | {"metadata": metadata})
        return b""

    def event(self, kind: str, obj: Object) -> bytes:
        return encode({"type": kind, "object": shaped(obj, self.shape)})

    def bookmark(self, version: int, *, ends_initial: bool = False) -> bytes:
        return bookmark(self.target.resource, version, self.shape, ends_initial=ends_initial)

    def present(self, store: Store) -> list[Object]:
        """Return the objects that this watch shows, in an order that is arbitrary, but always the same."""
        found = [obj for obj in store.objects(self.target.resource).values() if self._is_here(obj)]
        return sorted(found, key=lambda obj: zlib.crc32(repr(obj["metadata"]["name"]).encode()))

    def _is_here(self, obj: Object) -> bool:
        namespace = self.target.namespace
        is_in = not namespace or obj["metadata"].get("namespace") == namespace
        return is_in and self.options.selects(obj)

    def _shows(self, obj: Object | None) -> Object | None:
        return obj if obj is not None and self.options.selects(obj) else None


class Beginning(NamedTuple):
    """How a stream begins; only changes after `floor` follow, and none if it `is_over` with that."""

    lines: Iterator[bytes]
    floor: int
    is_over: bool = False


def begin(store: Store, watched: Watched) -> Beginning:
    """Return the beginning of a watch; raise the refusal of a version that is no number.

    A version too old, or too new for initial events, is refused in the stream, as a watch cache does,
    the latter at once, where the real one waits for three seconds. Who asks for lists of metadata is
    answered by an empty stream: a watch has none.
    """
    options, current = watched.options, store.version
    if watched.shape == PARTIAL_LIST:
        return Beginning(iter(()), current, is_over=True)
    version = current if options.is_any_version else _read_version(options.version)
    if options.wants_initial and version > current:
        return _refused(too_large_version(version, current))
    if options.wants_initial or (options.wants_initial is None and options.is_any_version):
        return Beginning(_initial(watched, watched.present(store), current), current)
    if version < store.compacted:
        return _refused(expired_watch(version, store.compacted))
    past = store.since(watched.target.resource, version)
    return Beginning(map(watched.line, past), max(version, current))


def _initial(watched: Watched, present: Iterable[Object], version: int) -> Iterator[bytes]:
    yield from (watched.event("ADDED", obj) for obj in present)
    if watched.options.wants_initial and watched.options.wants_bookmarks:
        yield watched.bookmark(version, ends_initial=True)


def _refused(error: ApiError) -> Beginning:
    return Beginning(iter([encode({"type": "ERROR", "object": error.status})]), 0, is_over=True)


def _read_version(text: str) -> int:
    """A watch answers a bad version with 500 and no reason, where a list has 400."""
    if not text.isdecimal():
        message = (
            f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        )
        raise ApiError(500, status(500, "", message))
    return int(text)
