"""What people leave out of manifests and an API server would fill in, from all files together.

Only manifests pass through here; objects of the API are complete.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from kdns.cluster.objects import (
    ClusterObject,
    EndpointSlice,
    Namespace,
    ObjectKey,
    Pod,
    Service,
    ServiceKey,
    ServiceKind,
    key_of,
)
from kdns.sources.addresses import Network, Wanted, allocate, families_for
from kdns.sources.drafts import Contents, Draft, Problem, lacks_address, object_text


class Found(NamedTuple):
    """A draft and the file that it stands in."""

    draft: Draft
    path: Path


class Filled(NamedTuple):
    """A cluster's objects, complete, and what is to be said about them."""

    objects: dict[ObjectKey, ClusterObject]
    problems: list[Problem]
    notices: list[str]


def fill(files: Iterable[Contents], networks: Mapping[str, Network]) -> Filled:
    """Put the drafts of all files together, in their order, and complete them."""
    filled = Filled({}, [], [])
    namespaces: set[str] = set()
    found: dict[ObjectKey, Found] = {}
    for contents in files:
        filled.problems.extend(contents.problems)
        filled.notices.extend(contents.notices)
        filled.notices.extend(_add(found, contents))
        namespaces |= contents.namespaces
    filled.objects.update((key_of(value), value) for value in _values(found))
    _fill_namespaces(filled, namespaces)
    _fill_addresses(filled, found, networks)
    filled.notices.extend(_headless_notices(filled.objects))
    return filled


def _add(found: dict[ObjectKey, Found], contents: Contents) -> Iterator[str]:
    """Take the drafts of one more file, and yield what there is to say about objects given before."""
    for key, draft in contents.drafts.items():
        if earlier := found.get(key):
            yield (
                f"{object_text(key)} is given twice, in {earlier.path}, document {earlier.draft.document}"
                f" and in {contents.path}, document {draft.document}: the later counts"
            )
        found[key] = Found(draft, contents.path)


def _values(found: Mapping[ObjectKey, Found]) -> Iterator[ClusterObject]:
    """Yield the objects. Endpoints count where a Service has no EndpointSlice: a cluster mirrors them."""
    sliced = {
        each.draft.value.service_key for each in found.values() if isinstance(each.draft.value, EndpointSlice)
    }
    for key, each in found.items():
        if not isinstance(each.draft.value, tuple):
            yield each.draft.value
        elif ServiceKey(key.namespace, key.name) not in sliced:
            yield from each.draft.value


def _fill_namespaces(filled: Filled, names: Iterable[str]) -> None:
    for name in sorted(names):
        filled.objects.setdefault(ObjectKey("Namespace", "", name), Namespace(name))


def _fill_addresses(
    filled: Filled, found: Mapping[ObjectKey, Found], networks: Mapping[str, Network]
) -> None:
    """Give the Services that need ClusterIPs and have none some of the networks' that nobody has."""
    needing: dict[ServiceKey, list[str]] = {}
    for key, (draft, _) in found.items():
        if not lacks_address(draft.value):
            continue
        needing[ServiceKey(key.namespace, key.name)], missing = families_for(
            Wanted(draft.families, draft.policy), networks
        )
        if missing:
            asked = " and ".join(missing)
            filled.notices.append(f"{object_text(key)} asks for {asked}, which the service CIDR has not")
    if not needing:
        return
    taken = {address for value in filled.objects.values() for address in _addresses_of(value)}
    given = {
        family: allocate((key for key, families in needing.items() if family in families), network, taken)
        for family, network in networks.items()
    }
    for service, families in needing.items():
        _put_addresses(filled, found, service, [given[family][service] for family in families])


def _put_addresses(
    filled: Filled, found: Mapping[ObjectKey, Found], service: ServiceKey, given: list[str | None]
) -> None:
    key = ObjectKey("Service", service.namespace, service.name)
    value = filled.objects[key]
    addresses = tuple(address for address in given if address)
    if addresses and isinstance(value, Service):
        filled.objects[key] = replace(value, cluster_ips=addresses)
        filled.notices.append(f"{object_text(key)} has no clusterIP: given {' and '.join(addresses)}")
    if len(addresses) < len(given):
        draft, path = found[key]
        filled.problems.append(
            Problem(path, draft.document, object_text(key), "no address is left in the service CIDR")
        )


def _addresses_of(value: ClusterObject) -> Iterable[str]:
    match value:
        case Service():
            return (*value.cluster_ips, *value.external_ips)
        case EndpointSlice():
            return (endpoint.address for endpoint in value.endpoints)
        case Pod():
            return value.addresses
    return ()


def _headless_notices(objects: Mapping[ObjectKey, ClusterObject]) -> Iterator[str]:
    """Name headless Services without slices: nothing here computes endpoints from selectors."""
    sliced = {value.service_key for value in objects.values() if isinstance(value, EndpointSlice)}
    for key, value in objects.items():
        if isinstance(value, Service) and value.kind is ServiceKind.HEADLESS and value.key not in sliced:
            yield (
                f"{object_text(key)} is headless and no EndpointSlice or Endpoints is given for it:"
                " it answers NXDOMAIN until then"
            )
