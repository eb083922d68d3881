"""What dnspython makes of a master file, in a form that a Zone can be compared with."""

from collections.abc import Iterable
from typing import TypeAlias

import dns.rdataclass
import dns.zone

from kdns.wire import names
from kdns.wire.names import Name
from kdns.wire.presentation import canonical_rdata
from kdns.wire.rrsets import RRset

Contents: TypeAlias = dict[tuple[Name, int], tuple[int, frozenset[bytes]]]
"""(folded owner, type) → (TTL, canonical RDATA)."""


def parsed_by_dnspython(text: str, origin: Name | None) -> Contents:
    """Read a zone with dnspython."""
    zone = dns.zone.from_text(text, None if origin is None else names.to_text(origin), relativize=False)
    return {
        (Name(owner.canonicalize().to_wire()), int(rdataset.rdtype)): (
            rdataset.ttl,
            frozenset(rdata.to_digestable() for rdata in rdataset),
        )
        for owner, rdataset in zone.iterate_rdatasets()
    }


def contents(rrsets: Iterable[RRset]) -> Contents:
    """Return our own RRsets in the same form."""
    return {
        (names.fold(owner), rtype): (ttl, frozenset(canonical_rdata(rtype, rdata) for rdata in rdatas))
        for owner, rtype, ttl, rdatas, _ in rrsets
    }
