"""Terse builders of cluster objects, queries and whole responders, shared by all tests.

Packets are made and read by dnspython, so that kdns never judges itself. Fakes, no mocks.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from ipaddress import ip_address
from typing import NamedTuple

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.reversename
import dns.rrset

from kdns.answering.blocks import Block
from kdns.answering.chain import Link, Rest
from kdns.answering.queries import Query
from kdns.answering.responder import Responder
from kdns.answering.responses import Outcome, Response, then
from kdns.answering.table import AnswerTable
from kdns.cluster.events import Applied, Deleted, Tag, WatchEvent
from kdns.cluster.objects import (
    ClusterObject,
    Endpoint,
    EndpointSlice,
    Namespace,
    Pod,
    Port,
    Service,
    ServiceKind,
    key_of,
)
from kdns.cluster.state import ClusterState
from kdns.plugins.kubernetes import Kubernetes
from kdns.records.options import RecordOptions
from kdns.records.reverse import IN_ADDR_ARPA, IP6_ARPA
from kdns.wire.names import Name, fold, from_text

SERIAL = 1_700_000_000
"""The time at which every event of a test happens, unless it has a clock of its own."""

HTTP, DNS = "http:80/tcp", "dns:53/udp"


def namespace(name: str = "ns", **labels: str) -> Namespace:
    return Namespace(name, tuple(labels.items()))


def port(text: str) -> Port:
    """Read `name:number/protocol`; the name may be empty."""
    name, _, rest = text.partition(":")
    number, _, protocol = rest.partition("/")
    return Port(name, int(number), protocol)


def _split(path: str) -> tuple[str, str]:
    """Read `name` or `namespace/name`; the namespace is `ns` where none is given."""
    before, slash, after = path.rpartition("/")
    return (before if slash else "ns"), after


def cluster_ip(path: str, *addresses: str, ports: Sequence[str] = (HTTP,)) -> Service:
    kind = ServiceKind.CLUSTER_IP
    return Service(*_split(path), kind, cluster_ips=addresses, ports=tuple(map(port, ports)))


def headless(path: str, ports: Sequence[str] = (HTTP,)) -> Service:
    return Service(*_split(path), ServiceKind.HEADLESS, ports=tuple(map(port, ports)))


def external(path: str, target: str) -> Service:
    return Service(*_split(path), ServiceKind.EXTERNAL_NAME, external_name=target)


def endpoint(text: str) -> Endpoint:
    """Read `address [hostname=...] [pod=...] [unready]`."""
    address, *words = text.split()
    fields = dict(word.split("=") for word in words if "=" in word)
    return Endpoint(address, ready="unready" not in words, **fields)


def endpoints(
    service: str, *texts: str, name: str = "", ports: Sequence[str] = (HTTP,), changed_at: float = 0.0
) -> EndpointSlice:
    """Build a slice of `service`, in its namespace, called `name` or `<service>-1`."""
    where, service_name = _split(service)
    return EndpointSlice(
        where,
        name or f"{service_name}-1",
        service_name,
        tuple(map(endpoint, texts)),
        tuple(map(port, ports)),
        changed_at,
    )


def pod(path: str, *addresses: str, host_network: bool = False) -> Pod:
    return Pod(*_split(path), addresses, host_network)


def deleted(obj: ClusterObject) -> Deleted:
    return Deleted(key_of(obj))


def state_of(*objects: ClusterObject, clock: Callable[[], float] = lambda: SERIAL) -> ClusterState:
    """Return a state that holds these objects and has seen them all."""
    state = ClusterState(clock)
    for obj in objects:
        state.apply(Applied(obj))
    state.mark_synced()
    return state


class Sender(NamedTuple):
    """Who sends a packet."""

    is_stream: bool
    address: tuple[str, int] = ("192.0.2.1", 5353)

    @property
    def kind(self) -> int:
        return int(self.is_stream) + (2 if ":" in self.address[0] else 0)

    @property
    def host(self) -> bytes:
        return ip_address(self.address[0]).packed


UDP, TCP = Sender(is_stream=False), Sender(is_stream=True)

REVERSE = (IN_ADDR_ARPA, IP6_ARPA)


class InTurn:
    """A plugin that has addresses take turns."""

    def respond(self, query: Query, rest: Rest) -> Outcome:
        return then(rest(query), lambda response: response._replace(in_turn=True))


class Static:
    """A plugin that answers from a dict, (name, type) → Response, and passes everything else on."""

    name = "static"

    def __init__(self, responses: Mapping[tuple[str, int], Response]) -> None:
        self._responses = {(from_text(name), qtype): found for (name, qtype), found in responses.items()}

    def respond(self, query: Query, rest: Rest) -> Outcome:
        return self._responses.get((fold(query.name), query.type)) or rest(query)


def responder_of(
    state: ClusterState,
    options: RecordOptions,
    *rest: Link,
    fallthrough: Iterable[Name] = (),
    kind: Callable[[AnswerTable], Responder] = Responder,
    origins: Iterable[str] = (),
    first: Iterable[Link] = (),
) -> Responder:
    """Return a responder of one chain, `first`, `kubernetes` and then `rest`, with a table that is empty.

    It serves the cluster's zones, and those of `origins` beside them.
    """
    responder = kind(AnswerTable(state.serial))
    zones = (options.zone, *REVERSE)
    kubernetes = Kubernetes(state, options, zones, tuple(fallthrough))
    chain = Rest([*first, InTurn(), kubernetes, *rest], responder.resolve)
    responder.blocks = dict.fromkeys((*zones, *map(from_text, origins)), Block(chain))
    return responder


def responder_for(
    *objects: ClusterObject, **record_options: object
) -> tuple[Responder, ClusterState, AnswerTable]:
    """Return a responder for the zones of a cluster that holds these objects, its state and its table."""
    state = state_of(*objects)
    responder = responder_of(state, RecordOptions(**record_options))  # type: ignore[arg-type]
    return responder, state, responder.table


def happen(state: ClusterState, table: AnswerTable, event: ClusterObject | WatchEvent) -> frozenset[Tag]:
    """Let one event happen, as `app` does: the state takes it, the table forgets."""
    tags = state.apply(event if isinstance(event, Applied | Deleted) else Applied(event))
    table.forget(tags, state.serial)
    return tags


def build_query(
    name: str,
    qtype: str = "A",
    *,
    edns: int | None = None,
    do: bool = False,
    options: Sequence[dns.edns.Option] = (),
    rd: bool = True,
    cd: bool = False,
    ad: bool = False,
    qclass: str = "IN",
    id: int = 4711,
) -> dns.message.QueryMessage:
    """Return a query; `edns` is the UDP size that its OPT offers, None for no OPT."""
    query = dns.message.make_query(name, qtype, qclass, id=id)
    query.flags = rd * dns.flags.RD | cd * dns.flags.CD | ad * dns.flags.AD
    if edns is not None:
        flags = dns.flags.DO if do else 0
        query.use_edns(0, flags, payload=edns, request_payload=edns, options=list(options))
    return query


def respond(responder: Responder, packet: bytes, client: Sender = UDP) -> bytes:
    """Return the response to a packet, which must not be silence and must not have to be waited for."""
    response = responder.respond(packet, client)
    assert isinstance(response, bytes)
    return response


def ask(
    responder: Responder, name: str, qtype: str = "A", *, tcp: bool = False, **query: object
) -> dns.message.Message:
    """Ask one question (see `build_query`) and return the response as dnspython reads it."""
    built = build_query(name, qtype, **query)  # type: ignore[arg-type]
    packet = respond(responder, built.to_wire(), TCP if tcp else UDP)
    response = dns.message.from_wire(packet, one_rr_per_rrset=True)
    assert response.id == built.id
    assert response.question == built.question
    assert response.question[0].name.labels == built.question[0].name.labels, "0x20: the case survives"
    return response


def section_lines(section: Iterable[dns.rrset.RRset]) -> list[str]:
    """Return a section as zone-file text, one line a record, in the order of the wire, case kept."""
    return [
        f"{rrset.name} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} {rdata}"
        for rrset in section
        for rdata in rrset
    ]


def mixed_case(name: str, first: int = 0) -> str:
    """Return the name with every other letter in upper case."""
    return "".join(c.upper() if i % 2 == first else c for i, c in enumerate(name))


def reverse_name(address: str) -> str:
    return str(dns.reversename.from_address(address))
