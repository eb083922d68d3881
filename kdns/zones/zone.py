"""A static zone and its lookup (RFC 1034, section 4.3.2; RFC 2308, section 3; RFC 4592; RFC 6672).

A lookup says what belongs into which section of a response; messages, clients and other zones are not known.
What RFCs leave open is done as in CoreDNS: the zone's NS records go along with all that it has to say.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from kdns.wire import codes, names, rrsets
from kdns.wire.names import MAX_NAME, Name
from kdns.wire.rrsets import RRset
from kdns.zones import additional
from kdns.zones.tree import Node, barrier_over, barriers, grow, node_at

MAX_ALIASES = 10
"""How many CNAMEs an answer follows."""

YXDOMAIN = 6
"""RCODE: the name that a DNAME gives would be too long (RFC 6672, section 2.2)."""

_NOT_ALIASED = frozenset({codes.CNAME, codes.ANY})
_OF_APEX = frozenset({codes.SOA, codes.NS})


class Lookup(NamedTuple):
    """What a zone has to say to a question: an RCODE and the three sections.

    `alias` is a CNAME's target that is outside of the zone, so that somebody else has to chase it.
    `authoritative` is False for a referral only. `is_bare`: the name that was asked for, or that its aliases
    lead to, is there only because of names below it.
    """

    rcode: int = codes.NOERROR
    answer: tuple[RRset, ...] = ()
    authority: tuple[RRset, ...] = ()
    additional: tuple[RRset, ...] = ()
    alias: Name | None = None
    authoritative: bool = True
    is_bare: bool = False


class _Way(NamedTuple):
    """How far a lookup has come: the question, the aliases that were followed, and the name they lead to."""

    qname: Name
    qtype: int
    name: Name
    aliases: tuple[RRset, ...] = ()

    def on(self, target: Name, *aliases: RRset) -> "_Way":
        return self._replace(name=target, aliases=self.aliases + aliases)

    @property
    def is_over(self) -> bool:
        """Whether it goes round in circles, or has been too long."""
        owners = [names.fold(rrset.owner) for rrset in self.aliases if rrset.type == codes.CNAME]
        return len(owners) >= MAX_ALIASES or names.fold(self.name) in owners


@dataclass(frozen=True, slots=True)
class Zone:
    """The RRsets of a zone, never changed once made. `origin` is in lower case, owners are as written."""

    origin: Name
    soa: RRset
    _nodes: Mapping[Name, Node] = field(repr=False, hash=False)
    _barriers: frozenset[Name] = field(repr=False, hash=False)

    @classmethod
    def from_rrsets(cls, records: Iterable[RRset]) -> "Zone":
        """Return the zone of these RRsets, whose one SOA lies at the apex.

        Raises ValueError if there is not exactly one SOA, or an RRset outside the zone.
        """
        held = tuple(records)
        [soa] = [rrset for rrset in held if rrset.type == codes.SOA]
        return cls.grown(soa, (rrset for rrset in held if rrset is not soa), _refuse)

    @classmethod
    def grown(cls, soa: RRset, others: Iterable[RRset], outside: Callable[[RRset], None]) -> "Zone":
        """Return the zone of an SOA and the other RRsets of it; `outside` gets those that are in no zone."""
        origin = names.fold(soa.owner)
        nodes = grow(origin, chain((soa,), others), outside)
        return cls(origin, soa, nodes, barriers(origin, nodes))

    def rrsets(self) -> Iterator[RRset]:
        """Yield all RRsets: the SOA, the rest of the apex, then the others name by name."""
        for node in self._nodes.values():
            yield from node.values()

    def pieces(self) -> list[object]:
        """Return what it is made of, for whoever lets go of a large zone little by little."""
        return [*self._nodes, *self._nodes.values()]

    @property
    def serial(self) -> int:
        return int.from_bytes(self.soa.rdatas[0][-rrsets.SERIAL_FROM_END :][:4], "big")

    @property
    def negative_soa(self) -> RRset:
        """The SOA with the TTL of a negative answer (RFC 2308, section 3)."""
        return self.soa._replace(ttl=min(self.soa.ttl, rrsets.soa_minimum(self.soa.rdatas[0])))

    def lookup(self, qname: Name, qtype: int) -> Lookup:
        """Look up a question whose QNAME is at or below the origin, in any case; otherwise ValueError.

        Owner names that are QNAME or end it are spelled as in QNAME, so that all of them compress to it; the
        others are spelled as in the RDATA that led there.
        """
        if not names.is_at_or_below(names.fold(qname), self.origin):
            raise ValueError(f"{names.to_text(qname)} is outside the zone {names.to_text(self.origin)}")
        found: Lookup | _Way = _Way(qname, qtype, qname)
        while isinstance(found, _Way):
            found = self._step(found)
        return found

    def _step(self, way: _Way) -> "Lookup | _Way":
        """Return what the zone says of the name that a lookup has come to, or where that leads."""
        folded = names.fold(way.name)
        barrier = barrier_over(folded, self.origin, self._barriers)
        if barrier is not None:
            node = self._nodes[barrier]
            if codes.DNAME in node and barrier != folded:
                return self._substituted(way, node[codes.DNAME], barrier)
            # DS is the parent's at the cut itself (RFC 4035, section 3.1.4.1).
            if codes.NS in node and barrier != self.origin and (way.qtype, barrier) != (codes.DS, folded):
                return self._referral(way, barrier)
        found = node_at(folded, self._nodes)
        if found is None or codes.CNAME not in found or self._is_answer(way.qtype, found, folded):
            return self._outcome(way, folded, found)
        alias = found[codes.CNAME]._replace(owner=way.name)
        return self._followed(way.on(Name(alias.rdatas[0]), alias))

    def _is_answer(self, qtype: int, node: Node, name: Name) -> bool:
        """Tell whether a node that has a CNAME answers a QTYPE itself. All else that it has is hidden, but
        for what an apex needs."""
        return qtype in _NOT_ALIASED or (qtype in _OF_APEX and name == self.origin and qtype in node)

    def _substituted(self, way: _Way, dname: RRset, owner: Name) -> "Lookup | _Way":
        """Return where a DNAME leads, with the CNAME that stands for it (RFC 6672, section 3.1)."""
        dname = dname._replace(owner=_end_of(way.name, owner))
        target = Name(way.name[: len(way.name) - len(owner)] + dname.rdatas[0])
        if len(target) > MAX_NAME:
            return Lookup(YXDOMAIN, (*way.aliases, dname), self.servers(way.qname))
        if target.lower() == way.name.lower():
            return Lookup(codes.SERVFAIL, authoritative=False)
        alias = RRset(way.name, codes.CNAME, dname.ttl, (target,))
        is_known = any(rrset[:2] == dname[:2] for rrset in way.aliases)
        led = way.on(target, *((alias,) if is_known else (dname, alias)))
        if way.qtype == codes.CNAME:
            return Lookup(answer=led.aliases, authority=self.servers(way.qname))
        return self._followed(led)

    def _followed(self, way: _Way) -> "Lookup | _Way":
        if not names.is_at_or_below(names.fold(way.name), self.origin):
            return Lookup(answer=way.aliases, authority=self.servers(way.qname), alias=way.name)
        if way.is_over:
            is_endless = any(rrset.type == codes.DNAME for rrset in way.aliases)
            return Lookup(
                codes.SERVFAIL if is_endless else codes.NOERROR, way.aliases, self.servers(way.qname)
            )
        return way

    def _referral(self, way: _Way, cut: Name) -> Lookup:
        """Return a delegation. Aliases that lead there are this zone's word, what they lead to is not."""
        delegation = self._nodes[cut][codes.NS]._replace(owner=_end_of(way.name, cut))
        glue = additional.glue(delegation, self._nodes)
        return Lookup(codes.NOERROR, way.aliases, (delegation,), glue, authoritative=bool(way.aliases))

    def _outcome(self, way: _Way, name: Name, node: Node | None) -> Lookup:
        matching = _matching(node or {}, way.qtype)
        if not matching:
            soa = self.negative_soa._replace(owner=_end_of(way.qname, self.origin))
            rcode = codes.NXDOMAIN if node is None else codes.NOERROR
            return Lookup(rcode, way.aliases, (soa,), is_bare=self._nodes.get(name) == {})
        answer = way.aliases + tuple(rrset._replace(owner=way.name) for rrset in matching)
        servers, extra = self.servers(way.qname), additional.of_targets(answer, self._nodes)
        if servers and name == self.origin and way.qtype in (codes.NS, codes.ANY) and not way.aliases:
            return Lookup(answer=answer, additional=extra or additional.glue(servers[0], self._nodes))
        return Lookup(answer=answer, authority=servers, additional=extra)

    def servers(self, qname: Name) -> tuple[RRset, ...]:
        """Return the zone's NS records, if it has some, its name spelled as in QNAME."""
        ns = self._nodes[self.origin].get(codes.NS)
        return () if ns is None else (ns._replace(owner=_end_of(qname, self.origin)),)


def _refuse(outside: RRset) -> None:
    raise ValueError(f"an RRset outside the zone: {names.to_text(outside.owner)}")


def _matching(node: Node, qtype: int) -> tuple[RRset, ...]:
    """Return the RRsets that a QTYPE asks for.

    ANY gets them all: RFC 8482 lets a server give fewer, but whoever asks a static zone for ANY looks for an
    error in it, and what to do about large answers over UDP is decided where messages are known.
    """
    if qtype == codes.ANY:
        return tuple(node.values())
    return (node[qtype],) if qtype in node else ()


def _end_of(name: Name, ancestor: Name) -> Name:
    """Return the ancestor as `name` spells it."""
    return Name(name[len(name) - len(ancestor) :])
