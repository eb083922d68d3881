"""A file's octets, a piece at a time, so that a large file is never in memory as a whole.

Knows positions and octets; what they mean is for others. Read, never mapped: a mapped file that someone
cuts short kills the process.
"""

import os

from kdns.sources.files import signature

PIECE = 1 << 18
"""So much is looked at in one go, in octets. While it is being read, other threads have their turn; what
comes between two pieces takes a millisecond."""


class FileChanged(OSError):
    """A file was written to while it was being read: what was read of it belongs to no moment."""

    def __init__(self) -> None:
        super().__init__("changed while it was being read")


class Pieces:
    """An open file. `size` is that of a piece; `end` is where the file ends, space at its end left out."""

    def __init__(self, descriptor: int, size: int = PIECE) -> None:
        self.size = size
        self._descriptor = descriptor
        self._signature = signature(os.fstat(descriptor))
        self._counted = (0, 0)
        self.end = self._find_end()

    def read(self, start: int, stop: int) -> bytes:
        """Return the octets in between. Raises OSError, FileChanged if there are fewer."""
        piece = os.pread(self._descriptor, stop - start, start)
        while len(piece) < stop - start:
            more = os.pread(self._descriptor, stop - start - len(piece), start + len(piece))
            if not more:
                raise FileChanged
            piece += more
        return piece

    def find(self, text: bytes, start: int) -> int:
        """Return where this text stands first, at `start` or later, and -1 if it does not."""
        while start < self.end:
            stop = min(start + self.size + len(text) - 1, self.end)
            found = self.read(start, stop).find(text)
            if found >= 0:
                return start + found
            start += self.size
        return -1

    def lines_before(self, stop: int) -> int:
        """Count the line feeds before this position; from where it counted last, if that is no later."""
        begin, lines = self._counted if self._counted[0] <= stop else (0, 0)
        for start in range(begin, stop, self.size):
            lines += self.read(start, min(start + self.size, stop)).count(b"\n")
        self._counted = (stop, lines)
        return lines

    def check(self) -> None:
        """Raise FileChanged if the file is not what it was when this was made."""
        if signature(os.fstat(self._descriptor)) != self._signature:
            raise FileChanged

    def _find_end(self) -> int:
        stop = self._signature.size
        while stop > 0:
            start = max(0, stop - self.size)
            if text := self.read(start, stop).rstrip():
                return start + len(text)
            stop = start
        return 0
