"""Domain names in wire form (RFC 1035, section 3.1): the one representation of a name inside kdns.

A `Name` is the uncompressed octets of a well-formed absolute name, ending in the root label. Length
octets are at most 63 and letters start at 65, so folding case is `bytes.lower` and comparing is `==`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NewType, TypeVar

Name = NewType("Name", bytes)
V = TypeVar("V")

ROOT = Name(b"\0")
MAX_NAME = 255
MAX_LABEL = 63

_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_*/+")


class BadName(ValueError):
    """A text or octets that are no domain name; the message says why."""


def from_labels(labels: Iterable[bytes], origin: Name = ROOT) -> Name:
    """Return the name of these labels above `origin`. Raises BadName."""
    octets = bytearray()
    for label in labels:
        if not label:
            raise BadName("empty label")
        if len(label) > MAX_LABEL:
            raise BadName(f"label longer than {MAX_LABEL} octets: {ascii(label[:20])[2:-1]}...")
        octets.append(len(label))
        octets += label
    octets += origin
    if len(octets) > MAX_NAME:
        raise BadName(f"name longer than {MAX_NAME} octets")
    return Name(bytes(octets))


def from_text(text: str, origin: Name = ROOT) -> Name:
    r"""Read a name in presentation form (RFC 1035, section 5.1: `\.` and `\DDD` are understood).

    A name without a final dot is completed with `origin`; `@` and the empty text are `origin` itself.
    Raises BadName.
    """
    if text in ("", "@"):
        return origin
    if text == ".":
        return ROOT
    labels, absolute = _split_text(text)
    return from_labels(labels, ROOT if absolute else origin)


def _split_text(text: str) -> tuple[list[bytes], bool]:
    if "\\" not in text and text.isascii():
        raw = text.encode().split(b".")
        return (raw[:-1], True) if not raw[-1] else (raw, False)
    labels, label, position = [], bytearray(), 0
    while position < len(text):
        character = text[position]
        if character == "\\":
            octet, position = _unescape(text, position + 1)
            label.append(octet)
            continue
        if character == ".":
            labels.append(bytes(label))
            label.clear()
        elif character.isascii():
            label.append(ord(character))
        else:
            raise BadName(f"not ASCII, write it in its xn-- form: {text!a}")
        position += 1
    if label:
        labels.append(bytes(label))
        return labels, False
    return labels, True


def _unescape(text: str, position: int) -> tuple[int, int]:
    digits = text[position : position + 3]
    if digits[:1].isdigit():
        if len(digits) == 3 and digits.isascii() and digits.isdigit() and int(digits) < 256:
            return int(digits), position + 3
        raise BadName(f"\\{digits} is no octet: three digits up to 255 are expected")
    if not digits or not digits[0].isascii():
        raise BadName(f"nothing that a backslash could quote in {text!a}")
    return ord(digits[0]), position + 1


def to_text(name: Name) -> str:
    """Return the presentation form with its final dot. Injective: `from_text` gives the same octets back."""
    if name == ROOT:
        return "."
    return "".join(_label_text(label) + "." for label in labels(name))


def _label_text(label: bytes) -> str:
    if _PLAIN.issuperset(label):
        return label.decode()
    return "".join(
        chr(octet) if octet in _PLAIN else f"\\{chr(octet)}" if 0x21 <= octet <= 0x7E else f"\\{octet:03d}"
        for octet in label
    )


def offsets(name: Name) -> Iterator[int]:
    """Yield where each label starts, the longest suffix (0) first, the root label last."""
    position = 0
    while name[position]:
        yield position
        position += name[position] + 1
    yield position


def longest_suffix(name: Name, table: Mapping[Name, V]) -> V | None:
    """Return what `table` has for the longest name at or above `name`: how a zone is chosen."""
    # A call of Name() for each suffix would double the cost.
    find: Callable[[bytes], V | None] = table.get  # type: ignore[assignment]
    position = 0
    while True:
        found = find(name[position:])
        if found is not None:
            return found
        if not name[position]:
            return None
        position += name[position] + 1


def labels(name: Name) -> list[bytes]:
    """Return the labels, leftmost first, without the root label."""
    result, position = [], 0
    while length := name[position]:
        position += 1
        result.append(name[position : position + length])
        position += length
    return result


def fold(name: Name) -> Name:
    """Return the name in lower case (RFC 4343)."""
    return name.lower()  # type: ignore[return-value]  # a call of Name() would double the cost


def is_at_or_below(name: Name, zone: Name) -> bool:
    """Tell whether `name` is `zone` or lies below it. Both must have the same case."""
    if not name.endswith(zone):
        return False
    start = len(name) - len(zone)
    return any(offset == start for offset in offsets(name))


def parent(name: Name) -> Name:
    """Return the name without its leftmost label. The root has no parent: ValueError."""
    if name == ROOT:
        raise ValueError("the root has no parent")
    return Name(name[name[0] + 1 :])
