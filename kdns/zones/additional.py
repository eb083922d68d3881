"""What goes along with an answer unasked: the addresses of the names in it, as far as the zone has them."""

from collections.abc import Iterable, Iterator, Mapping

from kdns.wire import codes, names
from kdns.wire.fields import NAME
from kdns.wire.names import Name
from kdns.wire.rrsets import RRset
from kdns.zones.tree import Node

TARGETS = {codes.MX: 2, codes.SRV: 6, codes.SVCB: 2, codes.HTTPS: 2}
"""Type → where in its RDATA the name begins whose addresses go along (RFC 1035, RFC 2782, RFC 9460)."""


def of_targets(answer: Iterable[RRset], nodes: Mapping[Name, Node]) -> tuple[RRset, ...]:
    """Return the addresses of the targets in an answer, without those that are in it."""
    given = {(names.fold(rrset.owner), rrset.type) for rrset in answer}
    found = _addresses(_targets(answer), nodes)
    return tuple(rrset for rrset in found if (names.fold(rrset.owner), rrset.type) not in given)


def glue(delegation: RRset, nodes: Mapping[Name, Node]) -> tuple[RRset, ...]:
    """Return the addresses of name servers that are at or below what is delegated to them."""
    owner = names.fold(delegation.owner)
    servers = map(Name, delegation.rdatas)
    return _addresses((name for name in servers if names.is_at_or_below(names.fold(name), owner)), nodes)


def _addresses(targets: Iterable[Name], nodes: Mapping[Name, Node]) -> tuple[RRset, ...]:
    """Return the addresses of these names, spelled as they first are, once each. Wildcards are not asked."""
    spelled: dict[Name, Name] = {}
    for target in targets:
        spelled.setdefault(names.fold(target), target)
    return tuple(
        nodes[folded][rtype]._replace(owner=name)
        for folded, name in spelled.items()
        for rtype in (codes.A, codes.AAAA)
        if rtype in nodes.get(folded, ())
    )


def _targets(answer: Iterable[RRset]) -> Iterator[Name]:
    for rrset in answer:
        if (start := TARGETS.get(rrset.type)) is not None:
            for rdata in rrset.rdatas:
                if (name := _name_at(rdata, start)) is not None:
                    yield name


def _name_at(rdata: bytes, start: int) -> Name | None:
    """Return the name in RDATA that may be anything: it may have been given in hexadecimal."""
    try:
        end = NAME.end(rdata, start)
    except ValueError:
        return None
    return Name(rdata[start:end]) if end <= len(rdata) else None
