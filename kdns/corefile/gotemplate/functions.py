"""The functions of templates: Go's own, but for `call`, `html`, `js` and `urlquery`, and parseInt."""

from collections.abc import Mapping
from typing import Any

from kdns.corefile.gotemplate.failures import Problem
from kdns.corefile.gotemplate.numbers import parse_unsigned
from kdns.corefile.gotemplate.printing import formatted, joined, plain
from kdns.corefile.gotemplate.values import Function, Struct, Value, is_true, octets, type_of

LATER = ("call", "html", "js", "urlquery")
"""Functions of Go's that are not here."""

SHORT_CIRCUIT = {"and": False, "or": True}
"""Functions whose value is the first argument of this truth, else the last; no more of them are evaluated."""


def _index(item: Value, *indexes: Value) -> Value:
    if item is None:
        raise Problem("index of untyped nil")
    for index in indexes:
        item = _at(item, index)
    return item


def _at(item: Value, index: Value) -> Value:
    if isinstance(item, dict) and not isinstance(item, Struct):
        if not isinstance(index, str):
            raise Problem(f"value has type {type_of(index)}; should be string")
        return item.get(index, "")
    held = _sequence(item, "index")
    place = _place(index, len(held))
    if place == len(held):
        raise Problem(f"reflect: {'string' if isinstance(item, str) else 'slice'} index out of range")
    found: Value = held[place]
    return found


def _sequence(item: Value, verb: str) -> Any:
    """Return what has places that are counted: a slice, or the octets of a string."""
    if isinstance(item, list):
        return item
    if isinstance(item, str):
        return octets(item)
    raise Problem(f"can't {verb} item of type {type_of(item)}")


def _place(index: Value, most: int) -> int:
    if isinstance(index, bool) or not isinstance(index, int):
        raise Problem(f"cannot index slice/array with {'nil' if index is None else 'type ' + type_of(index)}")
    if not 0 <= index <= most:
        raise Problem(f"index out of range: {index}")
    return index


def _slice(item: Value, *indexes: Value) -> Value:
    if item is None:
        raise Problem("slice of untyped nil")
    held = _sequence(item, "slice")
    low, high, *most = [*(_place(index, len(held)) for index in indexes), *(0, len(held))[len(indexes) :]]
    if isinstance(item, str) and most:
        raise Problem("cannot 3-index slice a string")
    for first, second in zip((low, high), (high, *most), strict=False):
        if first > second:
            raise Problem(f"invalid slice index: {first} > {second}")
    part: list[Value] | bytes = held[low:high]
    return part.decode("utf-8", "replace") if isinstance(part, bytes) else part


def _len(item: Value) -> int:
    if isinstance(item, str):
        return len(octets(item))
    if isinstance(item, (list, dict)) and not isinstance(item, Struct):
        return len(item)
    raise Problem(f"len of type {type_of(item)}")


def _print(*values: Value) -> str:
    return joined(values)


def _println(*values: Value) -> str:
    return " ".join(map(plain, values)) + "\n"


def _printf(format: Value, *values: Value) -> str:
    if not isinstance(format, str):
        raise Problem(f"wrong type for value; expected string; got {type_of(format)}")
    return formatted(format, values)


def _parse_int(text: Value, base: Value, bits: Value) -> int:
    if not isinstance(text, str):
        raise Problem(f"wrong type for value; expected string; got {type_of(text)}")
    for each in (base, bits):
        if isinstance(each, bool) or not isinstance(each, int):
            raise Problem(f"wrong type for value; expected int; got {type_of(each)}")
    return parse_unsigned(text, base, bits)  # type: ignore[arg-type]  # just seen


_BASIC = (str, int, bool)


def _eq(one: Value, *others: Value) -> bool:
    if not others:
        raise Problem("missing argument for comparison")
    return any(_is_equal(one, other) for other in others)


def _is_equal(one: Value, other: Value) -> bool:
    if one is None or other is None:
        return one is other
    _check_alike(one, other)
    if not isinstance(one, _BASIC):
        raise Problem(f"non-comparable type {type_of(one)}")
    return one == other


def _is_less(one: Value, other: Value) -> bool:
    if not (isinstance(one, _BASIC) and isinstance(other, _BASIC)):
        raise Problem("invalid type for comparison")
    _check_alike(one, other)
    if isinstance(one, bool):
        raise Problem("invalid type for comparison")
    return one < other  # type: ignore[operator]  # both are str, or both are int


def _check_alike(one: Value, other: Value) -> None:
    if type(one) is not type(other):
        raise Problem(f"incompatible types for comparison: {type_of(one)} and {type_of(other)}")


FUNCTIONS: Mapping[str, Function] = {
    "and": Function(lambda *values: values[-1], 1, None),
    "or": Function(lambda *values: values[-1], 1, None),
    "not": Function(lambda value: not is_true(value), 1, 1),
    "eq": Function(_eq, 1, None),
    "ne": Function(lambda one, other: not _is_equal(one, other), 2, 2),
    "lt": Function(_is_less, 2, 2),
    "le": Function(lambda one, other: _is_less(one, other) or _is_equal(one, other), 2, 2),
    "gt": Function(lambda one, other: not (_is_less(one, other) or _is_equal(one, other)), 2, 2),
    "ge": Function(lambda one, other: not _is_less(one, other), 2, 2),
    "index": Function(_index, 1, None),
    "slice": Function(_slice, 1, 4),
    "len": Function(_len, 1, 1),
    "print": Function(_print, 0, None),
    "println": Function(_println, 0, None),
    "printf": Function(_printf, 1, None),
    "parseInt": Function(_parse_int, 3, 3),
}
"""`parseInt` is not Go's, but CoreDNS's."""
