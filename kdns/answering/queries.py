"""A query as the chain sees it: an admitted message, taken apart."""

from typing import NamedTuple

from kdns.wire import codes
from kdns.wire.names import Name

RD, CD = 0x0100, 0x0010
_OPCODE_MASK = 0x7800


class Edns(NamedTuple):
    """An OPT record (RFC 6891): the sender's UDP size as it stands there, 16 flag bits, the raw options."""

    udp_size: int
    flags: int
    version: int
    options: bytes


class Query(NamedTuple):
    """One admitted query. `name` has the case it was asked in; `flags` is the header's second word.

    `hops` counts how often the chain asked itself on the way here (a CNAME that leads elsewhere).
    """

    id: bytes
    flags: int
    name: Name
    type: int
    rdclass: int = codes.IN
    edns: Edns | None = None
    hops: int = 0

    @property
    def opcode(self) -> int:
        return (self.flags & _OPCODE_MASK) >> 11

    @property
    def echoed_flags(self) -> int:
        """The header bits that a response repeats: QR set, opcode, and RD and CD of a QUERY."""
        kept = _OPCODE_MASK | RD | CD if self.opcode == codes.QUERY else _OPCODE_MASK
        return 0x8000 | self.flags & kept
