"""What can happen to the cluster's objects, and the tags that say which answers it may change."""

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from kdns.cluster.objects import ClusterObject, ObjectKey, ServiceKey


class Applied(NamedTuple):
    """An object was created or changed; `object` is what it is now."""

    object: ClusterObject


class Deleted(NamedTuple):
    """The object of this key is gone."""

    key: ObjectKey


WatchEvent: TypeAlias = Applied | Deleted

Tag: TypeAlias = tuple[str, ...]
"""Names something in the cluster that an answer depends on. The object it names need not exist."""


def service_tag(key: ServiceKey) -> Tag:
    """The Service of this key and its EndpointSlices."""
    return ("service", *key)


def namespace_tag(namespace: str) -> Tag:
    """Whether this namespace exists, and its labels."""
    return ("namespace", namespace)


def address_tag(address: str) -> Tag:
    """Which Services, endpoints and Pods have this address (canonical text)."""
    return ("address", address)


def addresses_of(tags: Iterable[Tag]) -> list[str]:
    """Return the addresses that `address_tag` was given for these of the tags."""
    return [tag[1] for tag in tags if tag[0] == "address"]


UNSYNCED: Tag = ("unsynced",)
"""Carried by answers that were given although not everything they depend on had been seen."""
