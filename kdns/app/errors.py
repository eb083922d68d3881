"""What ends a start, and a reload, with a message for people."""

from collections.abc import Sequence

from kdns.corefile.errors import CorefileError


class StartError(Exception):
    """The server can't serve, or must not go on; the message says why, for the person who started it."""


class Refused(StartError):
    """A Corefile that can't be served as it stands."""

    def __init__(self, problems: Sequence[CorefileError]) -> None:
        super().__init__("\n".join(map(str, problems)))
