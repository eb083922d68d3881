"""The kinds of field that RDATA is made of: each is read from a token, found in octets and printed.

A kind knows its own field only; which type has which fields is said in `kdns.wire.presentation`.
"""

import ipaddress
import re
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from kdns.wire import names
from kdns.wire.names import MAX_LABEL, MAX_NAME, Name

SHOWN = 60
"""How many characters of a text an error message repeats."""


class Unexpected(ValueError):
    """Text that is no master file: the line it is on, what was found there and what was expected."""

    def __init__(self, line: int, found: str, expected: str) -> None:
        super().__init__(f"found {found}, expected {expected}")
        self.line, self.found, self.expected = line, found, expected


class Token(NamedTuple):
    """A word or a quoted string: its text with the escapes still in it, and its line (0 = unknown)."""

    text: str
    quoted: bool = False
    line: int = 0

    def __str__(self) -> str:
        return f'the string "{shown(self.text)}"' if self.quoted else shown(self.text)


class Kind(NamedTuple):
    """A kind of field. `read` and `end` raise ValueError; `end` gets an offset inside the octets."""

    expected: str
    read: Callable[[Token, Name | None], bytes]
    end: Callable[[bytes, int], int]
    show: Callable[[bytes], str]
    may_be_quoted: bool = False

    def from_token(self, token: Token, origin: Name | None) -> bytes:
        """Return the field's octets; relative names are completed with `origin`. Raises Unexpected."""
        if token.quoted and not self.may_be_quoted:
            raise Unexpected(token.line, str(token), self.expected)
        try:
            return self.read(token, origin)
        except ValueError as error:
            raise Unexpected(token.line, f"{token} ({shown(str(error))})", self.expected) from error


def shown(text: str) -> str:
    """Return a text as an error message repeats it: short, printable, on one line."""
    short = text if len(text) <= SHOWN else text[:SHOWN] + "..."
    return short if short.isprintable() else ascii(short)[1:-1]


def is_absolute(text: str) -> bool:
    """Tell whether a name in presentation form ends in a dot that no backslash quotes."""
    body = text[:-1]
    return text.endswith(".") and (len(body) - len(body.rstrip("\\"))) % 2 == 0


_QUOTED = re.compile(r"\\([^0-9])")


def name_to_text(name: Name) -> str:
    r"""Return the presentation form for a master file: `names.to_text`, but every escape is `\DDD`.

    NSD 4.6 misreads labels that end in `\\` or `\.`, and takes `\[` for a bit-string (RFC 2673).
    """
    text = names.to_text(name)
    return _QUOTED.sub(lambda escape: f"\\{ord(escape[1]):03d}", text) if "\\" in text else text


def _read_name(token: Token, origin: Name | None) -> bytes:
    if origin is None and not is_absolute(token.text):
        raise ValueError("relative, and there is no origin yet")
    return names.from_text(_in_ascii(token.text), names.ROOT if origin is None else origin)


_NOT_ASCII = re.compile(r"(\\[\0-\x7f])|\\?([^\0-\x7f])")


def _in_ascii(text: str) -> str:
    """Return a name with the octets of characters outside ASCII escaped: they are what they are in a file."""
    if text.isascii():
        return text
    return _NOT_ASCII.sub(
        lambda piece: piece[1] or "".join(f"\\{octet:03d}" for octet in _encoded(piece[2])), text
    )


def _encoded(text: str) -> bytes:
    """Return a text's octets in UTF-8. Octets of a file that are none are in it as surrogates (PEP 383)."""
    return text.encode("utf-8", "surrogateescape")


def _name_end(octets: bytes, start: int) -> int:
    position = start
    while position < len(octets) and (length := octets[position]):
        if length > MAX_LABEL:
            raise ValueError(f"label of {length} octets: names in RDATA are kept uncompressed")
        position += length + 1
    if position - start >= MAX_NAME:
        raise ValueError(f"name longer than {MAX_NAME} octets")
    return position + 1


