"""The objects of the fake API server, and the history that a watch resumes from.

Every change gets the next number of one counter, as in etcd; nothing here knows HTTP, selectors or requests.
"""

import copy
import datetime
import uuid
from collections.abc import Callable
from typing import NamedTuple

from tests.apiserver.resources import BY_KIND, Object, Resource

Key = tuple[str, str]
"""Namespace (empty for what has none) and name."""

FIRST_VERSION = 996
"""Just below 1000, so that whoever compares versions as text is found out."""


class Change(NamedTuple):
    """What happened to one object: `current` is None when it was deleted, `previous` when it was created."""

    version: int
    resource: Resource
    key: Key
    current: Object | None
    previous: Object | None


class Store:
    """Objects by resource and key. What is returned is the store's own: copy before changing it."""

    def __init__(self) -> None:
        self.version = FIRST_VERSION
        self.compacted = FIRST_VERSION
        """The oldest version that can still be read or watched from."""
        self.on_change: Callable[[Change], None] = lambda _: None
        self._objects: dict[Resource, dict[Key, Object]] = {each: {} for each in BY_KIND.values()}
        self._history: list[Change] = []

    def put(self, obj: Object) -> Object:
        """Create or replace an object and return it as stored.

        It gets a new resourceVersion; uid and creationTimestamp stay those of its creation,
        which may be given. Its kind must be one that is served (KeyError).
        """
        resource = BY_KIND[obj["kind"]]
        stored = copy.deepcopy(obj)
        metadata = stored["metadata"]
        key = (metadata.get("namespace", ""), metadata["name"])
        previous = self._objects[resource].get(key)
        born = (
            previous["metadata"]
            if previous
            else {"uid": str(uuid.uuid4()), "creationTimestamp": _now()} | metadata
        )
        metadata |= {name: born[name] for name in ("uid", "creationTimestamp")}
        self._record(resource, key, stored, previous)
        return stored

    def delete(self, kind: str, namespace: str, name: str) -> Object:
        """Delete an object, which must be there (KeyError), and return what it was."""
        resource, key = BY_KIND[kind], (namespace, name)
        previous = self._objects[resource][key]
        self._record(resource, key, None, previous)
        return previous

    def compact(self) -> None:
        """Forget the history: versions before the present one are gone."""
        self._history.clear()
        self.compacted = self.version

    def objects(self, resource: Resource, version: int | None = None) -> dict[Key, Object]:
        """Return the objects as they are, or were at a version (not before `compacted`), in no order."""
        found = dict(self._objects[resource])
        if version is not None:
            for change in reversed(self.since(resource, version)):
                if change.previous is None:
                    del found[change.key]
                else:
                    found[change.key] = change.previous
        return found

    def since(self, resource: Resource, version: int) -> list[Change]:
        """Return the changes after a version, oldest first."""
        return [each for each in self._history if each.resource == resource and each.version > version]

    def _record(self, resource: Resource, key: Key, current: Object | None, previous: Object | None) -> None:
        self.version += 1
        if current is None:
            del self._objects[resource][key]
        else:
            current["metadata"]["resourceVersion"] = str(self.version)
            self._objects[resource][key] = current
        change = Change(self.version, resource, key, current, previous)
        self._history.append(change)
        self.on_change(change)


def _now() -> str:
    return f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"
