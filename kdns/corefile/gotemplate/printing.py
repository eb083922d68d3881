"""Values as text: what Go's fmt makes of them, for what an action leaves, `print` and `printf`."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from kdns.corefile.errors import shown
from kdns.corefile.gotemplate.failures import Problem
from kdns.corefile.gotemplate.values import Function, Struct, Value, octets, type_of

NO_VALUE = "<no value>"
NIL = "<nil>"
WIDEST = 1000
"""What is padded to more than this is no record, but a slip."""


class _Spec(NamedTuple):
    """What stands between a percent sign and its verb."""

    flags: str = ""
    width: int = 0
    precision: int | None = None


_VERB = re.compile(
    r"%(?P<flags>[-+0]*)(?P<width>[0-9]{0,4})(?:\.(?P<precision>[0-9]{0,4}))?(?P<verb>.?)", re.DOTALL
)


def written(value: Value) -> str:
    """Return what an action writes for its value. Raises Problem for what cannot be printed here."""
    return NO_VALUE if value is None else plain(value)


def plain(value: Value) -> str:
    """Return a value as `print` has it. Raises Problem."""
    return _shaped(value, "v", _Spec())


def joined(values: Sequence[Value]) -> str:
    """Return values as `print` puts them together: a space between two neither of which is a string."""
    text = ""
    for index, value in enumerate(values):
        if index and not isinstance(value, str) and not isinstance(values[index - 1], str):
            text += " "
        text += plain(value)
    return text


def quoted(text: str) -> str:
    """Return a string in quotes, with escapes for what cannot be printed."""
    return '"' + "".join(map(_escaped, text)) + '"'


_ESCAPES = {"\a": r"\a", "\b": r"\b", "\t": r"\t", "\n": r"\n", "\v": r"\v", "\f": r"\f", "\r": r"\r"}
_ESCAPES |= {'"': r"\"", "\\": r"\\"}


def _escaped(character: str) -> str:
    if character in _ESCAPES or character.isprintable():
        return _ESCAPES.get(character, character)
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def unsupported(format: str) -> str | None:
    """Return the first verb of a format that is Go's, but not known here; None if there is none."""
    for match in _VERB.finditer(format):
        if match["verb"] in ("*", "[", "#", " ", *"1234567890.eEfFgGOpTU"):
            return match[0]
    return None


def formatted(format: str, values: Sequence[Value]) -> str:
    """Return values in a format; mistakes in it are marked as Go marks them. Raises Problem."""
    if verb := unsupported(format):
        raise Problem(f"kdns does not know {shown(verb)}")
    left = list(values)

    def replaced(match: re.Match[str]) -> str:
        verb, precision = match["verb"], match["precision"]
        if verb in ("%", ""):
            return verb or "%!(NOVERB)"
        if not left:
            return f"%!{verb}(MISSING)"
        width = min(int(match["width"] or 0), WIDEST)
        digits = None if precision is None else min(int(precision or 0), WIDEST)
        return _shaped(left.pop(0), verb, _Spec(match["flags"], width, digits))

    text = _VERB.sub(replaced, format)
    return text + (f"%!(EXTRA {', '.join(map(_typed, left))})" if left else "")


def _typed(value: Value) -> str:
    return NIL if value is None else f"{type_of(value)}={plain(value)}"


def _shaped(value: Value, verb: str, spec: _Spec) -> str:
    """Return a value by its verb; of a slice or map each that it holds."""
    if isinstance(value, list):
        return f"[{' '.join([_shaped(each, verb, spec) for each in value])}]"
    if isinstance(value, (Struct, Function)):
        raise Problem(f"kdns cannot print a value of type {type_of(value)}")
    if isinstance(value, dict):
        pairs = [f"{_shaped(key, verb, spec)}:{_shaped(value[key], verb, spec)}" for key in sorted(value)]
        return f"map[{' '.join(pairs)}]"
    convert = _CONVERSIONS.get((type(value), verb))
    return convert(value, spec) if convert else f"%!{verb}({_typed(value)})"


def _padded(text: str, spec: _Spec, sign: str = "") -> str:
    width = spec.width - len(sign)
    if "-" in spec.flags:
        return (sign + text).ljust(spec.width)
    return sign + text.rjust(width, "0") if "0" in spec.flags else (sign + text).rjust(spec.width)


def _number(base: str) -> Callable[[int, _Spec], str]:
    def convert(number: int, spec: _Spec) -> str:
        digits, precision = format(abs(number), base), spec.precision
        if precision is not None:
            spec = spec._replace(flags=spec.flags.replace("0", ""))
            digits = digits.rjust(precision, "0") if number or precision else ""
        return _padded(digits, spec, "-" if number < 0 else "+" if "+" in spec.flags else "")

    return convert


def _string(convert: Callable[[str], str]) -> Callable[[str, _Spec], str]:
    return lambda text, spec: _padded(convert(text[: spec.precision]), spec)


def _hexadecimal(case: Callable[[str], str]) -> Callable[[str, _Spec], str]:
    return lambda text, spec: _padded(case(octets(text)[: spec.precision].hex()), spec)


def _character(code: int, spec: _Spec) -> str:
    is_one = 0 <= code <= 0x10FFFF and not 0xD800 <= code < 0xE000
    return _padded(chr(code) if is_one else "\ufffd", spec)


def _bool(value: bool, spec: _Spec) -> str:
    return _padded("true" if value else "false", spec)


_CONVERSIONS: Mapping[tuple[type, str], Callable[..., str]] = {
    (str, "v"): _string(str),
    (str, "s"): _string(str),
    (str, "q"): _string(quoted),
    (str, "x"): _hexadecimal(str.lower),
    (str, "X"): _hexadecimal(str.upper),
    (int, "v"): _number("d"),
    **{(int, verb): _number(verb) for verb in "dxXob"},
    (int, "c"): _character,
    (bool, "v"): _bool,
    (bool, "t"): _bool,
    (type(None), "v"): lambda _, spec: _padded(NIL, spec),
}
