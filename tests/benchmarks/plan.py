"""Which Services, endpoints and pods a generated cluster has: numbers, names and addresses, no JSON.

All of it follows from a Size alone, so that a benchmark knows the right answers without reading the file.
"""

import math
import random
from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import NamedTuple

ZONE = "cluster.local"
OUTSIDE = "example.org"
"""Below it are names that are no cluster's: servers that know an upstream have them from there."""
CLUSTER_IPS = int(IPv4Address("10.96.0.0"))
POD_IPS = int(IPv4Address("10.128.0.0"))
SPECIAL_CLUSTER_IPS = 256
"""The first addresses of 10.96.0.0/12 are for the Services that every cluster has."""
UNUSED_CLUSTER_IP = "10.111.255.254"
"""Never handed out: what load.py gives to the Service that it edits."""


class Size(NamedTuple):
    """How large a cluster is, and the seed by which its details are drawn."""

    services: int = 10_000
    endpoints: int = 100_000
    pods: int = 50_000
    namespaces: int = 200
    headless_ratio: float = 0.1
    seed: int = 1


class Port(NamedTuple):
    """A port of a Service: its name, its protocol as Kubernetes writes it, its number."""

    name: str
    protocol: str
    number: int


class PlannedService(NamedTuple):
    """A Service with `endpoints` endpoints, which are the pods `first`, `first + 1`… of its namespace."""

    namespace: str
    name: str
    cluster_ip: str
    endpoints: int
    namespace_index: int
    first: int = 0
    ports: tuple[Port, ...] = (Port("http", "TCP", 80), Port("gossip", "UDP", 7946))

    @property
    def headless(self) -> bool:
        return self.cluster_ip == "None"

    @property
    def host(self) -> str:
        """The domain name of the Service."""
        return f"{self.name}.{self.namespace}.svc.{ZONE}"


SPECIAL_NAMESPACES = ("bench", "default", "kube-system")
DNS_PORTS = (Port("dns", "UDP", 53), Port("dns-tcp", "TCP", 53), Port("metrics", "TCP", 9153))
WEB = PlannedService("bench", "web", "10.96.0.100", 2, 0)
HEADLESS_10 = PlannedService("bench", "hl10", "None", 10, 0, 2)
HEADLESS_100 = PlannedService("bench", "hl100", "None", 100, 0, 12)
SPECIALS = (
    WEB,
    HEADLESS_10,
    HEADLESS_100,
    PlannedService("default", "kubernetes", "10.96.0.1", 3, 1, 0, (Port("https", "TCP", 443),)),
    PlannedService("kube-system", "kube-dns", "10.96.0.10", 2, 2, 0, DNS_PORTS),
)
"""What every generated cluster has beside the Services that were asked for."""


def namespaces(size: Size) -> list[str]:
    """Return the names of all namespaces; a Service's `namespace_index` points into them."""
    return [*SPECIAL_NAMESPACES, *(f"ns-{index:04d}" for index in range(size.namespaces))]


def services(size: Size) -> Iterator[PlannedService]:
    """Yield the special Services, then svc-000000 and so on, spread over the namespaces in turn.

    The endpoints of the latter sum up to `size.endpoints`. Within one Service all addresses differ.
    """
    yield from SPECIALS
    draw = random.Random(size.seed)
    headless = [draw.random() < size.headless_ratio for _ in range(size.services)]
    numbers = draw.sample(range(SPECIAL_CLUSTER_IPS, 2**20 - 2), size.services)
    counts = _endpoint_counts(size, headless, draw)
    pool = max([math.ceil(size.pods / len(namespaces(size))), *counts])
    cursors = [0] * size.namespaces
    for index, count in enumerate(counts):
        namespace = index % size.namespaces
        address = "None" if headless[index] else str(IPv4Address(CLUSTER_IPS + numbers[index]))
        first = cursors[namespace] if cursors[namespace] + count <= pool else 0
        cursors[namespace] = first + count
        home = len(SPECIAL_NAMESPACES) + namespace
        yield PlannedService(f"ns-{namespace:04d}", f"svc-{index:06d}", address, count, home, first)


def _endpoint_counts(size: Size, headless: list[bool], draw: random.Random) -> list[int]:
    """Share out the endpoints: one each where they suffice, the rest by weight.

    A few ClusterIP Services get many; headless ones about as many as the average, so that a response
    with all of them fits into 512 octets at the usual sizes.
    """
    base = min(size.services, size.endpoints)
    weights = [
        draw.randint(200, 400) if each else min(7000, int(100 * draw.paretovariate(1.3))) for each in headless
    ]
    counts, total, seen, given = [], sum(weights), 0, 0
    for index, weight in enumerate(weights):
        seen += weight
        share = (size.endpoints - base) * seen // total
        counts.append(int(index < base) + share - given)
        given = share
    return counts


def pod_number(size: Size, namespace_index: int, position: int) -> int:
    """Return the cluster-wide number of the pod at `position` of a namespace."""
    return namespace_index + position * (len(SPECIAL_NAMESPACES) + size.namespaces)


def pod_name(number: int) -> str:
    """Return a pod's name, in the form that a ReplicaSet gives."""
    return f"app-{number % 997:03d}-7c5ddbdf54-{number:05x}"


def pod_address(number: int) -> str:
    """Return a pod's address: 250 to a node's /24, from 10.128.0.0 upwards."""
    node, host = divmod(number, 250)
    return str(IPv4Address(POD_IPS + 256 * node + host + 2))


def node_name(number: int) -> str:
    """Return the name of the node on which a pod runs."""
    return f"node-{number // 250:04d}.example.internal"
