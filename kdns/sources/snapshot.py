"""The cluster's state on disk: what kdns serves after a restart until the API server has answered.

A file is whole or it is refused: a version in its first line, a checksum over the rest, replaced atomically.
"""

import hashlib
import itertools
import os
import struct
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

import msgspec

from kdns.cluster.objects import ClusterObject

MAGIC = b"kdns snapshot 1\n"
"""The format. A file that begins otherwise is another's, or of another version of kdns."""
_DIGEST = 32
_LENGTH = struct.Struct("!I")
_BATCH = 500
_ENCODER = msgspec.msgpack.Encoder()
_NUMBERS = itertools.count(1)
"""Two of a process may write the same file for a moment, when one takes the other's place."""


class BadSnapshot(Exception):
    """A file that is no snapshot, or not a whole one; the message names it and says why."""


class Header(msgspec.Struct, frozen=True):
    """When the snapshot was taken (Unix time), and the API's version of each resource by kind."""

    taken_at: float
    versions: dict[str, str]


_HEADER = msgspec.msgpack.Decoder(Header)
_OBJECTS = msgspec.msgpack.Decoder(list[ClusterObject])


class Snapshot:
    """One file in a folder, the one of this name. The folder must be there, and is nobody else's business."""

    def __init__(self, folder: Path, name: str = "") -> None:
        self.path = folder / (f"cluster-{name}.snapshot" if name else "cluster.snapshot")
        self._number = next(_NUMBERS)

    def read(self) -> tuple[Header, Iterator[list[ClusterObject]]] | None:
        """Return the header and the objects in batches, None if there is no snapshot.

        The checksum is right before anything is returned. Raises BadSnapshot, while drawing batches too.
        """
        try:
            content = memoryview(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise BadSnapshot(str(error)) from error
        body = content[len(MAGIC) + _DIGEST :]
        if content[: len(MAGIC)] != MAGIC:
            raise BadSnapshot(f"{self.path}: not a snapshot of this version of kdns")
        if content[len(MAGIC) : len(MAGIC) + _DIGEST] != hashlib.blake2b(body, digest_size=_DIGEST).digest():
            raise BadSnapshot(f"{self.path}: damaged, the checksum does not fit")
        frames = self._frames(body)
        try:
            return _HEADER.decode(next(frames)), self._batches(frames)
        except (StopIteration, msgspec.MsgspecError) as error:
            raise BadSnapshot(f"{self.path}: no header: {error}") from error

    def _frames(self, body: memoryview) -> Iterator[memoryview]:
        position = 0
        while position < len(body):
            start = position + _LENGTH.size
            position = start + int.from_bytes(body[position:start], "big")
            yield body[start:position]

    def _batches(self, frames: Iterator[memoryview]) -> Iterator[list[ClusterObject]]:
        try:
            yield from map(_OBJECTS.decode, frames)
        except msgspec.MsgspecError as error:
            raise BadSnapshot(f"{self.path}: an object is not understood: {error}") from error

    def write(
        self, objects: Iterable[ClusterObject], versions: Mapping[str, str]
    ) -> Generator[None, None, None]:
        """Write a snapshot a batch at a time, then replace the old one; the caller draws until the end.

        Between two batches anything may happen: `objects` must not change. Raises OSError; then, or if it
        is not drawn to its end, the old snapshot stays.
        """
        fresh = self.path.with_suffix(f".{os.getpid()}.{self._number}.new")
        digest = hashlib.blake2b(digest_size=_DIGEST)
        try:
            with open(fresh, "wb", opener=_for_us_alone) as file:
                file.write(MAGIC + bytes(_DIGEST))
                for value in self._values(objects, versions):
                    frame = _ENCODER.encode(value)
                    frame = _LENGTH.pack(len(frame)) + frame
                    digest.update(frame)
                    file.write(frame)
                    yield
                file.seek(len(MAGIC))
                file.write(digest.digest())
            os.replace(fresh, self.path)
        finally:
            fresh.unlink(missing_ok=True)

    def _values(self, objects: Iterable[ClusterObject], versions: Mapping[str, str]) -> Iterator[object]:
        yield Header(time.time(), dict(versions))
        rest = iter(objects)
        while batch := list(islice(rest, _BATCH)):
            yield batch


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
