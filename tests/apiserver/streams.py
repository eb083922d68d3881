"""One open watch as a connection: what is queued is written in order, whole or however a failure wants it.

It writes and ends; what is written is made elsewhere.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterable
from typing import Literal, NoReturn, Protocol

from aiohttp import web

from tests.apiserver.store import Change
from tests.apiserver.watching import Beginning, Watched

Ending = Literal["eof", "fin", "reset"]
"""How a connection ends: the body as it should, closed without its last chunk, or reset."""


class Ended(Exception):
    """A stream has been ended from within."""


class Drip:
    """Writes bodies, at once or `size` bytes at a time, `delay` seconds apart."""

    def __init__(self, size: int = 0, delay: float = 0.0) -> None:
        self.size, self.delay = size, delay

    async def write(self, response: web.StreamResponse, data: bytes) -> None:
        for start in range(0, len(data), self.size or len(data) or 1):
            await response.write(data[start : start + (self.size or len(data))])
            if self.size:
                await asyncio.sleep(self.delay)


class Interruption(Protocol):
    """What can happen in a stream: `after` lines, or after its beginning if that is None."""

    @property
    def after(self) -> int | None: ...

    async def happen(self, stream: "Stream") -> None: ...


def hang_up(request: web.Request, ending: Ending) -> None:
    """Close a request's connection: with a reset, or after what has been written."""
    if (transport := request.transport) is None:
        return
    if ending == "reset":
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
    else:
        transport.close()


class Stream:
    """A watch under way. `sent` holds the lines of the events written so far."""

    def __init__(
        self,
        request: web.Request,
        watched: Watched,
        beginning: Beginning,
        interruptions: Iterable[Interruption] = (),
        drip: Drip | None = None,
        on_begun: Callable[[], None] = lambda: None,
    ) -> None:
        self.watched = watched
        self.sent: list[bytes] = []
        self.has_begun = False
        self._request, self._beginning = request, beginning
        self._interruptions = list(interruptions)
        self._drip = drip or Drip()
        self._on_begun = on_begun
        self._queue: asyncio.Queue[bytes | Interruption] = asyncio.Queue()
        self._response = web.StreamResponse(headers={"Content-Type": "application/json"})

    def push(self, item: bytes | Interruption) -> None:
        """Queue a line, or something that is to happen once what was queued before is written."""
        self._queue.put_nowait(item)

    def push_change(self, change: Change) -> None:
        if change.version > self._beginning.floor and (line := self.watched.line(change)):
            self.push(line)

    async def run(self) -> web.StreamResponse:
        """Write until it is ended, from within, by its timeoutSeconds, or by the client."""
        await self._response.prepare(self._request)
        try:
            async with asyncio.timeout(self.watched.options.timeout):
                await self._begin()
                while not self._beginning.is_over:
                    await self._write_item(await self._queue.get())
        except TimeoutError:
            await self._response.write_eof()
        except Ended:
            return self._response
        return self._response

    async def end(self, ending: Ending) -> NoReturn:
        """End the stream, from within."""
        if ending == "eof":
            await self._response.write_eof()
        else:
            hang_up(self._request, ending)
        raise Ended

    async def write(self, data: bytes) -> None:
        await self._drip.write(self._response, data)

    async def _begin(self) -> None:
        await self._interrupt(0)
        for line in self._beginning.lines:
            await self._write_item(line)
        await self._interrupt(None)
        self.has_begun = not self._beginning.is_over
        self._on_begun()

    async def _write_item(self, item: bytes | Interruption) -> None:
        if not isinstance(item, bytes):
            await item.happen(self)
        elif item:
            await self.write(item)
            self.sent.append(item)
            await self._interrupt(len(self.sent))

    async def _interrupt(self, after: int | None) -> None:
        """Let happen what is to happen after so many events, or after the beginning."""
        for each in [each for each in self._interruptions if each.after == after]:
            self._interruptions.remove(each)
            await each.happen(self)
