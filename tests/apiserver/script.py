"""The script of a fake API server: which failure meets which request, each one once.

It keeps what a test has queued and what has been asked; how a failure happens is its own business.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tests.apiserver.failures import Failure
from tests.apiserver.resources import RESOURCES

VERBS = ("list", "watch", "get")


@dataclass(frozen=True)
class Request:
    """A request as it came; `resource` and `verb` are empty where the path names nothing that is served."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    token: str | None
    resource: str
    verb: str


class _Entry(NamedTuple):
    failure: Failure
    resource: str | None
    verb: str | None

    def meets(self, request: Request) -> bool:
        return (
            self.resource in (None, request.resource)
            and self.verb in (None, request.verb)
            and request.verb in self.failure.verbs
        )


class Script:
    """One queue: a request consumes the first failure that is for its resource and its verb."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, *failures: Failure, resource: str | None = None, verb: str | None = None) -> None:
        """Queue failures; None is any. Raise ValueError for one that could never happen."""
        if resource not in (None, *(each.plural for each in RESOURCES)):
            raise ValueError(f"{resource!r} is not served")
        for failure in failures:
            if verb not in (None, *failure.verbs):
                raise ValueError(f"{failure} cannot happen to a {verb!r}")
            self._entries.append(_Entry(failure, resource, verb))

    def take(self, request: Request) -> Failure | None:
        """Return the failure that meets a request and forget it; None if there is none."""
        for entry in self._entries:
            if entry.meets(request):
                self._entries.remove(entry)
                return entry.failure
        return None

    def clear(self) -> None:
        self._entries.clear()
