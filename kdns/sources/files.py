"""Which manifest files there are under the given paths, and what tells that one of them has changed.

Looks at names and inodes only; no file is opened here.
"""

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

ENDINGS = frozenset({".yaml", ".yml", ".json"})
"""What is read in folders. A file that is named itself is read whatever its ending."""

GONE = (FileNotFoundError, NotADirectoryError)


class Signature(NamedTuple):
    """Differs after every write to a file, replacement or change of its permissions."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int


class Failure(NamedTuple):
    """Why a path could not be looked at; `is_gone` if nothing is there."""

    reason: str
    is_gone: bool = False


class Look(NamedTuple):
    """The files under the paths in the order of reading, and the paths that could not be looked at.

    Two looks are equal if nothing happened in between.
    """

    files: dict[Path, Signature]
    failures: dict[Path, Failure]


def look(paths: Iterable[Path]) -> Look:
    """Find the files under these paths: folders with all below them, by name, hidden entries left out.

    A file or folder that is reached twice counts once, links followed. That is what a ConfigMap volume
    needs, where `a.yaml` links to `..data/a.yaml` and `..data` to a folder.
    """
    found = Look({}, {})
    seen: set[tuple[int, int]] = set()
    named = list(paths)
    waiting = named[::-1]
    while waiting:
        path = waiting.pop()
        try:
            status = path.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            if stat.S_ISDIR(status.st_mode):
                waiting += sorted(_visible(path), reverse=True)
            elif path.suffix not in ENDINGS and path not in named:
                continue
            elif stat.S_ISREG(status.st_mode):
                found.files[path] = signature(status)
            else:
                found.failures[path] = Failure("neither a file nor a folder")
            seen.add((status.st_dev, status.st_ino))
        except OSError as error:
            if path.suffix in ENDINGS or path in named or isinstance(error, PermissionError):
                found.failures[path] = Failure(error.strerror or str(error), isinstance(error, GONE))
    return found


def _visible(folder: Path) -> list[Path]:
    """List a folder without dot files: editors' locks and swap files, `..data`, `.git`."""
    return [folder / name for name in os.listdir(folder) if not name.startswith(".")]


def signature(status: os.stat_result) -> Signature:
    """Return what tells this state of a file from all others."""
    return Signature(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
