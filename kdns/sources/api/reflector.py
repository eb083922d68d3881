"""Reflector: keeps one resource in step with the API server, for ever.

The algorithm is that of client-go's reflector.go: a streamed or paged list, then watches from its version on,
listed anew only when the version is lost. What is done about each trouble is a table.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Mapping

import aiohttp

from kdns.sources.api.access import Access, AccessError
from kdns.sources.api.intake import Intake
from kdns.sources.api.lines import BrokenStream, LineCutter
from kdns.sources.api.messages import Bookmark, Change, Garbled, Unknown, read_line, read_page
from kdns.sources.api.pacing import Backoff, Pace
from kdns.sources.api.reactions import REACTIONS
from kdns.sources.api.replies import ApiTrouble, Trouble
from kdns.sources.fields import NotUnderstood
from kdns.sources.slices import Slices

log = logging.getLogger("kdns.kubernetes")

PAGE = 500
"""Objects a page of a list: more would hold up queries while a page is split (libraries.md)."""
CHUNK = 128 << 10
"""Octets of a stream that are cut into lines at a time: aiohttp holds 4 MiB, which would take 10 ms."""


class Reflector:
    """Lists and watches one resource into its Intake. `synced` is set once all objects have been seen.

    `version` is the resource version up to which everything is known, "" for none.
    """

    def __init__(self, access: Access, intake: Intake, pace: Pace, version: str = "") -> None:
        self.intake = intake
        self.version = version
        self.synced = asyncio.Event()
        self._health = intake.health
        self._access = access
        self._pace = pace
        self._backoff = Backoff(pace)
        self._relist = "start"
        self._is_listing = False
        self._offers_watch_list = True
        self._said = ""
        self._step_task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Keep in step until cancelled. Whatever goes wrong is logged, counted, and tried again."""
        while True:
            self._step_task = asyncio.create_task(self._step())
            wait = 0.0
            try:
                await self._step_task
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise  # the whole reflector is ended, not the step by `relist`
            except ApiTrouble as trouble:
                wait = self._react(trouble)
            except (AccessError, BrokenStream, Garbled, aiohttp.ClientError, OSError) as error:
                wait = self._note(type(error).__name__, str(error))
            except Exception:
                log.exception("%s: a defect of kdns; listing anew", self._health.plural)
                self._relist = "error"
                wait = self._backoff.delay()
            finally:
                self._health.is_connected = False
            await asyncio.sleep(wait)

    def relist(self, reason: str) -> None:
        """List everything anew, now: what is held was found to differ from what the server has."""
        self._relist = reason
        if self._step_task is not None:
            self._step_task.cancel()

    def _react(self, trouble: ApiTrouble) -> float:
        """Prepare the next try after an error of the API; return how long to wait for it."""
        if trouble.trouble is Trouble.NOT_OFFERED and self._is_listing and self._offers_watch_list:
            self._offers_watch_list = False
            log.info("%s: the API server does not stream lists; listing by pages", self._health.plural)
            return 0.0
        reaction = REACTIONS[trouble.trouble]
        if reaction.drop_version or (self._is_listing and trouble.trouble is Trouble.EXPIRED):
            self.version = ""
        self._relist = self._relist or reaction.relist
        if reaction.renew:
            self._access.renew()
        message = str(trouble)
        self._health.is_forbidden = trouble.trouble is Trouble.FORBIDDEN
        if self._health.is_forbidden:
            message += f"; a ClusterRole of this user needs the rule {self.intake.resource.rule}"
        return self._note(trouble.trouble.name.lower(), message, trouble.retry_after)

    def _note(self, failure: str, message: str, at_least: float = 0.0) -> float:
        """Count a failure and log it, unless it was the last thing said; return how long to wait."""
        self._health.failures[failure] += 1
        wait = self._backoff.delay(at_least)
        if message != self._said:
            self._said = message
            log.warning("%s: %s: %s; trying again in %.1f s", self._health.plural, failure, message, wait)
        return wait

    async def _step(self) -> None:
        """List if there is a reason to, then watch until the server ends it."""
        if self._relist:
            self._health.relists[self._relist] += 1
            if self._offers_watch_list:
                return await self._watch(with_list=True)
            await self._list()
        return await self._watch(with_list=False)

    async def _list(self) -> None:
        """List page by page; everything is applied as it comes, deletions at the end."""
        self._is_listing = True
        self.intake.begin()
        slices, query = Slices(), dict[str, str]()
        if self.version:
            query = {"resourceVersion": self.version, "resourceVersionMatch": "NotOlderThan"}
        while True:
            query |= {"limit": str(PAGE)}
            async with self._get(query, self._pace.grace) as content:
                page = read_page(await content.read())
            for raw in page.items:
                self._take("ADDED", raw)
                await slices.give_way()
            if not page.rest:
                return await self._end_list(page.version)
            query = {"continue": page.rest}

    async def _watch(self, with_list: bool) -> None:
        """Watch until the stream ends; `with_list` has the server send everything there is first."""
        seconds = random.randint(self._pace.watch, 2 * self._pace.watch)
        query = {"watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds)}
        query |= {"resourceVersion": self.version}
        self._is_listing = with_list
        if with_list:
            query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
            self.intake.begin()
        begun = time.monotonic()
        async with contextlib.AsyncExitStack() as opened:
            async with asyncio.timeout(self._pace.grace):
                content = await opened.enter_async_context(self._get(query, seconds + self._pace.grace))
            self._connected()
            lines = await self._follow(content)
        if self._is_listing:
            raise BrokenStream("the stream ended before everything was listed")
        if time.monotonic() - begun < self._pace.short:
            self._relist = self._relist if lines else "short watch"
            raise BrokenStream("the watch ended at once")

    async def _follow(self, content: aiohttp.StreamReader) -> int:
        """Take every line of a watch until it ends; return how many there were."""
        cutter, slices = LineCutter(), Slices()
        count, silence = 0, self._pace.grace if self._is_listing else None
        while True:
            try:
                async with asyncio.timeout(silence):
                    chunk = await content.read(CHUNK)
            except TimeoutError as error:
                raise BrokenStream("nothing has come for too long, not even a bookmark") from error
            if not chunk:
                cutter.finish()
                return count
            for number, line in enumerate(cutter.feed(chunk)):
                if number:
                    await slices.give_way()
                count += 1
                message = read_line(line)
                match message:
                    case Change():
                        self._take(*message)
                    case Bookmark():
                        silence = self._pace.silence  # a server that sends bookmarks sends one a minute
                        await self._mark(message)
                    case Unknown():
                        log.warning("%s: an event of unknown type %s", self._health.plural, message.type)
            self._health.hear()

    def _take(self, event_type: str, raw: bytes) -> None:
        """Take one object. While listing, versions come in no order and say nothing about the rest.

        An older version than before is noted too: what came between is then sent again, deletions among it.
        """
        try:
            version = self.intake.take(event_type, raw)
        except NotUnderstood as error:
            self._health.not_understood += 1
            log.warning("%s: passed over: %s", self._health.plural, error)
            return
        if not self._is_listing and version.isdecimal():
            self.version = version

    async def _mark(self, bookmark: Bookmark) -> None:
        self._health.events["BOOKMARK"] += 1
        if self._is_listing and bookmark.ends_initial:
            await self._end_list(bookmark.version)
        elif not self._is_listing:
            self.version = bookmark.version

    async def _end_list(self, version: str) -> None:
        """Everything has been listed: delete the rest, and know everything up to `version`."""
        slices = Slices()
        for event in self.intake.missing():
            if event is not None:
                self.intake.apply(event)
            await slices.give_way()
        self.version = version
        log.info("%s: in step with the API server, %d objects", self._health.plural, len(self.intake))
        self._relist, self._is_listing = "", False
        self._health.is_stale, self._health.is_synced = False, True
        self._health.hear()
        self.synced.set()

    def _connected(self) -> None:
        self._health.is_connected = True
        self._health.is_forbidden = False
        if self._said:
            log.info("%s: watching again", self._health.plural)
        self._said = ""

    def _get(
        self, query: Mapping[str, str], read_timeout: float
    ) -> "contextlib.AbstractAsyncContextManager[aiohttp.StreamReader]":
        resource = self.intake.resource
        return self._access.get(resource.path, {**query, **resource.selectors}, read_timeout)
