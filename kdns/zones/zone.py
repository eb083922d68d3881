"""A static zone and its lookup (RFC 1034, section 4.3.2; RFC 2308, section 3; RFC 4592).

A lookup says what belongs into which section of a response; messages, clients and other zones are not known.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from kdns.wire import codes, names, rrsets
from kdns.wire.names import Name
from kdns.wire.rrsets import RRset
from kdns.zones.tree import Node, cut_over, cuts, grow, node_at

MAX_ALIASES = 10
"""How many CNAMEs an answer follows."""

TARGETS = {codes.NS: 0, codes.MX: 2, codes.SRV: 6}
"""Type → where in its RDATA the name begins whose addresses go along (RFC 1035, RFC 2782)."""


class Lookup(NamedTuple):
    """What a zone has to say to a question: `found` is False for NXDOMAIN, the tuples are the sections.

    `alias` is a CNAME's target that this zone has no data for, so that somebody else has to chase it; with
    it, `authority` is a referral or empty. `authoritative` is False for a referral only. `is_bare`: the name
    that was asked for, or that its aliases lead to, is there only because of names below it.
    """

    found: bool = True
    answer: tuple[RRset, ...] = ()
    authority: tuple[RRset, ...] = ()
    additional: tuple[RRset, ...] = ()
    alias: Name | None = None
    authoritative: bool = True
    is_bare: bool = False


@dataclass(frozen=True, slots=True)
class Zone:
    """The RRsets of a zone, never changed once made. `origin` is in lower case, owners are as written."""

    origin: Name
    soa: RRset
    _nodes: Mapping[Name, Node] = field(repr=False, hash=False)
    _cuts: frozenset[Name] = field(repr=False, hash=False)

    @classmethod
    def from_rrsets(cls, records: Iterable[RRset]) -> "Zone":
        """Return the zone of these RRsets, whose one SOA lies at the apex (a master file is checked for it).

        Raises ValueError if there is not exactly one SOA, or an RRset outside the zone.
        """
        held = tuple(records)
        [soa] = [rrset for rrset in held if rrset.type == codes.SOA]
        origin = names.fold(soa.owner)
        if not all(names.is_at_or_below(names.fold(rrset.owner), origin) for rrset in held):
            raise ValueError(f"an RRset outside the zone {names.to_text(origin)}")
        nodes = grow(origin, held)
        return cls(origin, soa, nodes, cuts(origin, nodes))

    def rrsets(self) -> Iterator[RRset]:
        """Yield all RRsets: the SOA, the rest of the apex, then names in canonical order."""
        for node in self._nodes.values():
            yield from node.values()

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
        aliases: list[RRset] = []
        name = qname
        while True:
            folded = names.fold(name)
            if (cut := cut_over(folded, self.origin, self._cuts_for(folded, qtype))) is not None:
                return self._referral(tuple(aliases), name, cut)
            node = node_at(folded, self._nodes)
            if node is None or codes.CNAME not in node or qtype in (codes.CNAME, codes.ANY):
                return self._outcome(tuple(aliases), name, node, qtype, qname)
            aliases.append(node[codes.CNAME]._replace(owner=name))
            name = Name(aliases[-1].rdatas[0])
            if not names.is_at_or_below(names.fold(name), self.origin):
                return Lookup(answer=tuple(aliases), alias=name)
            if len(aliases) == MAX_ALIASES or _is_owner(name, aliases):
                return Lookup(answer=tuple(aliases))

    def _cuts_for(self, name: Name, qtype: int) -> frozenset[Name]:
        """Return the cuts that count. DS is the parent's at the cut itself (RFC 4035, section 3.1.4.1)."""
        return self._cuts - {name} if qtype == codes.DS else self._cuts

    def _referral(self, aliases: tuple[RRset, ...], name: Name, cut: Name) -> Lookup:
        delegation = self._nodes[cut][codes.NS]._replace(owner=_end_of(name, cut))
        alias = name if aliases else None  # the aliases are this zone's word, what they lead to is not
        glue = self._addresses((delegation,))
        return Lookup(True, aliases, (delegation,), glue, alias, authoritative=bool(aliases))

    def _outcome(
        self, aliases: tuple[RRset, ...], name: Name, node: Node | None, qtype: int, qname: Name
    ) -> Lookup:
        matching = _matching(node or {}, qtype)
        if not matching:
            soa = self.negative_soa._replace(owner=_end_of(qname, self.origin))
            return Lookup(node is not None, aliases, (soa,), is_bare=self._nodes.get(names.fold(name)) == {})
        answer = aliases + tuple(rrset._replace(owner=name) for rrset in matching)
        return Lookup(answer=answer, additional=self._addresses(answer))

    def _addresses(self, answer: tuple[RRset, ...]) -> tuple[RRset, ...]:
        """Return the addresses this zone holds for the targets named, glue included, without repeats.

        Wildcards are not asked: the additional section is a courtesy.
        """
        given = {(names.fold(rrset.owner), rrset.type) for rrset in answer}
        found: dict[tuple[Name, int], RRset] = {}
        for target in _targets(answer):
            node = self._nodes.get(names.fold(target), {})
            for rtype in (codes.A, codes.AAAA):
                key = (names.fold(target), rtype)
                if rtype in node and key not in given:
                    found.setdefault(key, node[rtype]._replace(owner=target))
        return tuple(found.values())


def _matching(node: Node, qtype: int) -> tuple[RRset, ...]:
    """Return the RRsets that a QTYPE asks for.

    ANY gets them all: RFC 8482 lets a server give fewer, but whoever asks a static zone for ANY looks for an
    error in it, and what to do about large answers over UDP is decided where messages are known.
    """
    if qtype == codes.ANY:
        return tuple(node.values())
    return (node[qtype],) if qtype in node else ()


def _targets(answer: Iterable[RRset]) -> Iterator[Name]:
    for rrset in answer:
        if rrset.type in TARGETS:
            for rdata in rrset.rdatas:
                yield Name(rdata[TARGETS[rrset.type] :])


def _end_of(name: Name, ancestor: Name) -> Name:
    """Return the ancestor as `name` spells it."""
    return Name(name[len(name) - len(ancestor) :])


def _is_owner(name: Name, aliases: list[RRset]) -> bool:
    return names.fold(name) in {names.fold(alias.owner) for alias in aliases}
