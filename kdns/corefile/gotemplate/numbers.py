"""Integers in a text, as Go's strconv reads them."""

import re

from kdns.corefile.gotemplate.failures import Problem
from kdns.corefile.gotemplate.printing import quoted

_DIGITS = re.compile("[0-9a-zA-Z]+")
_PREFIX = re.compile(r"\A(?:0[xXbBoO]?(?=.)|)")
_BASES = {"0x": 16, "0b": 2, "0o": 8, "0": 8, "": 10}
_LARGEST_BASE = 36
_MOST_BITS = 64


def parse_unsigned(text: str, base: int, bits: int) -> int:
    """Return the number that a text without a sign spells, as strconv.ParseUint does. Raises Problem.

    Base 0 goes by the text's prefix. The number has to fit into so many bits; 0 stands for 64.
    """
    problem = f"strconv.ParseUint: parsing {quoted(text)}: "
    digits = text
    if base == 0:
        prefix = _PREFIX.findall(text)[0].lower()
        base, digits = _BASES[prefix], re.sub("_(?=[0-9a-zA-Z])", "", text[len(prefix) :])
    if not text:
        raise Problem(problem + "invalid syntax")
    if not 2 <= base <= _LARGEST_BASE:
        raise Problem(f"{problem}invalid base {base}")
    if not 0 <= bits <= _MOST_BITS:
        raise Problem(f"{problem}invalid bit size {bits}")
    if not _DIGITS.fullmatch(digits) or any(int(digit, 36) >= base for digit in digits):
        raise Problem(problem + "invalid syntax")
    number = 0
    for digit in digits:
        number = number * base + int(digit, 36)
        if number >> (bits or _MOST_BITS):
            raise Problem(problem + "value out of range")
    return number
