"""The files that a Corefile is made of: how patterns find them and how their octets become text.

Only this module touches the disk; whoever has no disk gives another `Files`.
"""

import glob
from typing import Protocol

MAX_FILE = 1 << 26


class Files(Protocol):
    """Where imported files come from. Paths and patterns are absolute."""

    def find(self, pattern: str) -> list[str]:
        """Return the paths that match, in order. What has no wildcard matches itself if it exists."""

    def read(self, path: str) -> str:
        """Return a file's text. Raises OSError."""


class Disk:
    """The files of this machine."""

    def find(self, pattern: str) -> list[str]:
        # Go's wildcards match names that begin with a dot too.
        return sorted(glob.glob(pattern, include_hidden=True), key=lambda path: path.split("/"))

    def read(self, path: str) -> str:
        with open(path, "rb") as file:
            octets = file.read(MAX_FILE + 1)
        if len(octets) > MAX_FILE:
            raise OSError(f"more than {MAX_FILE} octets")
        return decoded(octets)


def decoded(octets: bytes) -> str:
    """Return the text of a file. What is not UTF-8 becomes U+FFFD, as in Go."""
    return octets.decode("utf-8", "replace")


def problem_with(pattern: str) -> str | None:
    """Return why an absolute pattern is none that Caddy takes: one * and one ? at most, no [class]."""
    if not pattern or "\0" in pattern:
        return "no file name"
    if pattern.count("*") > 1 or pattern.count("?") > 1 or "[" in pattern:
        return "too many wildcards"
    return None


def has_wildcard(pattern: str) -> bool:
    """Tell whether it is fine if the pattern matches nothing."""
    return any(character in pattern for character in "*?[]")
