"""The bytes of a manifest file to its documents: JSON or YAML, one or many, a list's items one by one.

Knows how documents are cut and opened; which objects they hold is for `drafts` to say.
"""

import re
from array import array
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias, TypeVar

import msgspec
from msgspec import Raw, Struct

from kdns.sources.pieces import Pieces
from kdns.sources.shapes import Metadata, Shape, decoder, from_dicts, from_json
from kdns.sources.yamltrees import BadYaml, trees

_S = TypeVar("_S", bound=Struct)


class Head(Shape):
    """What every object begins with, before its kind is known."""

    api_version: str | None = None
    kind: str | None = None
    metadata: Metadata | None = None


class JsonItems(Shape):
    items: list[Raw] | None = None


class _TreeItems(Shape):
    items: list[Any] | None = None


class JsonDocument(NamedTuple):
    """An object in JSON: octets until someone asks, so that a file of 150 MB never exists as dicts."""

    raw: bytes | Raw

    def read(self, shape: type[_S]) -> _S:
        """Return the fields of this shape. Raises NotUnderstood."""
        return from_json(shape, self.raw)

    def items(self) -> Iterator["JsonDocument"]:
        """Yield the items of a list. Raises NotUnderstood."""
        return map(JsonDocument, self.read(JsonItems).items or ())


class TreeDocument(NamedTuple):
    """An object out of YAML, as dicts and lists."""

    tree: object

    def read(self, shape: type[_S]) -> _S:
        """Return the fields of this shape. Raises NotUnderstood."""
        return from_dicts(shape, self.tree)

    def items(self) -> Iterator["TreeDocument"]:
        """Yield the items of a list. Raises NotUnderstood."""
        return map(TreeDocument, self.read(_TreeItems).items or ())


class ListDocument(NamedTuple):
    """A list in JSON whose items stay in the file, where `spans` says; `envelope` is the text without."""

    envelope: bytes
    spans: "array[int]"
    pieces: Pieces

    def read(self, shape: type[_S]) -> _S:
        """Return the fields of this shape, `items` being empty. Raises NotUnderstood."""
        return from_json(shape, self.envelope)

    def items(self) -> Iterator[JsonDocument]:
        """Yield the items. Raises NotUnderstood, OSError, FileChanged."""
        self.read(JsonItems)
        spans = iter(self.spans)
        for start, stop in zip(spans, spans, strict=True):
            yield JsonDocument(self.pieces.read(start, stop))


class Broken(NamedTuple):
    """Stands where a document should be and says why there is none."""

    reason: str


Opened: TypeAlias = JsonDocument | ListDocument | TreeDocument

Document: TypeAlias = Opened | Broken


def documents(raw: bytes, is_json: bool) -> Iterator[tuple[int, Document]]:
    """Yield what a file holds, with its number, in its order; empty YAML documents count but are left out.

    What begins like JSON is read as JSON whatever the file's name says, as kubectl does, and as YAML
    if that fails and the name does not insist.
    """
    try:
        raw = _utf8(raw)
    except UnicodeDecodeError as error:
        yield 1, Broken(f"no text in {error.encoding}: {error.reason} at byte {error.start}")
        return
    if not is_json and not LIKE_JSON(raw):
        yield from _yaml_documents(raw)
        return
    found = list(enumerate(_json_documents(raw), 1))
    if is_json or not any(isinstance(each, Broken) for _, each in found):
        yield from found
    else:
        yield from _yaml_documents(raw)


def _utf8(raw: bytes) -> bytes:
    """Return the octets in UTF-8 without a byte order mark; PowerShell's `>` writes UTF-16, for one."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16").encode()
    return raw.removeprefix(b"\xef\xbb\xbf")


LIKE_JSON = re.compile(rb"\s*\{").match
TRAILING = re.compile(r"trailing characters \(byte (\d+)\)")
POSITION = re.compile(r"\(byte (\d+)\)")
_NEXT_OBJECT = re.compile(rb"^\{", re.MULTILINE)


def _json_documents(raw: bytes) -> Iterator[Document]:
    """Cut concatenated documents apart, each line its own or not.

    msgspec has no call for that, but says where, counted from 1, the next document begins. After a
    broken document the next line that begins with a brace is taken for the next one.
    """
    start, end = 0, len(raw)
    while end and raw[end - 1 : end].isspace():
        end -= 1
    while start < end:
        rest = memoryview(raw)[start:end]
        try:
            decoder(Raw).decode(rest)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            trailing = TRAILING.search(str(error))
            if trailing:
                start, begun = start + int(trailing[1]) - 1, start
                yield JsonDocument(raw[begun:start])
                continue
            yield Broken(f"no JSON: {_place(raw, start, str(error))}")
            following = _NEXT_OBJECT.search(raw, start + 1)
            start = following.start() if following else end
        else:
            yield JsonDocument(raw if start == 0 else raw[start:end])
            return


def _place(raw: bytes, start: int, message: str) -> str:
    """Count a decoder's position from the file's beginning, in lines where it has more than one."""
    position = POSITION.search(message)
    if not position:
        return message
    line = raw.count(b"\n", 0, start + int(position[1])) + 1
    return f"line {line}: {message}" if line > 1 else message


def _yaml_documents(raw: bytes) -> Iterator[tuple[int, Document]]:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        yield 1, Broken(f"no text in {error.encoding}: {error.reason} at byte {error.start}")
        return
    for number, tree in enumerate(trees(text), 1):
        if isinstance(tree, BadYaml):
            yield number, Broken(f"no YAML: {tree}")
        elif tree is not None:
            yield number, TreeDocument(tree)
