"""ClusterState: every object that is known, and the indexes by which answers are found.

Changed by `apply` only, which neither waits nor does I/O: whoever reads sees the cluster before an event
or after it. The order in which objects arrived leaves no trace.
"""

import time
import weakref
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from copy import copy
from typing import TypeVar

from msgspec.structs import replace

from kdns.cluster.events import (
    UNSYNCED,
    Applied,
    Tag,
    WatchEvent,
    address_tag,
    namespace_tag,
    service_tag,
)
from kdns.cluster.index import Index
from kdns.cluster.objects import (
    ClusterObject,
    Endpoint,
    EndpointSlice,
    Namespace,
    ObjectKey,
    Pod,
    Service,
    key_of,
)

NEEDED_ALWAYS = ("Namespace", "Service", "EndpointSlice")
"""The kinds of objects without which no answer about a Service is certain."""

NO_TAGS: frozenset[Tag] = frozenset()

_K = TypeVar("_K")
_V = TypeVar("_V")


class ClusterState:
    """The objects of one cluster, complete once all objects of the `needed` kinds have been seen.

    `serial` is the Unix time of the last change that DNS can show (that of creation at first), `changes`
    counts them.
    """

    def __init__(self, clock: Callable[[], float] = time.time, needed: Iterable[str] = NEEDED_ALWAYS) -> None:
        self.services: dict[tuple[str, str], Service] = {}
        self.slices: dict[tuple[str, str], EndpointSlice] = {}
        self.pods: dict[tuple[str, str], Pod] = {}
        self.namespaces: dict[str, Namespace] = {}
        self._keyed: Mapping[str, Collection[tuple[str, str]]] = {
            "Service": self.services,
            "EndpointSlice": self.slices,
            "Pod": self.pods,
        }
        self.unsynced = frozenset(needed)
        self.changes = 0
        self.serial = int(clock())
        self._clock = clock
        self._slices_of: dict[tuple[str, str], tuple[EndpointSlice, ...]] = {}
        self._services_at = Index()
        self._slices_at = Index()
        self._pods_at = Index()
        self._snapshot: weakref.ref[ClusterState] | None = None

    def __len__(self) -> int:
        """How many objects are held."""
        return len(self.services) + len(self.slices) + len(self.pods) + len(self.namespaces)

    @property
    def has_synced(self) -> bool:
        """Whether every object that is needed has been seen once."""
        return not self.unsynced

    @property
    def lasting_serial(self) -> int:
        """The serial for whoever copies what is here: there is a higher one once anything has changed.

        A change later in the same second would not move `serial`. Until the second is over, a copy therefore
        counts as one of the second before.
        """
        return self.serial - (int(self._clock()) <= self.serial)

    def snapshot(self) -> "ClusterState":
        """Return what `services`, `namespaces` and `slices_of` give now, whatever is applied later.

        It is the same one until something changes, as long as anybody has it. Copying 30,000 Services takes
        a millisecond.
        """
        held = self._snapshot() if self._snapshot else None
        if held is None or held.changes != self.changes:
            held = copy(self)
            held.services, held.namespaces = self.services.copy(), self.namespaces.copy()
            held._slices_of = self._slices_of.copy()
            self._snapshot = weakref.ref(held)
        return held

    def is_synced(self, kind: str) -> bool:
        """Tell whether all objects of this kind have been seen once."""
        return kind not in self.unsynced

    def mark_synced(self, *kinds: str) -> frozenset[Tag]:
        """Note that all objects of these kinds (of every kind, if none is given) have been seen once.

        Returns the tags of the answers that this may change, as `apply` does.
        """
        before = self.unsynced
        self.unsynced = before - set(kinds) if kinds else frozenset()
        return NO_TAGS if self.unsynced == before else frozenset({UNSYNCED})

    def keys(self, kind: str) -> list[tuple[str, str]]:
        """Return (namespace, name) of every object of this kind; the namespace of a Namespace is ""."""
        if kind == "Namespace":
            return [("", name) for name in self.namespaces]
        return list(self._keyed[kind])

    def count(self, kind: str) -> int:
        """How many objects of this kind are held."""
        return len(self.namespaces if kind == "Namespace" else self._keyed[kind])

    def slices_of(self, service: tuple[str, str]) -> tuple[EndpointSlice, ...]:
        """Return the EndpointSlices of a Service (which need not exist), in the order of their names."""
        return self._slices_of.get(service, ())

    def services_at(self, address: str) -> list[Service]:
        """Return the Services with this ClusterIP; more than one only where objects contradict each other."""
        return [self.services[key] for key in self._services_at.get(address, ())]

    def endpoints_at(self, address: str) -> Iterator[tuple[EndpointSlice, Endpoint]]:
        """Yield the endpoints, ready or not, that have this address, with their slices."""
        for key in self._slices_at.get(address, ()):
            held = self.slices[key]
            for endpoint in held.endpoints:
                if endpoint.address == address:
                    yield held, endpoint

    def pods_at(self, address: str) -> list[Pod]:
        """Return the Pods that have this address, host-network ones among them."""
        return [self.pods[key] for key in self._pods_at.get(address, ())]

    def objects(self) -> Iterator[ClusterObject]:
        """Yield every object that is held."""
        for table in (self.namespaces, self.services, self.slices, self.pods):
            yield from table.values()

    def get(self, key: ObjectKey) -> ClusterObject | None:
        """Return the object of this key, if it is held."""
        match key.resource:
            case "Service":
                return self.services.get(key[1:])
            case "EndpointSlice":
                return self.slices.get(key[1:])
            case "Pod":
                return self.pods.get(key[1:])
        return self.namespaces.get(key.name)

    def apply(self, event: WatchEvent) -> frozenset[Tag]:
        """Take one event into the state and return the tags of the answers that it may change.

        An empty set means that nothing visible in DNS has changed, a label edit for example.
        """
        new = event.object if isinstance(event, Applied) else None
        old = self.get(event.key if new is None else key_of(new))  # type: ignore[union-attr]
        match new if new is not None else old:
            case Service():
                tags = self._put_service(old, new)  # type: ignore[arg-type]
            case EndpointSlice():
                tags = self._put_slice(old, new)  # type: ignore[arg-type]
            case Pod():
                tags = self._put_pod(old, new)  # type: ignore[arg-type]
            case Namespace():
                tags = self._put_namespace(old, new)  # type: ignore[arg-type]
            case _:
                return NO_TAGS
        if tags:
            self.changes += 1
            self.serial = int(self._clock())
        return tags

    def _put_service(self, old: Service | None, new: Service | None) -> frozenset[Tag]:
        before = old.cluster_ips if old else ()
        after = new.cluster_ips if new else ()
        key = (new or old).key  # type: ignore[union-attr]
        _store(self.services, key, new)
        if old and new and replace(old, version=new.version) == new:
            return NO_TAGS
        self._services_at.replace(tuple(key), before, after)
        return frozenset({service_tag(key), *map(address_tag, {*before, *after})})

    def _put_slice(self, old: EndpointSlice | None, new: EndpointSlice | None) -> frozenset[Tag]:
        held: EndpointSlice = new or old  # type: ignore[assignment]
        key = (held.namespace, held.name)
        before = old.endpoints if old else ()
        after = new.endpoints if new else ()
        _store(self.slices, key, new)
        self._slices_at.replace(key, (e.address for e in before), (e.address for e in after))
        services = {each.service_key for each in (old, new) if each}
        for service in services:
            kept = tuple(s for s in self.slices_of(service) if s.name != held.name)
            if new and new.service_key == service:
                kept = tuple(sorted((*kept, new), key=lambda s: s.name))
            _store(self._slices_of, service, kept or None)
        if old and new and replace(old, version=new.version, changed_at=new.changed_at) == new:
            return NO_TAGS
        differing = {e.address for e in {*before} ^ {*after}} | _repeated(before) | _repeated(after)
        if len(services) > 1:
            differing = {e.address for e in (*before, *after)}
        return frozenset(map(service_tag, services)) | set(map(address_tag, differing))

    def _put_pod(self, old: Pod | None, new: Pod | None) -> frozenset[Tag]:
        key = ((new or old).namespace, (new or old).name)  # type: ignore[union-attr]
        before = old.addresses if old else ()
        after = new.addresses if new else ()
        _store(self.pods, key, new)
        if old and new and replace(old, version=new.version) == new:
            return NO_TAGS
        self._pods_at.replace(key, before, after)
        return frozenset(map(address_tag, {*before, *after}))

    def _put_namespace(self, old: Namespace | None, new: Namespace | None) -> frozenset[Tag]:
        name = (new or old).name  # type: ignore[union-attr]
        _store(self.namespaces, name, new)
        if old and new and old.labels == new.labels:
            return NO_TAGS
        return frozenset({namespace_tag(name)})


def _repeated(endpoints: tuple[Endpoint, ...]) -> set[str]:
    """Return the addresses that stand in a slice more than once: they may change in nothing but order."""
    counts = Counter(endpoint.address for endpoint in endpoints)
    return {address for address, count in counts.items() if count > 1}


def _store(table: dict[_K, _V], key: _K, value: _V | None) -> None:
    if value is None:
        table.pop(key, None)
    else:
        table[key] = value
