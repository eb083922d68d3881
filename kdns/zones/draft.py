"""A zone in the making: the records of a master file gathered into RRsets and checked to be a zone.

Every rule that concerns more than one record is here and names the line that breaks it; text is not.
"""

from dataclasses import dataclass, field

from kdns.wire import codes, names
from kdns.wire.fields import Unexpected
from kdns.wire.names import Name
from kdns.wire.presentation import canonical_rdata
from kdns.wire.rrsets import RRset
from kdns.zones.zone import Zone

ONLY_ONE = frozenset({codes.SOA, codes.CNAME})
"""Types of which a name has at most one record (RFC 1035, section 5.2; RFC 2181, section 10.1)."""


@dataclass(slots=True)
class DraftRRset:
    """An RRset that may still grow: its first record's owner, TTL and line; canonical RDATA → RDATA."""

    owner: Name
    type: int
    ttl: int
    line: int
    rdatas: dict[bytes, bytes] = field(default_factory=dict)

    def rrset(self) -> RRset:
        """Return what has been gathered."""
        return RRset(self.owner, self.type, self.ttl, tuple(self.rdatas.values()))


class ZoneDraft:
    """Takes records one by one; `zone` gives the zone that they make."""

    def __init__(self) -> None:
        self._nodes: dict[Name, dict[int, DraftRRset]] = {}
        self._soa: DraftRRset | None = None
        self._last_line = 1

    def add(self, owner: Name, rtype: int, ttl: int, rdata: bytes, line: int) -> None:
        """Take a record. One that is there already is dropped (RFC 2181, section 5).

        Where TTLs within an RRset differ the first one stays (RFC 2181, section 5.2, wants them equal;
        BIND and NSD keep the first). Raises Unexpected for what cannot stand beside what is there.
        """
        self._last_line = line
        key = canonical_rdata(rtype, rdata)
        rrset = self._nodes.get(names.fold(owner), {}).get(rtype)
        if rrset is None:
            rrset = self._begin(DraftRRset(owner, rtype, ttl, line))
        elif rtype in ONLY_ONE and key not in rrset.rdatas:
            raise Unexpected(line, f"another {codes.type_to_text(rtype)} {_at(owner)}", "only one")
        rrset.rdatas.setdefault(key, rdata)

    def _begin(self, rrset: DraftRRset) -> DraftRRset:
        node = self._nodes.setdefault(names.fold(rrset.owner), {})
        if node and (rrset.type == codes.CNAME or codes.CNAME in node):  # RFC 1034, section 3.6.2
            raise Unexpected(rrset.line, f"a CNAME beside other records {_at(rrset.owner)}", "a CNAME alone")
        if rrset.type == codes.SOA:
            if self._soa is not None:
                raise Unexpected(rrset.line, f"another SOA {_at(rrset.owner)}", "one SOA for the whole zone")
            self._soa = rrset
        node[rrset.type] = rrset
        return rrset

    def zone(self) -> Zone:
        """Return the zone; its origin is the owner of the SOA. Raises Unexpected if it is none."""
        if self._soa is None:
            raise Unexpected(self._last_line, "no SOA record", "one at the zone's apex")
        apex = names.fold(self._soa.owner)
        for owner, node in self._nodes.items():
            if not names.is_at_or_below(owner, apex):
                line = min(rrset.line for rrset in node.values())
                raise Unexpected(line, f"a record {_at(owner)}", f"names in the zone {names.to_text(apex)}")
        if codes.NS not in self._nodes[apex]:
            raise Unexpected(self._soa.line, f"no NS record {_at(apex)}", "at least one beside the SOA")
        return Zone.from_rrsets(rrset.rrset() for node in self._nodes.values() for rrset in node.values())


def _at(owner: Name) -> str:
    return f"at {names.to_text(owner)}"
