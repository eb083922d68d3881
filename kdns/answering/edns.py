"""The OPT record of a response, and how long it lets the response be (RFC 6891).

What is repeated of the query's OPT is what CoreDNS repeats; no option is made here.
"""

import struct

from kdns.answering.queries import Edns
from kdns.wire import codes
from kdns.wire.messages import OWN_UDP_SIZE

SMALLEST_UDP, LARGEST_UDP, LARGEST_TCP = 512, 65507, 65535

_FIXED = struct.Struct("!BHHBBHH")
_OPTION = struct.Struct("!HH")
_DO, _DO_AND_Z = 0x8000, 0xFF00
"""The flag bits of an OPT that CoreDNS repeats are the upper eight (request.SizeAndDo clears the rest)."""
_REPEATED_OPTIONS = frozenset({3, 9, 10, 11, 12})
"""NSID, EXPIRE, COOKIE, TCP-KEEPALIVE, PADDING: repeated as they are (CoreDNS, request/edns0.go)."""

BAD_VERSION = _FIXED.pack(0, codes.OPT, OWN_UDP_SIZE, codes.BADVERS >> 4, 0, 0, 0)
"""The OPT of a response to a version that is not spoken: the upper bits of BADVERS, and version 0."""


def limit(udp_size: int, is_stream: bool) -> int:
    """Return how many octets a response may have; `udp_size` is the query's, 0 without OPT."""
    return LARGEST_TCP if is_stream else min(max(udp_size, SMALLEST_UDP), LARGEST_UDP)


def plain_udp_size(opt: bytes) -> int | None:
    """Return the UDP size in an OPT that a response repeats to the octet, None if `opt` is no such OPT."""
    if len(opt) != _FIXED.size:
        return None
    owner, rtype, size, extended, version, flags, length = _FIXED.unpack(opt)
    is_plain = (owner, rtype, extended, version, length) == (0, codes.OPT, 0, 0, 0) and not flags & ~_DO
    return size if is_plain else None


def response_opt(edns: Edns | None, room: int) -> bytes:
    """Return the OPT that answers the query's: its size, DO, and the repeated options if they fit."""
    if edns is None:
        return b""
    options = _repeated_options(edns.options)
    if _FIXED.size + len(options) > room:
        options = b""
    return _FIXED.pack(0, codes.OPT, edns.udp_size, 0, 0, edns.flags & _DO_AND_Z, len(options)) + options


def _repeated_options(options: bytes) -> bytes:
    kept, position = [], 0
    while position < len(options):
        code, length = _OPTION.unpack_from(options, position)
        end = position + _OPTION.size + length
        if code in _REPEATED_OPTIONS:
            kept.append(options[position:end])
        position = end
    return b"".join(kept)