_NUMBER = re.compile("[0-9]{1,10}")
_DURATION = re.compile("(?:[0-9]{1,10}[smhdwSMHDW])*(?:[0-9]{1,10})?")
_DURATION_PART = re.compile("([0-9]+)(.?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def _within(number: int, limit: int) -> int:
    if number > limit:
        raise ValueError(f"more than {limit}")
    return number


def _read_number(token: Token, origin: Name | None, octets: int) -> bytes:
    if not _NUMBER.fullmatch(token.text):
        raise ValueError("not a number")
    return _within(int(token.text), 256**octets - 1).to_bytes(octets, "big")


def seconds_from_text(text: str, limit: int) -> int:
    """Read a time in seconds, or with BIND's units (`1h30m`, `2w`). Raises ValueError above `limit`."""
    if text.isdecimal() and len(text) <= 10 and text.isascii():
        return _within(int(text), limit)
    if not text or not _DURATION.fullmatch(text):
        raise ValueError("not a time in seconds")
    parts = _DURATION_PART.findall(text)
    return _within(sum(int(number) * _UNITS[unit.lower()] for number, unit in parts), limit)


def _read_seconds(token: Token, origin: Name | None) -> bytes:
    return seconds_from_text(token.text, 0xFFFFFFFF).to_bytes(4, "big")


def _show_number(octets: bytes) -> str:
    return str(int.from_bytes(octets, "big"))


def _after(octets: bytes, start: int, length: int) -> int:
    return start + length


_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")


def _read_ipv4(token: Token, origin: Name | None) -> bytes:
    if _IPV4.fullmatch(token.text):  # `ipaddress` takes ten times as long
        return bytes(map(int, token.text.split(".")))
    return ipaddress.IPv4Address(token.text).packed


def _read_ipv6(token: Token, origin: Name | None) -> bytes:
    if "%" in token.text:  # ipaddress takes a scope (RFC 4007) and drops it
        raise ValueError("an address with a scope")
    return ipaddress.IPv6Address(token.text).packed


_ESCAPE = re.compile(r"\\(?:([0-9]{3})|(.))|[^\\]+|(\\)", re.DOTALL)


def octets_from_text(text: str) -> bytes:
    r"""Return what a string spells: `\DDD` is one octet (decimal), `\X` is X. Raises ValueError.

    Fewer than three digits are quoted like any character: the `\1` of an unescaped regular expression.
    Characters outside ASCII stand for their UTF-8 octets, as in BIND, NSD and dnspython.
    """
    if "\\" not in text:
        return _encoded(text)
    return b"".join(map(_unescaped, _ESCAPE.finditer(text)))


def _unescaped(piece: re.Match[str]) -> bytes:
    decimal, quoted, stray = piece.groups()
    if stray or int(decimal or 0) > 255:
        raise ValueError("after a backslash, a character or three digits up to 255")
    return bytes([int(decimal)]) if decimal else _encoded(quoted or piece[0])


def _read_string(token: Token, origin: Name | None) -> bytes:
    octets = octets_from_text(token.text)
    if len(octets) > 255:
        raise ValueError(f"{len(octets)} octets")
    return bytes([len(octets)]) + octets


def _string_end(octets: bytes, start: int) -> int:
    return start + 1 + octets[start]


_IN_QUOTES = [chr(octet) if 0x20 <= octet <= 0x7E else f"\\{octet:03d}" for octet in range(256)]
_IN_QUOTES[ord('"')], _IN_QUOTES[ord("\\")] = r"\"", r"\\"


def _show_string(octets: bytes) -> str:
    return '"' + "".join([_IN_QUOTES[octet] for octet in octets[1:]]) + '"'


def _number(octets: int) -> Kind:
    expected = f"a number up to {256**octets - 1}"
    return Kind(expected, partial(_read_number, octets=octets), partial(_after, length=octets), _show_number)


NAME = Kind("a domain name", _read_name, _name_end, lambda octets: name_to_text(Name(octets)))
UINT8 = _number(1)
UINT16 = _number(2)
UINT32 = _number(4)
SECONDS = Kind("a time in seconds", _read_seconds, partial(_after, length=4), _show_number)
IPV4 = Kind(
    "an IPv4 address",
    _read_ipv4,
    partial(_after, length=4),
    lambda octets: str(ipaddress.IPv4Address(octets)),
)
IPV6 = Kind(
    "an IPv6 address",
    _read_ipv6,
    partial(_after, length=16),
    lambda octets: str(ipaddress.IPv6Address(octets)),
)
STRING = Kind("a string of at most 255 octets", _read_string, _string_end, _show_string, may_be_quoted=True)
