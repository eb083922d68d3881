"""What a template's values are in Python, and what Go's types let be done with them.

A string is str, an integer of any size int, a slice a list, a map a dict, nil and what is not there None.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from kdns.corefile.gotemplate.failures import Problem

Value: TypeAlias = "str | int | bool | list[Value] | dict[str, Value] | Function | None"


class Struct(dict[str, Value]):
    """A Go struct: it has these fields, and to ask it for another is a mistake; a map then has None."""

    def __init__(self, type_name: str, fields: Mapping[str, Value]) -> None:
        super().__init__(fields)
        self.type_name = type_name


class Function(NamedTuple):
    """A function or method of `least` to `most` arguments, None = any number. `call` may raise Problem."""

    call: Callable[..., Value]
    least: int
    most: int | None

    def check_count(self, name: str, count: int) -> None:
        """Raise Problem if there may not be so many arguments."""
        if count < self.least or (self.most is not None and count > self.most):
            at_least = "at least " if self.most is None else ""
            raise Problem(f"wrong number of args for {name}: want {at_least}{self.least} got {count}")


_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "bool"),
    (int, "int"),
    (str, "string"),
    (list, "[]string"),
    (dict, "map[string]string"),
)


def type_of(value: Value) -> str:
    """Return the name of a value's type, for messages."""
    if value is None:
        return "nil"
    if isinstance(value, Struct):
        return value.type_name
    return next((name for kind, name in _TYPES if isinstance(value, kind)), "func")


def field(value: Value, name: str, arguments: Sequence[Value]) -> Value:
    """Return a field of a struct, or what a map has for a key; a method is called. Raises Problem."""
    if value is None:
        return None
    if not isinstance(value, dict) or (isinstance(value, Struct) and name not in value):
        raise Problem(f"can't evaluate field {name} in type {type_of(value)}")
    found = value.get(name)
    if isinstance(found, Function):
        found.check_count(name, len(arguments))
        return found.call(*arguments)
    if arguments:
        raise Problem(f"{name} has arguments but cannot be invoked as function")
    return found


def is_true(value: Value) -> bool:
    """Tell what `if` goes by: zero, the empty ones and nil are false."""
    return isinstance(value, Struct) or bool(value)


def octets(text: str) -> bytes:
    """Return the octets of a string, which is what Go counts."""
    return text.encode()
