"""Constants in a template: integers and strings as Go spells them."""

import re

from kdns.corefile.errors import shown
from kdns.corefile.gotemplate.failures import Unreadable
from kdns.corefile.gotemplate.tokens import Token

_INTEGER = re.compile(
    r"([+-]?)(?:0[xX](?P<x>(?:_?[0-9a-fA-F])+)|0[bB](?P<b>(?:_?[01])+)|0[oO]?(?P<o>(?:_?[0-7])+)|"
    r"(?P<d>0|[1-9](?:_?[0-9])*))"
)
_BASES = {"x": 16, "b": 2, "o": 8, "d": 10}
_INT64 = range(-(1 << 63), 1 << 63)
_MOST_DIGITS = 64

_ESCAPE = re.compile(
    r"\\(?:(?P<one>[abfnrtv\\\"])|(?P<octal>[0-3][0-7]{2})|x(?P<hex>[0-9a-fA-F]{2})"
    r"|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})|(?P<none>.?))",
    re.DOTALL,
)
_ONE = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, '"': 34}
_LAST_CHARACTER = 0x10FFFF


def integer(token: Token) -> int:
    """Return the integer that a token spells. Raises Unreadable, for Go's other numbers too."""
    match = _INTEGER.fullmatch(token.text)
    digits = match and match[match.lastgroup or 0].replace("_", "")
    if not match or not digits or len(digits) > _MOST_DIGITS:
        raise Unreadable(token.at, f"the number {shown(token.text)}", "an integer: kdns has no others here")
    number = int(match[1] + digits, _BASES[match.lastgroup or "d"])
    if number not in _INT64:
        raise Unreadable(token.at, f"the number {shown(token.text)}", "an integer of 64 bits")
    return number


def string(token: Token) -> str:
    """Return what a string in quotes says; in backquotes all stands for itself. Raises Unreadable."""
    body = token.text[1:-1]
    if token.text.startswith("`"):
        return body.replace("\r", "")
    if "\\" not in body:
        return body
    octets, at = bytearray(), 0
    for escape in _ESCAPE.finditer(body):
        octets += body[at : escape.start()].encode()
        octets += _escaped(escape, token)
        at = escape.end()
    octets += body[at:].encode()
    return octets.decode("utf-8", "replace")


def _escaped(escape: re.Match[str], token: Token) -> bytes:
    kind, digits = escape.lastgroup or "none", escape[escape.lastgroup or 0]
    if kind == "one":
        return bytes((_ONE[digits],))
    if kind in ("octal", "hex"):
        return bytes((int(digits, 8 if kind == "octal" else 16),))
    if kind != "none" and (code := int(digits, 16)) <= _LAST_CHARACTER and not 0xD800 <= code < 0xE000:
        return chr(code).encode()
    raise Unreadable(token.at + 1 + escape.start(), shown(escape[0]), "one of Go's escapes in a string")
