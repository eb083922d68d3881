"""A query as the chain sees it: an admitted message, taken apart."""

from typing import NamedTuple

from kdns.wire import codes
from kdns.wire.names import Name

RD, AD, CD = 0x0100, 0x0020, 0x0010
DO = 0x8000
"""Bits of the header's second word, and of an OPT's flags (RFC 3225)."""
_OPCODE_MASK = 0x7800


class Edns(NamedTuple):
    """An OPT record (RFC 6891): the sender's UDP size as it stands there, 16 flag bits, the raw options."""

    udp_size: int
    flags: int
    version: int
    options: bytes


class Query(NamedTuple):
    """One admitted query. `name` has the case it was asked in; `flags` is the header's second word.

    `hops` counts how often the chain asked itself on the way here (a CNAME that leads elsewhere). `is_stream`
    tells TCP from UDP. `client` and `port` are the sender's where answers depend on it, else "" and 0.
    `serial` is that of the zone that the sender of an IXFR query has, None if it does not say.
    """

    id: bytes
    flags: int
    name: Name
    type: int
    rdclass: int = codes.IN
    edns: Edns | None = None
    hops: int = 0
    is_stream: bool = False
    client: str = ""
    port: int = 0
    serial: int | None = None

    @property
    def opcode(self) -> int:
        return (self.flags & _OPCODE_MASK) >> 11

    @property
    def has_do(self) -> bool:
        """Whether the sender wants DNSSEC records (RFC 3225)."""
        return self.edns is not None and self.edns.flags & DO != 0

    @property
    def variant(self) -> int:
        """What other servers' answers depend on beside the question: DO, CD and AD in a number; 0 is none."""
        return variant(self.flags, self.has_do)

    @property
    def echoed_flags(self) -> int:
        """The header bits that a response repeats: QR set, opcode, and RD and CD of a QUERY."""
        kept = _OPCODE_MASK | RD | CD if self.opcode == codes.QUERY else _OPCODE_MASK
        return 0x8000 | self.flags & kept


def variant(flags: int, has_do: bool) -> int:
    """Return the number that `Query.variant` is."""
    return (flags & CD) >> 4 | (flags & AD) >> 4 | has_do << 2
