"""A zone in the making: the records of a master file gathered into RRsets.

Every rule that concerns more than one record is here. As in CoreDNS, what breaks one is no reason to serve
nothing: it is left out, or kept where a lookup can make sense of it, and a warning says so.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from kdns.wire import codes, names
from kdns.wire.names import Name
from kdns.wire.presentation import canonical_rdata
from kdns.wire.rrsets import RRset
from kdns.zones.zone import Zone

ONLY_ONE = frozenset({codes.CNAME, codes.DNAME})
"""Types of which a name has at most one record (RFC 2181, section 10.1; RFC 6672, section 2.4)."""

BESIDE_ALIAS = frozenset({codes.CNAME, codes.RRSIG, codes.NSEC})
"""Types that may stand beside a CNAME (RFC 1034, section 3.6.2; RFC 4035, section 2.5)."""

STEP = 1000
"""How many RRsets are put into the zone between two pauses."""

WARNINGS = 10
"""So many are given for a file, and then one more that tells how many there are."""

Warn: TypeAlias = Callable[[str], None]
Place: TypeAlias = tuple[str, int]
"""A file and a line in it."""


class NoZone(ValueError):
    """Records that are no zone; the text says why."""


class ZoneDraft:
    """Takes records one by one; `zone` gives the zone that they make. `warn` gets what is wrong, in words."""

    def __init__(self, warn: Warn) -> None:
        self._warn = warn
        self._warnings = 0
        self._nodes: dict[Name, dict[int, RRset]] = {}
        self._growing: dict[tuple[Name, int], dict[bytes, bytes]] = {}
        self._soas: dict[Name, tuple[RRset, Place]] = {}

    def warning(self, place: Place, text: str) -> None:
        """Warn of something about a place."""
        self._say(f"{place[0]}:{place[1]}: {text}")

    def _say(self, text: str) -> None:
        self._warnings += 1
        if self._warnings <= WARNINGS:
            self._warn(text)

    def add(self, owner: Name, rtype: int, ttl: int, rdata: bytes, place: Place) -> None:
        """Take a record. One that is there already is dropped (RFC 2181, section 5).

        Where TTLs within an RRset differ the first one stays (RFC 2181, section 5.2, wants them equal;
        BIND and NSD keep the first).
        """
        folded = names.fold(owner)
        if folded == owner:
            folded = owner  # one object instead of two
        if rtype == codes.SOA:
            self._add_soa(folded, RRset(owner, rtype, ttl, (rdata,)), place)
            return
        node = self._nodes.get(folded)
        if node is None:
            node = self._nodes[folded] = {}
        rrset = node.get(rtype)
        if rrset is not None:
            self._grow(folded, rrset, rdata, place)
            return
        if node and (rtype not in BESIDE_ALIAS if codes.CNAME in node else rtype == codes.CNAME):
            self.warning(place, f"a CNAME beside other records at {names.to_text(owner)}, which it hides")
        node[rtype] = RRset(owner, rtype, ttl, (rdata,))

    def _grow(self, folded: Name, rrset: RRset, rdata: bytes, place: Place) -> None:
        rtype = rrset.type
        grown = self._growing.get((folded, rtype))
        if grown is None:
            first = rrset.rdatas[0]
            grown = self._growing[folded, rtype] = {canonical_rdata(rtype, first): first}
        key = canonical_rdata(rtype, rdata)
        if rtype not in ONLY_ONE:
            grown.setdefault(key, rdata)
        elif key not in grown:
            at = f"another {codes.type_to_text(rtype)} at {names.to_text(rrset.owner)}"
            self.warning(place, f"{at}, which is ignored")

    def _add_soa(self, folded: Name, soa: RRset, place: Place) -> None:
        """Take an SOA; the last one at a name counts, as in CoreDNS."""
        if (before := self._soas.get(folded)) is not None and before[0].rdatas != soa.rdatas:
            self.warning(before[1], f"an SOA at {names.to_text(soa.owner)} that is not the last, and ignored")
        self._soas[folded] = soa, place

    def zone(self, origin: Name | None, pause: Callable[[], None]) -> Zone:
        """Return the zone: that of `origin`, or else of the first owner of an SOA. Raises NoZone."""
        if not self._soas:
            raise NoZone("no SOA record")
        folded = None if origin is None else names.fold(origin)
        apex = folded if folded in self._soas else next(iter(self._soas))
        soa, _ = self._soas.pop(apex)
        for other, place in self._soas.values():
            self.warning(place, f"an SOA at {names.to_text(other.owner)}, which is ignored")
        made = Zone.grown(soa, self._drained(pause), self._leave_out)
        if self._warnings > WARNINGS:
            self._warn(f"{self._warnings} warnings in all")
        return made

    def _leave_out(self, outside: RRset) -> None:
        self._say(f"the records at {names.to_text(outside.owner)} are ignored: they are outside the zone")

    def _drained(self, pause: Callable[[], None]) -> Iterator[RRset]:
        """Yield all other RRsets and let go of them: two zones at a time would need twice the memory."""
        growing = self._growing
        for count, name in enumerate(list(self._nodes)):
            for rrset in self._nodes.pop(name).values():
                grown = growing.pop((name, rrset.type), None)
                yield rrset if grown is None else rrset._replace(rdatas=tuple(grown.values()))
            if count % STEP == 0:
                pause()
