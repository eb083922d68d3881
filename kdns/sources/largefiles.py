"""The documents of an open manifest file, however large: only what is small is read as a whole.

One-line or indented, JSON of any size is passed over twice, a piece and then an item at a time.
"""

import os
from collections.abc import Iterator
from typing import BinaryIO

from kdns.sources.documents import LIKE_JSON, Broken, Document, documents
from kdns.sources.pieces import PIECE, Pieces
from kdns.sources.scanner import Scanner


def documents_in(file: BinaryIO, is_json: bool, size: int = PIECE) -> Iterator[tuple[int, Document]]:
    """Yield what `documents` would of the file's octets; JSON of more than a piece (of `size`) is not held.

    Raises OSError, FileChanged: then nothing counts of what was yielded before.
    """
    start = _begin(file, is_json, size)
    if start is None:
        yield from documents(file.read(), is_json)
        return
    pieces = Pieces(file.fileno(), size)
    if not is_json and any(isinstance(each, Broken) for each in Scanner(pieces, start)):
        yield from documents(file.read(), is_json)
        return
    yield from enumerate(Scanner(pieces, start), 1)
    pieces.check()


def _begin(file: BinaryIO, is_json: bool, size: int) -> int | None:
    """Return where a large JSON file begins, after a byte order mark; None if the file is no such thing."""
    if os.fstat(file.fileno()).st_size <= size:
        return None
    first = os.pread(file.fileno(), size, 0)
    if first[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return None
    start = 3 if first.startswith(b"\xef\xbb\xbf") else 0
    return start if is_json or LIKE_JSON(first, start) else None
