"""$GENERATE (BIND's): one line that stands for many records, which differ by a number."""

import re
from collections.abc import Callable, Iterator, Sequence

from kdns.wire.fields import Token, Unexpected, shown

MOST = 65536
"""How many records a line may stand for: CoreDNS's limit."""

_RANGE = re.compile("([0-9]{1,10})-([0-9]{1,10})(?:/([0-9]{1,10}))?")
_PIECE = re.compile(r"\\.|\$\$|\$\{(?P<modifier>[^}]*)\}|(?P<number>\$)|[^\\$]+|.", re.DOTALL)
_MODIFIER = re.compile("(-?[0-9]{1,10})(?:,([0-9]{1,3})(?:,([doxX]))?)?")
_HIGHEST = 2**31 - 1

_Part = Callable[[int], str]


def generated(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Yield the records, owner first, that `RANGE OWNER [TTL] [CLASS] TYPE RDATA` stands for, in order.

    `$` is the number, `${OFFSET,WIDTH,BASE}` the number changed, `$$` and `\\$` a dollar. Raises Unexpected.
    """
    numbers = _range(tokens[0])
    parts = [(token, _parts(token, numbers)) for token in tokens[1:]]
    for number in numbers:
        yield [token._replace(text="".join([part(number) for part in made])) for token, made in parts]


def _range(token: Token) -> range:
    match = _RANGE.fullmatch(token.text)
    start, stop, step = (int(match[1]), int(match[2]), int(match[3] or 1)) if match else (1, 0, 1)
    if stop < start or not step or (stop - start) // step >= MOST:
        raise Unexpected(token.line, str(token), f"START-STOP or START-STOP/STEP, at most {MOST} numbers")
    return range(start, stop + 1, step)


def _parts(token: Token, numbers: range) -> list[_Part]:
    return [_part(piece, token, numbers) for piece in _PIECE.finditer(token.text)]


def _part(piece: re.Match[str], token: Token, numbers: range) -> _Part:
    if piece["number"]:
        return str
    if piece["modifier"] is not None:
        return _modified(piece["modifier"], token, numbers)
    text = "\\$" if piece[0] == "$$" else piece[0]
    return lambda number: text


def _modified(modifier: str, token: Token, numbers: range) -> _Part:
    match = _MODIFIER.fullmatch(modifier)
    offset, width, base = (int(match[1]), int(match[2] or 0), match[3] or "d") if match else (-1, 0, "d")
    if match is None or width > 255 or numbers[0] + offset < 0 or numbers[-1] + offset > _HIGHEST:
        expected = "${OFFSET,WIDTH,BASE}, the base one of d, o, x, X, and numbers from 0 to 2^31-1"
        raise Unexpected(token.line, shown(f"${{{modifier}}}"), expected)
    return lambda number: format(number + offset, f"0{width}{base}" if width else base)
