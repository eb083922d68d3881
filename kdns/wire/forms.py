"""How the RDATA of types that are only read is made of fields: most of the registry, in a table.

Whatever its fields allow is taken: a digest of the wrong length is no matter of form.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from kdns.wire import codes
from kdns.wire.fields import (
    IPV4,
    NAME,
    SECONDS,
    STRING,
    UINT8,
    UINT16,
    UINT32,
    Kind,
    Token,
    Unexpected,
    octets_from_text,
    shown,
)
from kdns.wire.names import Name


class Remainder(NamedTuple):
    """What all the tokens behind the fields are, one at least; `read` raises ValueError."""

    expected: str
    read: Callable[[Sequence[Token]], bytes]
    may_be_missing: bool = False


class Form(NamedTuple):
    """Fields one after another, and perhaps a remainder."""

    fields: tuple[Kind, ...] = ()
    remainder: Remainder | None = None


def read(form: Form, tokens: Sequence[Token], origin: Name | None, line: int) -> bytes:
    """Return the RDATA that these tokens spell; `line` is where a missing one would be. Raises Unexpected."""
    fields, remainder = form
    count = len(fields)
    if len(tokens) < count:
        raise Unexpected(line, "the end of the record", fields[len(tokens)].expected)
    fixed = [kind.from_token(token, origin) for kind, token in zip(fields, tokens, strict=False)]
    rest = tokens[count:]
    if remainder is None:
        if rest:
            raise Unexpected(rest[0].line, str(rest[0]), "the end of the record")
        return b"".join(fixed)
    if not rest and not remainder.may_be_missing:
        raise Unexpected(line, "the end of the record", remainder.expected)
    try:
        return b"".join([*fixed, remainder.read(rest)])
    except ValueError as error:
        raise Unexpected(rest[0].line, f"{rest[0]} ({shown(str(error))})", remainder.expected) from error


_LONGEST = 255


def _strings(tokens: Sequence[Token]) -> bytes:
    """Return character-strings; one that is too long goes on in the next, as DKIM's keys have to."""
    octets = bytearray()
    for token in tokens:
        string = octets_from_text(token.text)
        for start in range(0, len(string) or 1, _LONGEST):
            piece = string[start : start + _LONGEST]
            octets.append(len(piece))
            octets += piece
    return bytes(octets)


def _hinfo(tokens: Sequence[Token]) -> bytes:
    """Return two strings, CPU and OS. As in CoreDNS, one may be both, and more are an OS of several words."""
    words = [token.text for token in tokens]
    cpu, *os = words if len(words) > 1 else words[0].split() or [""]
    return STRING.read(Token(cpu), None) + STRING.read(Token(" ".join(os)), None)


def _hexadecimal(tokens: Sequence[Token]) -> bytes:
    return bytes.fromhex("".join(token.text for token in tokens))


def _base64(tokens: Sequence[Token]) -> bytes:
    return base64.b64decode("".join(token.text for token in tokens), validate=True)


def _types(tokens: Sequence[Token]) -> bytes:
    """Return a bitmap of types (RFC 4034, section 4.1.2)."""
    windows: dict[int, bytearray] = {}
    for number in sorted({codes.type_from_text(token.text) for token in tokens}):
        bitmap = windows.setdefault(number >> 8, bytearray())
        bitmap.extend(bytes((number >> 3 & 31) + 1 - len(bitmap)))
        bitmap[number >> 3 & 31] |= 0x80 >> (number & 7)
    return b"".join(bytes((window, len(bitmap))) + bitmap for window, bitmap in windows.items())


def _read_type(token: Token, origin: Name | None) -> bytes:
    return codes.type_from_text(token.text).to_bytes(2, "big")


