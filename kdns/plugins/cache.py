"""`cache`: keeps what other servers said, and gives all records of a response one TTL.

Answers of the server's own are not kept: they are remembered until they change, so that none is ever stale.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import TypeAlias

from kdns.answering.chain import Rest
from kdns.answering.counts import Count
from kdns.answering.edns import has_foreign_options
from kdns.answering.plugin import Plugin, Setting, server_label
from kdns.answering.queries import AD, Query
from kdns.answering.responses import Outcome, Response, then
from kdns.cluster.events import Tag
from kdns.corefile.values import Directive
from kdns.measures import Family
from kdns.plugins._cache_figures import Figures
from kdns.plugins._cache_items import Fetched, Item, Store, key_of
from kdns.plugins._cache_keeping import Asked, Keeper
from kdns.plugins._cache_kinds import levelled
from kdns.plugins._cache_options import CacheOptions, read_cache
from kdns.plugins._once import only
from kdns.wire import codes
from kdns.wire.names import ROOT, longest_suffix, to_text

_Task: TypeAlias = "asyncio.Task[Fetched]"
_NOTHING: Fetched = None, None


class Cache(Plugin):
    """The cache of a server block. `clock` is monotonic, `calendar` the time of day, both in seconds."""

    name = "cache"

    def __init__(
        self,
        options: CacheOptions,
        server: str = "",
        clock: Callable[[], float] = time.monotonic,
        calendar: Callable[[], float] = time.time,
    ) -> None:
        self._options = options
        self._zones = dict.fromkeys(options.zones, True)
        self._is_for_all = ROOT in self._zones
        self._clock = clock
        self._store = Store(options)
        self._keeper = Keeper(options, self._store, clock, calendar)
        self._figures = Figures(server, ",".join(map(to_text, options.zones)))
        self._tasks: set[_Task] = set()

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Cache":
        return cls(
            read_cache(only(directives), setting.block),
            server_label(setting.listen[0]) if setting.listen else "",
        )

    def respond(self, query: Query, rest: Rest) -> Outcome:
        key = key_of(query)
        if not (self._is_for_all or longest_suffix(key[0], self._zones)):
            return rest(query)
        if query.opcode != codes.QUERY or has_foreign_options(query.edns):
            return then(rest(_with_ad(query)), partial(self._passed, query))
        now = self._clock()
        asked = Asked(query, key, self._store.forgotten.version)
        found = self._store.find(key, now)
        if found is None:
            return then(rest(_with_ad(query)), partial(self._missed, asked))
        label, item = found
        hits = self._figures.hits[label]
        if item.remaining(now) > 0:
            return self._hit(asked, rest, item, hits, now)
        if self._options.stale.is_verified:
            return self._verified(asked, rest, item, hits, now)
        fetched = self._fetch_beside(asked, rest, item, now, is_stale=True)
        return self._chosen(query, item, hits, fetched)

    def forget(self, tags: frozenset[Tag]) -> None:
        """Keep nothing that carries one of these tags, nor what was asked for before this."""
        self._store.forgotten.forget(tags)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def measure(self) -> Iterator[Family]:
        return self._figures.measure(self._store.shelves, self._keeper.drops)

    def _passed(self, query: Query, response: Response) -> Response:
        return _to_client(query, self._keeper.passed(query, response), self._figures.misses)

    def _missed(self, asked: Asked, response: Response) -> Response:
        return _to_client(asked.query, self._keeper.taken(asked, response)[0], self._figures.misses)

    def _hit(self, asked: Asked, rest: Rest, item: Item, hits: Count, now: float) -> Response:
        prefetch = self._options.prefetch
        if prefetch.amount:
            item.see(now, prefetch.pause)
            if item.hits >= prefetch.amount and item.remaining(now) <= item.threshold(prefetch):
                self._fetch_beside(asked, rest, item, now, is_stale=False)
        return self._fresh(asked.query, item, hits, now)

    def _fresh(self, query: Query, item: Item, hits: Count, now: float) -> Response:
        """Return what is kept, to be remembered until there is something to do for it here."""
        prefetch = self._options.prefetch
        seconds = item.seconds_until(0, now)
        if prefetch.amount:
            # Asked for again after each pause: only so it is seen that there was one.
            seconds = min(item.seconds_until(item.threshold(prefetch), now), max(0, int(prefetch.pause)))
            item.hold(now, seconds)
        ttl = item.ttl if self._options.keeps_ttl else item.remaining(now)
        return _said(query, item, ttl, seconds, (hits, item.count))

    def _chosen(self, query: Query, item: Item, hits: Count, fetched: Fetched) -> Response:
        """Return what was fetched, or for want of it the stale item, which must be asked for each time."""
        response, kept = fetched
        stale = self._options.stale
        if response is None:
            ttl = stale.ttl or (item.ttl if self._options.keeps_ttl else 0)
            return _said(query, item, ttl, 0, (hits, self._figures.served_stale))
        if kept is not None and stale.timeout:
            return self._fresh(query, kept, hits, self._clock())
        return _to_client(query, response, hits)

    def _verified(self, asked: Asked, rest: Rest, item: Item, hits: Count, now: float) -> Outcome:
        """Ask the rest, and say the stale item only if that fails or takes too long."""
        stale = self._options.stale
        if now < item.retry_at or (item.fetching is not None and stale.recheck):
            return self._chosen(asked.query, item, hits, _NOTHING)
        if item.fetching is None:
            outcome = rest(_with_ad(asked.query))
            if isinstance(outcome, Response):
                fetched = self._fetched(asked, item, outcome, is_stale=True)
                return self._chosen(asked.query, item, hits, fetched)
            task = self._start(asked, item, outcome, is_stale=True)
        else:
            task = item.fetching
        return self._verified_later(asked.query, item, hits, task)

    async def _verified_later(self, query: Query, item: Item, hits: Count, task: _Task) -> Response:
        """Wait for what may serve others, too, and goes on if it takes too long for this query."""
        await asyncio.wait({task}, timeout=self._options.stale.timeout or None)
        is_there = task.done() and not task.cancelled()
        return self._chosen(query, item, hits, task.result() if is_there else _NOTHING)

    def _fetch_beside(self, asked: Asked, rest: Rest, item: Item, now: float, is_stale: bool) -> Fetched:
        """Fetch anew what is said meanwhile, as over TCP, so that nothing is cut off.

        Returns what is there at once.
        """
        if item.fetching is not None or (is_stale and now < item.retry_at):
            return _NOTHING
        self._figures.prefetches += 1
        outcome = rest(_with_ad(asked.query)._replace(is_stream=True))
        if isinstance(outcome, Response):
            return self._fetched(asked, item, outcome, is_stale)
        self._start(asked, item, outcome, is_stale)
        return _NOTHING

    def _start(self, asked: Asked, item: Item, waiting: Awaitable[Response], is_stale: bool) -> _Task:
        """Begin to wait for what was asked; it is for all who want this item."""
        task = asyncio.ensure_future(self._fetch(asked, item, waiting, is_stale))
        item.fetching = task
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, item))
        return task

    async def _fetch(self, asked: Asked, item: Item, waiting: Awaitable[Response], is_stale: bool) -> Fetched:
        return self._fetched(asked, item, await waiting, is_stale)

    def _ended(self, item: Item, task: _Task) -> None:
        item.fetching = None
        self._tasks.discard(task)

    def _fetched(self, asked: Asked, item: Item, response: Response, is_stale: bool) -> Fetched:
        """Take what was fetched instead of an item; after a failure it is not fetched again for a while."""
        take = self._keeper.accepted if is_stale else self._keeper.taken
        taken, kept = take(asked, response)
        now = self._clock()
        if taken is None:
            item.retry_at = now + self._options.stale.recheck
        if kept is not None:
            kept.inherit(item, now)
        return taken, kept


def _with_ad(query: Query) -> Query:
    """Return the query with AD set: what is kept says whether it is authentic (RFC 6840, section 5.7)."""
    return query if query.flags & AD else query._replace(flags=query.flags | AD)


def _to_client(query: Query, response: Response, count: Count) -> Response:
    """Return a response that grows this count; it is authentic for those only who can tell."""
    return response._replace(
        counts=(*response.counts, count), authentic=response.authentic and _understands_ad(query)
    )


def _said(query: Query, item: Item, ttl: int, seconds: int, counts: tuple[Count, ...]) -> Response:
    """Return an item's response with this TTL, to be remembered for so many seconds."""
    response = item.response if ttl == item.ttl else levelled(item.response, ttl)
    return response._replace(
        remember=seconds > 0,
        lifetime=seconds or None,
        counts=counts,
        authentic=response.authentic and _understands_ad(query),
    )


def _understands_ad(query: Query) -> bool:
    return query.has_do or query.flags & AD != 0
