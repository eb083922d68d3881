"""The vocabulary of what can go wrong: small values, each of which knows how to happen once.

Those in place of an answer come first, then those that alter it, then those that happen in a stream of
events. The last have `after`: how many events come before, None for all that the watch begins with.
"""

import asyncio
import json
from dataclasses import dataclass, field
from typing import ClassVar

from aiohttp import web

from tests.apiserver.resources import Object, Target
from tests.apiserver.shapes import encode
from tests.apiserver.statuses import HTML, JSON, ApiError, expired_watch, usual
from tests.apiserver.streams import Ending, Stream, hang_up

FOREVER = 1e9

HTML_PAGE = "<html>\n<head><title>502 Bad Gateway</title></head>\n<body>nginx</body>\n</html>\n"

BOTH, LIST, WATCH = frozenset({"list", "watch"}), frozenset({"list"}), frozenset({"watch"})


class Failure:
    """What a script is made of; `verbs` are those of the requests that it can happen to."""

    verbs: ClassVar[frozenset[str]] = BOTH


class Refusal(Failure):
    """Happens in place of an answer."""

    async def answer(self, request: web.Request, target: Target) -> web.StreamResponse:
        raise NotImplementedError


@dataclass(frozen=True)
class Fail(Refusal):
    """Answers with a code: the body that the API server has for it, JSON, or any text as an HTML page.

    `retry_after` is in seconds, as a header; None is what the API server does.
    """

    code: int
    retry_after: int | None = None
    body: Object | str | None = field(default=None, hash=False)

    async def answer(self, request: web.Request, target: Target) -> web.StreamResponse:
        error = usual(self.code, target)
        if self.body is not None:
            error = ApiError(self.code, self.body, JSON if isinstance(self.body, dict) else HTML)
        if self.retry_after is not None:
            error.retry_after = self.retry_after
        raise error


@dataclass(frozen=True)
class Close(Refusal):
    """Closes the connection before any header.

    aiohttp's client then asks a GET once more by itself: only two in a row can be noticed behind it.
    """

    ending: Ending = "fin"

    async def answer(self, request: web.Request, target: Target) -> web.StreamResponse:
        hang_up(request, self.ending)
        return web.Response()


@dataclass(frozen=True)
class Stall(Refusal):
    """Sends headers, or not even them, then nothing for some seconds; then the connection is closed."""

    seconds: float = FOREVER
    headers: bool = True

    async def answer(self, request: web.Request, target: Target) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": JSON})
        if self.headers:
            await response.prepare(request)
        await asyncio.sleep(self.seconds)
        hang_up(request, "fin")
        return response


@dataclass(frozen=True)
class Slow(Failure):
    """Sends the true body `size` bytes at a time, `delay` seconds apart."""

    size: int = 1
    delay: float = 0.0


@dataclass(frozen=True)
class CutBody(Failure):
    """Sends a part of a list's body, and its whole length as a header; then closes the connection."""

    verbs: ClassVar[frozenset[str]] = LIST

    part: float = 0.5
    ending: Ending = "fin"


@dataclass(frozen=True)
class EmptyList(Failure):
    """Answers a list as if nothing existed."""

    verbs: ClassVar[frozenset[str]] = LIST


@dataclass(frozen=True)
class InStream(Failure):
    """Happens in a stream of events; may also be injected into open ones."""

    verbs: ClassVar[frozenset[str]] = WATCH

    after: int | None = field(default=None, kw_only=True)

    async def happen(self, stream: Stream) -> None:
        raise NotImplementedError


@dataclass(frozen=True)
class CutLine(InStream):
    """Sends the first half of an event, then ends."""

    ending: Ending = "eof"

    async def happen(self, stream: Stream) -> None:
        await stream.write(b'{"type":"MODIFIED","object":{"kind":"Service","metadata":{"na')
        await stream.end(self.ending)


@dataclass(frozen=True)
class End(InStream):
    """Ends the stream between two events."""

    ending: Ending = "eof"

    async def happen(self, stream: Stream) -> None:
        await stream.end(self.ending)


@dataclass(frozen=True)
class Silence(InStream):
    """Sends nothing for some seconds, then what has come up meanwhile."""

    seconds: float = FOREVER

    async def happen(self, stream: Stream) -> None:
        await asyncio.sleep(self.seconds)


@dataclass(frozen=True)
class Garbage(InStream):
    """Sends text that is no event, a page of a proxy for instance, and goes on."""

    text: str | bytes = HTML_PAGE

    async def happen(self, stream: Stream) -> None:
        await stream.write(self.text if isinstance(self.text, bytes) else self.text.encode())


@dataclass(frozen=True)
class LongLine(InStream):
    """Sends `size` bytes of one event that does not end, a MiB at a time; then goes on with a new line."""

    size: int = 16 << 20

    async def happen(self, stream: Stream) -> None:
        block = b"x" * (1 << 20)
        await stream.write(b'{"type":"ADDED","object":{"kind":"Service","metadata":{"name":"')
        for start in range(0, self.size, len(block)):
            await stream.write(block[: self.size - start])
        await stream.write(b"\n")


@dataclass(frozen=True)
class Event(InStream):
    """Sends an event as it is given: of an unknown type, or with an object that has no name, say."""

    type: str | None
    object: object = field(hash=False)

    async def happen(self, stream: Stream) -> None:
        tree = {"type": self.type, "object": self.object}
        await stream.write(encode({key: value for key, value in tree.items() if value is not None}))


@dataclass(frozen=True)
class Error(InStream):
    """Sends an ERROR event and ends the stream; without a status it is the one of an expired version."""

    status: object = field(default=None, hash=False)

    async def happen(self, stream: Stream) -> None:
        status = expired_watch(1, 2).status if self.status is None else self.status
        await stream.write(encode({"type": "ERROR", "object": status}))
        await stream.end("eof")


@dataclass(frozen=True)
class Replay(InStream):
    """Sends the last events once more, `count` of them, oldest first (1: a duplicate)."""

    count: int = 1

    async def happen(self, stream: Stream) -> None:
        await stream.write(b"".join(_events(stream)[-self.count :]))


@dataclass(frozen=True)
class Storm(InStream):
    """Sends the events so far again and again, in order, all of them, at least `count` in one burst."""

    count: int = 1000

    async def happen(self, stream: Stream) -> None:
        if events := _events(stream):
            await stream.write(b"".join(events) * -(-self.count // len(events)))


def _events(stream: Stream) -> list[bytes]:
    return [line for line in stream.sent if json.loads(line)["type"] != "BOOKMARK"]


ERROR_WITHOUT_REASON = Error({"kind": "Status", "apiVersion": "v1", "metadata": {}, "message": "something"})

UNKNOWN_TYPE = Event("TELEPORTED", {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "x"}})

NAMELESS = Event("ADDED", {"kind": "Service", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}})

VERSIONLESS = Event(
    "ADDED", {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "versionless", "namespace": "shop"}}
)
