"""The OPT record of a response, and how long it lets the response be (RFC 6891).

What is repeated of the query's OPT is what CoreDNS repeats; the one option made here is an extended error.
"""

import struct
from collections.abc import Iterator

from kdns.answering.queries import DO, Edns
from kdns.wire import codes

SMALLEST_UDP, LARGEST_UDP, LARGEST_TCP = 512, 65507, 65535

_FIXED = struct.Struct("!BHHBBHH")
_OPTION = struct.Struct("!HH")
OPTION_HEAD = _OPTION.size
_LENGTH = struct.Struct("!H")
_DO_AT, _DO_OCTET = 7, DO >> 8
OPT_SIZE = _FIXED.size
"""How long an OPT without options is, in octets."""
_DO_AND_Z = 0xFF00
"""The flag bits of an OPT that CoreDNS repeats are the upper eight (request.SizeAndDo clears the rest)."""
NSID = 3
_CLIENT_SUBNET, _EXTENDED_ERROR, _FIRST_LOCAL = 8, 15, 65001
_REPEATED_OPTIONS = frozenset({NSID, 9, 10, 11, 12})
"""NSID, EXPIRE, COOKIE, TCP-KEEPALIVE, PADDING: repeated as they are (CoreDNS, request/edns0.go)."""

BAD_VERSION = _FIXED.pack(0, codes.OPT, 0, codes.BADVERS >> 4, 0, 0, 0)
"""The OPT of a response to a version that is not spoken: the upper bits of BADVERS, and version 0. As
CoreDNS's it names no size (plugin/pkg/edns)."""


def limit(udp_size: int, is_stream: bool) -> int:
    """Return how many octets a response may have; `udp_size` is the query's, 0 without OPT."""
    return LARGEST_TCP if is_stream else min(max(udp_size, SMALLEST_UDP), LARGEST_UDP)


def plain_udp_size(opt: bytes) -> int | None:
    """Return the UDP size in an OPT that a response repeats to the octet, None if `opt` is no such OPT."""
    if len(opt) != _FIXED.size:
        return None
    owner, rtype, size, extended, version, flags, length = _FIXED.unpack(opt)
    is_plain = (owner, rtype, extended, version, length) == (0, codes.OPT, 0, 0, 0) and not flags & ~DO
    return size if is_plain else None


def response_opt(edns: Edns | None, room: int, error: bytes = b"", size: int = 0) -> bytes:
    """Return the OPT that answers the query's: its size, DO, the repeated options and the option `error`.

    Options are there if they fit; an error only if that cuts nothing off a body of `size` octets (RFC 8914,
    section 3).
    """
    if edns is None:
        return b""
    options = _repeated_options(edns.options)
    if _FIXED.size + len(options) > room:
        options = b""
    if _FIXED.size + len(options) + len(error) + size <= room:
        options += error
    return _FIXED.pack(0, codes.OPT, edns.udp_size, 0, 0, edns.flags & _DO_AND_Z, len(options)) + options


def with_option(opt: bytes, option: bytes) -> bytes:
    """Return an OPT that has no options yet with this one."""
    return opt[: -_LENGTH.size] + _LENGTH.pack(len(option)) + option


def extended_error(code: int, text: str) -> bytes:
    """Return the option of an extended error (RFC 8914), code and length among its octets."""
    octets = text.encode(errors="replace")
    return _OPTION.pack(_EXTENDED_ERROR, _LENGTH.size + len(octets)) + _LENGTH.pack(code) + octets


def with_data(options: bytes, code: int, data: bytes) -> bytes:
    """Return a query's options, of which those with this code have other data."""
    changed = _OPTION.pack(code, len(data)) + data
    return b"".join(changed if each == code else octets for each, octets in split(options))


def has_foreign_options(edns: Edns | None) -> bool:
    """Tell whether a query has options that other servers' answers may depend on: the client's network
    (RFC 7871), or one of those for local use, which some servers go by (RFC 6891, section 9)."""
    return edns is not None and any(
        code == _CLIENT_SUBNET or code >= _FIRST_LOCAL for code, _ in split(edns.options)
    )


def split(options: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each option's code and its octets, of which `OPTION_HEAD` are code and length."""
    position = 0
    while position < len(options):
        code, length = _OPTION.unpack_from(options, position)
        end = position + _OPTION.size + length
        yield code, options[position:end]
        position = end


def _repeated_options(options: bytes) -> bytes:
    return b"".join(octets for code, octets in split(options) if code in _REPEATED_OPTIONS)


def has_do(opt: bytes) -> bool:
    """Tell whether an OPT record has the bit DO set (RFC 3225)."""
    return opt[_DO_AT] & _DO_OCTET != 0
