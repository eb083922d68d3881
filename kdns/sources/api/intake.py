"""Intake: one resource's objects, from the API's JSON into the ClusterState.

Synchronous and without I/O. Knows what a relist has seen, and what is listed but not held.
"""

import logging
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from kdns.cluster.events import Applied, Deleted, Tag, WatchEvent
from kdns.cluster.objects import ClusterObject, EndpointSlice, ObjectKey
from kdns.cluster.state import ClusterState
from kdns.sources.api.health import Health
from kdns.sources.api.replies import UNREADABLE
from kdns.sources.api.resources import Resource
from kdns.sources.decoding import decode_object
from kdns.sources.fields import NotUnderstood

log = logging.getLogger("kdns.kubernetes")


class _Metadata(msgspec.Struct, rename="camel"):
    name: str = ""
    namespace: str = ""
    resource_version: str = ""


class _Identity(msgspec.Struct):
    metadata: _Metadata


_IDENTITY = msgspec.json.Decoder(_Identity)


class Identity(NamedTuple):
    """Which object, in which version."""

    namespace: str
    name: str
    version: str


def identify(raw: bytes | msgspec.Raw) -> Identity:
    """Return whose JSON this is. Raises NotUnderstood."""
    try:
        metadata = _IDENTITY.decode(raw).metadata
    except UNREADABLE as error:
        raise NotUnderstood(str(error)) from error
    if not metadata.name or not metadata.resource_version:
        raise NotUnderstood("an object without name or resourceVersion")
    return Identity(metadata.namespace, metadata.name, metadata.resource_version)


def is_older(version: str, held: str | None) -> bool:
    """Tell whether a version is certainly older than another: of numbers only is that known."""
    return held is not None and version.isdecimal() and held.isdecimal() and int(version) < int(held)


class Intake:
    """Takes the objects of one resource. `on_event` gets what was applied and the tags it gave."""

    def __init__(
        self,
        resource: Resource,
        state: ClusterState,
        health: Health,
        on_tags: Callable[[frozenset[Tag]], None],
        on_slice: Callable[[EndpointSlice], None],
    ) -> None:
        self.resource = resource
        self.health = health
        self._state = state
        self._on_tags = on_tags
        self._on_slice = on_slice
        self._passed_over: dict[tuple[str, str], str] = {}
        self._seen: set[int] | None = None

    def __len__(self) -> int:
        """How many objects are held."""
        return self._state.count(self.resource.kind)

    def begin(self) -> None:
        """Begin a relist: `take_listed` until `missing` says what was not among it."""
        self._seen = set()

    def missing(self) -> Iterator[WatchEvent | None]:
        """End a relist; yield the deletions that were missed. Only for all that the server has.

        None comes for each object that is still there: they are many, and whoever draws may have to give way.
        """
        seen, self._seen = self._seen or set(), None
        for key in self.held_keys():
            yield None if hash(key) in seen else Deleted(ObjectKey(self.resource.kind, *key))
        for key in [key for key in self._passed_over if hash(key) not in seen]:
            del self._passed_over[key]

    def held_keys(self) -> list[tuple[str, str]]:
        """Return (namespace, name) of everything that is held of this resource."""
        return self._state.keys(self.resource.kind)

    def version_of(self, key: tuple[str, str]) -> str | None:
        """Return the version of an object as it was last taken, held or passed over; None if it was not."""
        passed_over = self._passed_over.get(key)
        if passed_over is not None:
            return passed_over
        held = self._state.get(ObjectKey(self.resource.kind, *key))
        return held.version if held is not None else None

    def take(self, event_type: str, raw: bytes | msgspec.Raw) -> str:
        """Take one event of a watch; return the version of its object. Raises NotUnderstood if it has none.

        An object that has a version but is not understood is named and passed over; what was held of it
        stays. One that DNS has no use for (a Pod at its end) is dropped. A watch that says again what was so
        before is ignored; a list is believed, as the server may have been set back.
        """
        self.health.events[event_type] += 1
        identity = identify(raw)
        key = (identity.namespace, identity.name)
        if self._seen is None and is_older(identity.version, self.version_of(key)):
            return identity.version
        if event_type == "DELETED":
            self._passed_over.pop(key, None)
            self._apply(Deleted(ObjectKey(self.resource.kind, *key)))
            return identity.version
        if self._seen is not None:
            self._seen.add(hash(key))
        if self.version_of(key) != identity.version:
            self._put(key, identity.version, raw)
        return identity.version

    def _put(self, key: tuple[str, str], version: str, raw: bytes | msgspec.Raw) -> None:
        try:
            new = decode_object(self.resource.kind, raw)
        except NotUnderstood as error:
            self.health.not_understood += 1
            self._passed_over[key] = version
            log.warning("%s %s/%s is passed over: %s", self.resource.kind, *key, error)
            return
        if new is None:
            self._apply(Deleted(ObjectKey(self.resource.kind, *key)))
            self._passed_over[key] = version
        else:
            self._passed_over.pop(key, None)
            self._apply(Applied(new))
            self._note_slice(new)

    def _note_slice(self, new: ClusterObject) -> None:
        """Tell of a changed slice, but not of those that a first list brings: nobody waited for them."""
        if isinstance(new, EndpointSlice) and self._seen is None:
            self._on_slice(new)

    def apply(self, event: WatchEvent) -> None:
        """Apply an event that `missing` gave."""
        self._apply(event)

    def _apply(self, event: WatchEvent) -> None:
        self._on_tags(self._state.apply(event))
