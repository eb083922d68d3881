"""Prints RRsets as a master file (RFC 1035, section 5): values in, lines out.

Every name is absolute and every record is one line, so that a line means the same wherever it stands.
"""

from collections.abc import Iterable, Iterator

from kdns.wire import codes
from kdns.wire.fields import name_to_text
from kdns.wire.names import Name
from kdns.wire.presentation import rdata_to_text
from kdns.wire.rrsets import RRset


def write_zone(origin: Name, rrsets: Iterable[RRset]) -> Iterator[str]:
    """Yield the lines of a master file, each with its line end: `$ORIGIN`, then the records in their order.

    NSD, Knot and dnspython read it, and `read_zone` if all types are its own. Raises ValueError for RDATA
    that does not fit its type.
    """
    yield f"$ORIGIN {name_to_text(origin)}\n"
    for rrset in rrsets:
        rdclass, rtype = codes.class_to_text(rrset.rdclass), codes.type_to_text(rrset.type)
        start = f"{name_to_text(rrset.owner)}\t{rrset.ttl}\t{rdclass}\t{rtype}\t"
        for rdata in rrset.rdatas:
            yield f"{start}{rdata_to_text(rrset.type, rdata)}\n"
