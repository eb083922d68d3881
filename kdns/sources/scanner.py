"""The documents of a JSON file too large to hold, found in one pass over it, and where a list's items are.

What is JSON is for msgspec to say, and of a broken document it says what it would have said of the whole.
"""

import re
import sys
from array import array
from collections.abc import Iterator

import msgspec
from msgspec import Raw

from kdns.sources.documents import POSITION, TRAILING, Broken, JsonDocument, JsonItems, ListDocument
from kdns.sources.pieces import Pieces
from kdns.sources.shapes import decoder


class _Surprise(ValueError):
    """Something stands where JSON has something else."""


_NOT_JSON = (msgspec.DecodeError, ValueError, RecursionError)
_SPACE = re.compile(rb"[ \t\r\n]*")
_LOOKAHEAD = 64
"""No token but a string makes msgspec look farther: an error so near the end of a piece may be the cut's."""


class Scanner:
    """Yields the documents of a file, passing over one value of a document after the other.

    Of the document that it is in, what lies before `_mark` is known to be good, and `_prefix` stands for
    it: the same text without the items of lists, or with one where some have passed (`_stand_in`).
    The piece in memory begins at the mark or before it.
    """

    def __init__(self, pieces: Pieces, start: int) -> None:
        self._pieces = pieces
        self._position = start
        self._begin()

    def __iter__(self) -> Iterator[JsonDocument | ListDocument | Broken]:
        while self._position < self._pieces.end:
            start = self._position
            try:
                self._document()
            except _NOT_JSON as error:
                yield Broken(f"no JSON: {self._verdict(start, error)}")
                following = self._pieces.find(b"\n{", start)
                self._position = following + 1 if following >= 0 else self._pieces.end
                self._begin()
            else:
                yield self._found()
                self._prefix, self._mark = bytearray(), self._position

    def _begin(self) -> None:
        self._piece, self._base = b"", self._position
        self._prefix, self._mark = bytearray(), self._position
        self._stand_in = b""
        self._spans: array[int] | None = None

    def _found(self) -> JsonDocument | ListDocument:
        text = bytes(self._prefix) + self._since(self._mark)
        return JsonDocument(text) if self._spans is None else ListDocument(text, self._spans, self._pieces)

    def _document(self) -> None:
        self._spans = None
        if self._token() != b"{":
            self._value()
        elif not self._fits():
            self._object()
        self._token()

    def _fits(self) -> bool:
        """Pass over the object if it is whole and no larger than a piece."""
        try:
            self._value(self._pieces.size)
        except _NOT_JSON:
            return False
        return True

    def _object(self) -> None:
        self._position += 1
        if self._token() != b"}":
            self._member()
            while self._token() == b",":
                self._position += 1
                self._member()
        self._take(b"}")

    def _member(self) -> None:
        if self._token() != b'"':
            raise _Surprise("no name")
        start = self._position
        self._value()
        name = self._since(start)
        self._take(b":")
        if not _means_items(name):
            self._value()
        elif self._token() == b"[":
            self._spans = self._items()
        else:
            self._spans = None
            self._value()

    def _items(self) -> "array[int]":
        self._position += 1
        self._prefix += self._since(self._mark)
        self._mark = self._position
        spans = array("Q")
        if self._token() != b"]":
            self._item(spans)
            while self._token() == b",":
                self._position += 1
                self._item(spans)
        self._take(b"]")
        self._prefix += b"]"
        self._stand_in, self._mark = b"", self._position
        return spans

    def _item(self, spans: "array[int]") -> None:
        self._token()
        start = self._position
        self._value()
        spans.append(start)
        spans.append(self._position)
        self._stand_in, self._mark = b"{}", self._position

    def _since(self, start: int) -> bytes:
        """Return the text from there, which is in the piece, to where the scanner is."""
        return self._piece[start - self._base : self._position - self._base]

    def _token(self) -> bytes:
        """Go to the next octet that is no space and return it, nothing at the end of the file."""
        while True:
            space = _SPACE.match(self._piece, self._position - self._base)
            self._position = self._base + (space.end() if space else 0)
            octet = self._piece[self._position - self._base : self._position - self._base + 1]
            if octet or not self._read_on():
                return octet

    def _take(self, octet: bytes) -> None:
        if self._token() != octet:
            raise _Surprise(f"no {octet.decode()}")
        self._position += 1

    def _value(self, limit: int = sys.maxsize) -> None:
        """Pass over one value and the space after it, holding it. Raises one of _NOT_JSON.

        Where a piece has reached the limit, what goes on is taken for broken.
        """
        while True:
            text = memoryview(self._piece)[self._position - self._base :]
            try:
                decoder(Raw).decode(text)
            except _NOT_JSON as error:
                trailing = TRAILING.search(str(error))
                if trailing:
                    self._position += int(trailing[1]) - 1
                    return
                if not _is_cut(str(error), len(text)) or not self._read_on(limit):
                    raise
            else:
                if not self._read_on(limit):
                    self._position += len(text)
                    return

    def _read_on(self, limit: int = sys.maxsize) -> bool:
        """Have the piece begin at the mark and reach farther; False at the limit or the end of the file."""
        reached = self._base + len(self._piece)
        if reached == self._pieces.end or reached - self._mark >= limit:
            return False
        stop = min(self._mark + max(self._pieces.size, 2 * (reached - self._mark)), self._pieces.end)
        self._piece = b""
        self._piece, self._base = self._pieces.read(self._mark, stop), self._mark
        return True

    def _verdict(self, start: int, found: Exception) -> str:
        """Return what msgspec says of the document that begins there, counted from the file's beginning."""
        while True:
            before = self._prefix + self._stand_in
            text = before + self._piece[self._mark - self._base :]
            try:
                decoder(Raw).decode(text)
                return str(found)
            except _NOT_JSON as error:
                message = str(error)
            if not _is_cut(message, len(text)) or not self._read_on():
                break
        position = POSITION.search(message)
        if not position:
            return message
        place = self._mark + int(position[1]) - len(before)
        message = POSITION.sub(f"(byte {place - start})", message)
        line = self._pieces.lines_before(place) + 1
        return f"line {line}: {message}" if line > 1 else message


def _means_items(name: bytes) -> bool:
    """Tell whether msgspec takes this for the name `items`, however it is spelt."""
    if b"\\" not in name:
        return name.rstrip() == b'"items"'
    return decoder(JsonItems).decode(b"{" + name + b":[]}").items is not None


def _is_cut(message: str, length: int) -> bool:
    """Tell whether a decoder complained because its text ended too early, or may have."""
    position = POSITION.search(message)
    return int(position[1]) + _LOOKAHEAD > length if position else "truncated" in message
