"""In which order `loadbalance` has records stand: by type, and addresses of preferred networks first."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from kdns.plugins._networks import Network
from kdns.wire import codes
from kdns.wire.rrsets import RRset

Section: TypeAlias = tuple[RRset, ...]

ADDRESSES = frozenset({codes.A, codes.AAAA})

ADDRESSES_LATE: Mapping[int, int] = {codes.CNAME: 0, codes.A: 2, codes.AAAA: 2, codes.MX: 3}
"""Type → its place among the others, which are at 1: some stub resolvers want CNAMEs first."""

ADDRESSES_EARLY: Mapping[int, int] = {codes.CNAME: -3, codes.A: -2, codes.AAAA: -2, codes.MX: -1}
"""The same where networks are preferred, as CoreDNS has it: the others are last."""

_OTHERS = 1


def by_type(records: Iterable[RRset], places: Mapping[int, int]) -> Section:
    """Return the records in the order of their types; those of one place keep theirs."""
    return tuple(sorted(records, key=lambda rrset: places.get(rrset.type, _OTHERS)))


def addresses(section: Section) -> list[RRset]:
    """Return every address record as an RRset of its own."""
    return [
        rrset._replace(rdatas=(rdata,))
        for rrset in section
        if rrset.type in ADDRESSES
        for rdata in rrset.rdatas
    ]


def arranged(section: Section, records: Iterable[RRset], places: Mapping[int, int]) -> Section:
    """Return the section with these address records, in this order, instead of its own."""
    return by_type((*(rrset for rrset in section if rrset.type not in ADDRESSES), *records), places)


def rank(record: RRset, networks: Sequence[Network]) -> int:
    """Return which of the networks is the first that has the address of a record; their number if none."""
    octets = record.rdatas[0]
    number = int.from_bytes(octets, "big")
    for index, each in enumerate(networks):
        if len(octets) == each.length and number & each.mask == each.number:
            return index
    return len(networks)
