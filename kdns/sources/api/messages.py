"""What a list's page and a watch's line say. Bytes in, values out; the objects inside stay bytes."""

from typing import Annotated, NamedTuple, TypeAlias

import msgspec

from kdns.sources.api.replies import UNREADABLE, read_trouble

_INITIAL_EVENTS_END = "k8s.io/initial-events-end"


class Change(NamedTuple):
    """An object was ADDED, MODIFIED or DELETED; `raw` is its JSON."""

    type: str
    raw: msgspec.Raw


class Bookmark(NamedTuple):
    """Everything up to `version` has been sent; `ends_initial`: everything there is has been sent once."""

    version: str
    ends_initial: bool


class Unknown(NamedTuple):
    """An event of a type that nobody has told us about."""

    type: str


WatchMessage: TypeAlias = Change | Bookmark | Unknown


class Page(NamedTuple):
    """A part of a list. `version` is the whole list's, `rest` the token for the next page, "" at the end."""

    version: str
    rest: str
    items: list[msgspec.Raw]


class Garbled(Exception):
    """What came is not the API's JSON: a cut line, a proxy's page."""


_Version = Annotated[str, msgspec.Meta(min_length=1)]
"""Without one nobody would know what to watch from."""


class _Line(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _BookmarkMetadata(msgspec.Struct, rename="camel"):
    resource_version: _Version
    annotations: dict[str, str] | None = None


class _Bookmark(msgspec.Struct):
    metadata: _BookmarkMetadata


class _PageMetadata(msgspec.Struct, rename="camel"):
    resource_version: _Version
    rest: str = msgspec.field(default="", name="continue")


class _Page(msgspec.Struct):
    metadata: _PageMetadata
    items: list[msgspec.Raw] | None = None


_LINE = msgspec.json.Decoder(_Line)
_BOOKMARK = msgspec.json.Decoder(_Bookmark)
_PAGE = msgspec.json.Decoder(_Page)
_CHANGES = frozenset({"ADDED", "MODIFIED", "DELETED"})


def read_line(line: bytes) -> WatchMessage:
    """Return what one line of a watch says. Raises Garbled, and ApiTrouble for an ERROR event."""
    try:
        event = _LINE.decode(line)
        if event.type in _CHANGES:
            return Change(event.type, event.object)
        if event.type == "BOOKMARK":
            metadata = _BOOKMARK.decode(event.object).metadata
            ends = (metadata.annotations or {}).get(_INITIAL_EVENTS_END) == "true"
            return Bookmark(metadata.resource_version, ends)
    except UNREADABLE as error:
        raise Garbled(f"no event of a watch: {line[:80]!r}: {error}") from error
    if event.type == "ERROR":
        raise read_trouble(event.object)
    return Unknown(event.type)


def read_page(body: bytes) -> Page:
    """Return what one page of a list says. Raises Garbled."""
    try:
        page = _PAGE.decode(body)
    except UNREADABLE as error:
        raise Garbled(f"no list: {body[:80]!r}: {error}") from error
    return Page(page.metadata.resource_version, page.metadata.rest, page.items or [])
