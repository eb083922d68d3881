"""ClusterIPs for Services whose manifests leave them out, as an API server would allocate them.

An address depends on the Service's name and on what is taken, never on the order of reading.
"""

import hashlib
import ipaddress
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from kdns.cluster.objects import ServiceKey

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

DEFAULT_SERVICE_CIDR = "10.96.0.0/16"


class Wanted(NamedTuple):
    """What a Service says about the addresses that it has not got: ipFamilies and ipFamilyPolicy."""

    families: tuple[str, ...] = ()
    policy: str = ""


class BadServiceCidr(ValueError):
    """A service CIDR that is none; the message says why."""


def read_networks(service_cidr: str) -> dict[str, Network]:
    """Return the networks by IP family: one, or two of different families, separated by a comma.

    Raises BadServiceCidr.
    """
    networks: dict[str, Network] = {}
    for text in service_cidr.split(","):
        try:
            network = ipaddress.ip_network(text.strip())
        except ValueError as error:
            raise BadServiceCidr(f"service CIDR {text.strip()!r}: {error}") from error
        family = f"IPv{network.version}"
        if family in networks:
            raise BadServiceCidr(f"service CIDR {service_cidr!r} names two networks of {family}")
        networks[family] = network
    return networks


def families_for(wanted: Wanted, networks: Collection[str]) -> tuple[list[str], list[str]]:
    """Return the families in which a Service gets addresses, and those that it asks for in vain.

    A Service that asks for nothing that there is gets an address of the first network all the same:
    its name is to exist.
    """
    asked = list(wanted.families) or list(networks)[:1]
    if wanted.policy in ("PreferDualStack", "RequireDualStack"):
        asked += [family for family in ("IPv4", "IPv6") if family not in asked]
    given = [family for family in asked if family in networks]
    optional = asked[1:] if wanted.policy == "PreferDualStack" else []
    missing = [family for family in asked if family not in networks and family not in optional]
    return given or list(networks)[:1], missing


def allocate(
    keys: Iterable[ServiceKey], network: Network, taken: Collection[str]
) -> Mapping[ServiceKey, str | None]:
    """Give each Service an address of the network that is not `taken`; None once there is no more.

    Each has a home, by a hash of its name. Who is not there already is the first by name whose home it
    is; only the others, and those whose home is taken, move on to the next free address. The network's
    first addresses are left for people to write down (KEP-3070), its last is never given.
    """
    size = network.num_addresses
    low = max(2, min(max(16, size // 16), 256) if size > 64 else 0)
    given: dict[ServiceKey, str | None] = {}
    used = set(taken)
    homeless = []
    for key in sorted(keys):
        home = _home(key, max(size - 1 - low, 1))
        address = str(network[low + home]) if size - 1 > low else None
        given[key] = None if address in used else address
        if address in used:
            homeless.append((key, home))
        elif address:
            used.add(address)
    for key, home in homeless:
        given[key] = free = next(_free(network, low, home, used), None)
        if free is None:
            break
        used.add(free)
    return given


def _home(key: ServiceKey, size: int) -> int:
    digest = hashlib.blake2b(f"{key.namespace}/{key.name}".encode(), digest_size=16).digest()
    return int.from_bytes(digest, "big") % size


def _free(network: Network, low: int, home: int, used: Collection[str]) -> Iterator[str]:
    size = network.num_addresses - 1 - low
    for step in range(1, size):
        address = str(network[low + (home + step) % size])
        if address not in used:
            yield address
