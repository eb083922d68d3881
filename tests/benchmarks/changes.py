"""The changes whose answers are timed: each a request to the API server, a question, and the new answer.

One cycle makes, changes and deletes a Service, an EndpointSlice, a Pod and a Namespace.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.apiserver.builders import endpoint_slice, headless, namespace, pod, service
from tests.benchmarks import kubeapi
from tests.benchmarks.kubeapi import Write
from tests.benchmarks.packets import Question
from tests.benchmarks.plan import ZONE
from tests.benchmarks.waiting import Expected, Watched

GONE = Expected("NXDOMAIN", frozenset())
ANY = Expected("NOERROR")
NODATA = Expected("NOERROR", frozenset())


class Change(NamedTuple):
    """A request; with `kind`, the answer that is timed. Without, it is only made."""

    write: Write
    kind: str = ""
    watched: Watched = Watched(Question(ZONE), NODATA)


def cycle(where: str, number: int, kinds: frozenset[str]) -> Iterator[Change]:
    """Yield the changes of one cycle in the namespace `where`; what they make, they delete."""
    for kind in KINDS:
        if kind in kinds:
            yield from _CHANGES[kind](where, number)


def _services(where: str, number: int) -> Iterator[Change]:
    name = f"web-{number}"
    host = f"{name}.{where}.svc.{ZONE}"
    a, srv = Question(host), Question(f"_http._tcp.{host}", "SRV")
    port = str(10_000 + number)
    ports = {"spec": {"ports": [{"name": "http", "port": int(port), "protocol": "TCP"}]}}
    yield Change(kubeapi.create(service(f"{where}/{name}")), "Service created", Watched(a, ANY))
    changed = Watched(srv, Expected("NOERROR", frozenset({port})))
    yield Change(kubeapi.patch("Service", where, name, ports), "Service changed", changed)
    yield Change(kubeapi.delete("Service", where, name), "Service deleted", Watched(a, GONE))


def _slices(where: str, number: int) -> Iterator[Change]:
    name = f"db-{number}"
    question = Question(f"{name}.{where}.svc.{ZONE}")
    first, second = _address(200, number), _address(201, number)

    def answered(*addresses: str) -> Watched:
        return Watched(question, Expected("NOERROR", frozenset(addresses)))

    yield Change(kubeapi.create(headless(f"{where}/{name}")))
    created = endpoint_slice(f"{where}/{name}", first)
    yield Change(kubeapi.create(created), "EndpointSlice created", answered(first))
    endpoints = {"endpoints": endpoint_slice(f"{where}/{name}", first, second)["endpoints"]}
    called = created["metadata"]["name"]
    change = kubeapi.patch("EndpointSlice", where, called, endpoints)
    yield Change(change, "EndpointSlice changed", answered(first, second))
    gone = kubeapi.delete("EndpointSlice", where, called)
    yield Change(gone, "EndpointSlice deleted", Watched(question, GONE))
    yield Change(kubeapi.delete("Service", where, name))


def _pods(where: str, number: int) -> Iterator[Change]:
    path = f"{where}/pod-{number}"
    first, second = _address(202, number), _address(203, number)

    def status(address: str) -> Write:
        change = {"status": pod(path, address)["status"]}
        return kubeapi.patch("Pod", where, f"pod-{number}", change, "/status")

    def watched(address: str, expected: Expected) -> Watched:
        return Watched(Question(f"{address.replace('.', '-')}.{where}.pod.{ZONE}"), expected)

    def there(address: str) -> Watched:
        return watched(address, Expected("NOERROR", frozenset({address})))

    yield Change(kubeapi.create(pod(path)))
    yield Change(status(first), "Pod gets an address", there(first))
    yield Change(status(second), "Pod changed", there(second))
    yield Change(kubeapi.delete("Pod", where, f"pod-{number}"), "Pod deleted", watched(second, GONE))


def _namespaces(where: str, number: int) -> Iterator[Change]:
    name = f"{where}-{number}"
    question = Question(f"{name}.svc.{ZONE}")
    yield Change(kubeapi.create(namespace(name)), "Namespace created", Watched(question, NODATA))
    yield Change(kubeapi.delete("Namespace", name=name), "Namespace deleted", Watched(question, GONE))


def _address(third: int, number: int) -> str:
    """Return an address that no other object of these changes has."""
    high, low = divmod(number, 250)
    return f"10.{third}.{high % 250}.{low + 1}"


_CHANGES: dict[str, Callable[[str, int], Iterator[Change]]] = {
    "service": _services,
    "slice": _slices,
    "pod": _pods,
    "namespace": _namespaces,
}
KINDS = tuple(_CHANGES)
