"""What single words of `rewrite` say: a type, a class, an RCODE, a range of TTLs."""

import re
from collections.abc import Mapping

from kdns.corefile.errors import unexpected
from kdns.corefile.values import Word
from kdns.plugins._rewrite_responses import TtlRange
from kdns.wire import codes
from kdns.wire.rcodes import RCODES

_CLASSES = {"IN": 1, "CS": 2, "CH": 3, "HS": 4, "NONE": 254, "ANY": 255}
_LAST_RCODE = 23
_TTLS = re.compile(r"([0-9]{0,10})(-?)([0-9]{0,10})")
_MAX_TTL, _HIGHEST_TTL = 0x7FFFFFFF, 0xFFFFFFFF
_NUMBER = re.compile(r"[0-9]{1,19}")


def rr_type(word: Word) -> int:
    """Read a mnemonic; as in CoreDNS, TYPE65280 is none."""
    if not codes.is_mnemonic(word.text.upper()):
        raise unexpected(word, "the mnemonic of a type")
    return codes.type_from_text(word.text)


def rr_class(word: Word) -> int:
    return _one_of(_CLASSES, word, "a class")


def rcode(word: Word) -> int:
    """Read a number or a mnemonic."""
    if _NUMBER.fullmatch(word.text) and int(word.text) <= _LAST_RCODE:
        return int(word.text)
    return _one_of(RCODES, word, "an RCODE")


def _one_of(table: Mapping[str, int], word: Word, expected: str) -> int:
    number = table.get(word.text.upper())
    if number is None:
        raise unexpected(word, expected, table)
    return number


def ttl_range(word: Word) -> TtlRange:
    """Read 30, 30-300, 30- or -300, in seconds."""
    found = _TTLS.fullmatch(word.text)
    if found is not None and (found[1] or found[3]):
        least = int(found[1] or 0)
        most = int(found[3] or _MAX_TTL) if found[2] else least
        if least <= most <= _HIGHEST_TTL:
            return TtlRange(least, most)
    raise unexpected(word, "seconds such as 30, or a range such as 30-300, 30- or -300")
