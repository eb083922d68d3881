"""The names of a zone as RFC 1034 sees them: nodes, those without records too, and what is between them.

Finds the node that a name leads to; which of its RRsets make a response is not known here.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias, cast

from kdns.wire import codes, names
from kdns.wire.names import ROOT, Name
from kdns.wire.rrsets import RRset

Node: TypeAlias = Mapping[int, RRset]
"""Type → RRset. Empty for a name that is there only because of names below it."""

_FIRST = {codes.SOA: -2, codes.NS: -1}


def grow(origin: Name, rrsets: Iterable[RRset], outside: Callable[[RRset], None]) -> dict[Name, Node]:
    """Return folded name → node, apex first, the others as they come; `outside` gets what is in no zone.

    Every name between an owner and the origin has a node (RFC 4592, section 2.2.2).
    """
    found: dict[Name, dict[int, RRset]] = {origin: {}}
    for rrset in rrsets:
        owner = names.fold(rrset.owner)
        if owner == rrset.owner:
            owner = rrset.owner  # one object instead of two
        node = found.get(owner)
        if node is None:
            missing = _missing(owner, found)
            if missing is None:
                outside(rrset)
                continue
            found.update((name, {}) for name in missing)
            node = found[owner]
        node[rrset.type] = rrset
    for name, node in found.items():
        if len(node) > 1:
            found[name] = _in_order(node)
    return cast(dict[Name, Node], found)


def _missing(name: Name, found: Mapping[Name, object]) -> list[Name] | None:
    """Return the name and those of its ancestors that are not there yet; None if none of them is."""
    missing = []
    while name not in found:
        missing.append(name)
        if name == ROOT:
            return None
        name = Name(name[name[0] + 1 :])
    return missing


def _in_order(node: dict[int, RRset]) -> dict[int, RRset]:
    return {rtype: node[rtype] for rtype in sorted(node, key=lambda rtype: _FIRST.get(rtype, rtype))}


def barriers(origin: Name, nodes: Mapping[Name, Node]) -> frozenset[Name]:
    """Return the names below which the zone has nothing to say: delegated ones, and owners of a DNAME."""
    return frozenset(
        name for name, node in nodes.items() if codes.DNAME in node or (codes.NS in node and name != origin)
    )


def barrier_over(name: Name, origin: Name, among: frozenset[Name]) -> Name | None:
    """Return the topmost of these barriers that `name` is at or below. It must be at or below the origin."""
    if not among:
        return None
    above = (name[offset:] for offset in names.offsets(name) if len(name) - offset >= len(origin))
    return min((Name(each) for each in above if each in among), key=len, default=None)


def node_at(name: Name, nodes: Mapping[Name, Node]) -> Node | None:
    """Return the node a name leads to, by a wildcard if it has none itself; None if it does not exist.

    Only the asterisk at the closest encloser counts (RFC 4592, section 3.3.1): a name that exists hides
    the wildcards above it. The name must be folded, and at or below the apex.
    """
    node = nodes.get(name)
    if node is not None:
        return node
    closest = next(Name(name[offset:]) for offset in names.offsets(name) if name[offset:] in nodes)
    return nodes.get(Name(b"\1*" + closest))
