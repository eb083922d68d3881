"""How plugins notice that a file has changed: also behind the symbolic links of a ConfigMap."""

import os
from typing import NamedTuple


class Stamp(NamedTuple):
    """What is another where a file's contents are: time of modification (nanoseconds), size, inode."""

    modified_ns: int
    size: int
    inode: int

    @property
    def modified(self) -> float:
        """The time of modification in seconds since 1970."""
        return self.modified_ns / 1e9


def stamp(path: str) -> Stamp:
    """Return the stamp of the file at a path. Raises OSError; ValueError for what can be no path.

    Take it before reading: what is written in between is then noticed the next time.
    """
    status = os.stat(path)
    return Stamp(status.st_mtime_ns, status.st_size, status.st_ino)
