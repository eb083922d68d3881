"""Single flight: of many that ask the same at once, one asks and all get what it got.

Knows neither sockets nor policies; "the same" is equality of keys.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable

from kdns.wire.replies import Reply


class Flights:
    """The exchanges under way. `joined` counts those who found theirs under way already."""

    def __init__(self) -> None:
        self._followers: dict[Hashable, list[asyncio.Future[Reply | None]]] = {}
        self.joined = 0

    async def exchange(self, key: Hashable, ask: Callable[[], Awaitable[Reply]]) -> Reply:
        """Return what `ask` gives, called here or by who came first with the same key.

        Its exception is everybody's, but being cancelled is not: one of the others asks then.
        """
        while (followers := self._followers.get(key)) is not None:
            self.joined += 1
            place: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
            followers.append(place)
            reply = await place
            if reply is not None:
                return reply
        return await self._lead(key, ask)

    async def _lead(self, key: Hashable, ask: Callable[[], Awaitable[Reply]]) -> Reply:
        followers = self._followers[key] = []
        reply: Reply | None = None
        error: Exception | None = None
        try:
            reply = await ask()
        except Exception as raised:
            error = raised
            raise
        finally:
            del self._followers[key]
            for place in followers:
                if place.done():
                    continue
                if error is not None:
                    place.set_exception(error)
                else:
                    place.set_result(reply)
        return reply