_ALGORITHMS_TEXT = """
    RSAMD5=1 DH=2 DSA=3 RSASHA1=5 DSA-NSEC3-SHA1=6 RSASHA1-NSEC3-SHA1=7 RSASHA256=8 RSASHA512=10 ECC-GOST=12
    ECDSAP256SHA256=13 ECDSAP384SHA384=14 ED25519=15 ED448=16 INDIRECT=252 PRIVATEDNS=253 PRIVATEOID=254
"""
_ALGORITHMS = dict(pair.split("=") for pair in _ALGORITHMS_TEXT.split())


def _read_algorithm(token: Token, origin: Name | None) -> bytes:
    return UINT8.read(Token(_ALGORITHMS.get(token.text.upper(), token.text)), origin)


def _read_moment(token: Token, origin: Name | None) -> bytes:
    """Read a time as RRSIG has it: YYYYMMDDHHmmSS, or seconds since 1970 (RFC 4034, section 3.2)."""
    if len(token.text) != len("YYYYMMDDHHmmSS"):
        return UINT32.read(token, origin)
    moment = datetime.strptime(token.text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return (int(moment.timestamp()) & 0xFFFFFFFF).to_bytes(4, "big")


TYPE = Kind("a type", _read_type, UINT16.end, UINT16.show)
ALGORITHM = Kind("an algorithm of DNSSEC", _read_algorithm, UINT8.end, UINT8.show)
MOMENT = Kind("a time, YYYYMMDDHHmmSS", _read_moment, UINT32.end, UINT32.show)
LONG_STRING = Kind(
    "a string",
    lambda token, origin: octets_from_text(token.text),
    lambda octets, start: len(octets),
    lambda octets: octets.hex(),
    may_be_quoted=True,
)

STRINGS = Remainder("a string", _strings)
HEXADECIMAL = Remainder("an even number of hexadecimal digits", _hexadecimal)
BASE64 = Remainder("octets in base64", _base64)
TYPES = Remainder("types", _types, may_be_missing=True)

_SIGNATURE = Form((TYPE, ALGORITHM, UINT8, SECONDS, MOMENT, MOMENT, UINT16, NAME), BASE64)

_TABLE = {
    "TXT SPF AVC NINFO RESINFO ISDN": Form((), STRINGS),
    "HINFO": Form((), Remainder("a CPU and an OS", _hinfo)),
    "X25 UINFO": Form((STRING,)),
    "GPOS": Form((STRING, STRING, STRING)),
    "MB MD MF MG MR NSAP-PTR": Form((NAME,)),
    "MINFO RP TALINK": Form((NAME, NAME)),
    "AFSDB RT KX LP": Form((UINT16, NAME)),
    "PX": Form((UINT16, NAME, NAME)),
    "NAPTR": Form((UINT16, UINT16, STRING, STRING, STRING, NAME)),
    "URI": Form((UINT16, UINT16, LONG_STRING)),
    "CAA": Form((UINT8, STRING, LONG_STRING)),
    "UID GID": Form((UINT32,)),
    "L32": Form((UINT16, IPV4)),
    "EID NIMLOC": Form((), HEXADECIMAL),
    "DHCID OPENPGPKEY": Form((), BASE64),
    "SSHFP": Form((UINT8, UINT8), HEXADECIMAL),
    "TLSA SMIMEA": Form((UINT8, UINT8, UINT8), HEXADECIMAL),
    "ZONEMD": Form((UINT32, UINT8, UINT8), HEXADECIMAL),
    "DS CDS DLV TA": Form((UINT16, ALGORITHM, UINT8), HEXADECIMAL),
    "DNSKEY CDNSKEY KEY RKEY": Form((UINT16, UINT8, ALGORITHM), BASE64),
    "RRSIG SIG": _SIGNATURE,
    "NSEC": Form((NAME,), TYPES),
    "CSYNC": Form((UINT32, UINT16), TYPES),
}

FORMS: Mapping[int, Form] = {
    codes.type_from_text(mnemonic): form
    for mnemonics, form in _TABLE.items()
    for mnemonic in mnemonics.split()
}
"""Type → how its RDATA is read."""
