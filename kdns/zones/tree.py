"""The names of a zone as RFC 1034 sees them: nodes, those without records too, zone cuts and wildcards.

Finds the node that a name leads to; which of its RRsets make a response is not known here.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from typing import TypeAlias

from kdns.wire import codes, names
from kdns.wire.names import Name
from kdns.wire.rrsets import RRset

Node: TypeAlias = Mapping[int, RRset]
"""Type → RRset. Empty for a name that is there only because of names below it."""

_FIRST = {codes.SOA: -2, codes.NS: -1}


def grow(origin: Name, rrsets: Iterable[RRset]) -> dict[Name, Node]:
    """Return folded name → node, apex first, in the canonical order of RFC 4034 (section 6.1).

    Every name between an owner and the origin has a node (RFC 4592, section 2.2.2). All RRsets lie at or
    below `origin`.
    """
    found: dict[Name, dict[int, RRset]] = {origin: {}}
    for rrset in rrsets:
        owner = names.fold(rrset.owner)
        if owner not in found:
            found.update(
                (name, {}) for name in takewhile(lambda above: above not in found, _down_to(owner, origin))
            )
        found[owner][rrset.type] = rrset
    return {name: _in_order(found[name]) for name in sorted(found, key=_canonical)}


def _in_order(node: dict[int, RRset]) -> Node:
    return {rtype: node[rtype] for rtype in sorted(node, key=lambda rtype: _FIRST.get(rtype, rtype))}


def _canonical(name: Name) -> bytes:
    """Return octets that sort as the names do: labels from the right, each end below any octet."""
    return b"\0\0".join([label.replace(b"\0", b"\0\1") for label in reversed(names.labels(name))])


def _down_to(name: Name, origin: Name) -> Iterator[Name]:
    """Yield the name and its ancestors below the origin."""
    for offset in names.offsets(name):
        if len(name) - offset <= len(origin):
            return
        yield Name(name[offset:])


def cuts(origin: Name, nodes: Mapping[Name, Node]) -> frozenset[Name]:
    """Return the names below the apex that are delegated: they have NS records."""
    return frozenset(name for name, node in nodes.items() if codes.NS in node and name != origin)


def cut_over(name: Name, origin: Name, among: frozenset[Name]) -> Name | None:
    """Return the topmost of these zone cuts that `name` is at or below."""
    if not among:
        return None
    return min((above for above in _down_to(name, origin) if above in among), key=len, default=None)


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
