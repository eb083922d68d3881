"""What `cache` keeps: responses as octets with their time, in two stores of limited size.

Finding one is by CoreDNS's rules, which know two things that RFC 2308 does not: a SERVFAIL that is kept hides
no positive response, and with `prefer_positive` nothing does.
"""

import asyncio
import math
from collections.abc import Iterable
from typing import TypeAlias

from cachetools import LRUCache

from kdns.answering.counts import Count
from kdns.answering.queries import CD, Query
from kdns.answering.responses import Response
from kdns.cluster.events import Tag
from kdns.plugins._cache_options import DENIAL, SUCCESS, CacheOptions, Limits, Prefetch
from kdns.wire import codes
from kdns.wire.names import Name, fold, longest_suffix

Key: TypeAlias = tuple[Name, int, int, bool, int]
"""Folded QNAME, QTYPE, QCLASS, DO, CD."""

Fetched: TypeAlias = "tuple[Response | None, Item | None]"
"""What was fetched anew, if it may be said, and as what it is kept, if it is."""

_OCTETS_A_RECORD, _OCTETS_A_PLACE = 100, 4096
"""What is known about a record takes memory, too; so does an item take more than one place, if it is large:
65,535 octets can be a few thousand records and half a MiB."""

_MOST_FORGOTTEN = 16384
"""Of how many tags it is known when they were forgotten, some 3 MiB."""


def key_of(query: Query) -> Key:
    """Return the key under which the response to a query is kept."""
    return fold(query.name), query.type, query.rdclass, query.has_do, query.flags & CD


class Item:
    """A response that was stored at the time `stored` (seconds), with `ttl` in all of its records.

    It holds while none of its tags is forgotten after `version`. `is_answer`: it has what was asked for;
    `last_answer`: what took its place once had. `count` grows whenever it is sent, `hits` are the queries
    for it without a pause. It is not fetched anew before `retry_at`, nor while `fetching` is under way.
    """

    __slots__ = (
        "_asked",
        "_counted",
        "_held_until",
        "count",
        "fetching",
        "hits",
        "is_answer",
        "last_answer",
        "response",
        "retry_at",
        "stored",
        "ttl",
        "version",
    )

    def __init__(
        self, response: Response, ttl: int, stored: float, is_answer: bool = False, version: int = 0
    ) -> None:
        self.response, self.ttl, self.stored, self.version = response, ttl, stored, version
        self.is_answer = is_answer
        self.last_answer: Item | None = None
        self.count = Count()
        self.hits = self._counted = 0
        self._asked = self._held_until = self.retry_at = -math.inf
        self.fetching: asyncio.Task[Fetched] | None = None

    def answer(self) -> "Item | None":
        """Return the newest item that has what was asked for."""
        return self if self.is_answer else self.last_answer

    def remaining(self, now: float) -> int:
        """Return its TTL, as much of it as is left: from its end on 0 and less."""
        return self.ttl - int(now - self.stored)

    def seconds_until(self, ttl: int, now: float) -> int:
        """Return after how many whole seconds no more than `ttl` will be left of its TTL."""
        return max(0, int(self.ttl - ttl - (now - self.stored)))

    def threshold(self, prefetch: Prefetch) -> int:
        """Return the TTL from which on it is fetched anew, if it is popular."""
        return math.ceil(prefetch.percentage / 100 * self.ttl)

    def see(self, now: float, pause: float) -> None:
        """Note that it is asked for, and what else was sent of it since the last time.

        When that was is not known: it counts as sent at the end of the time for which it was remembered.
        """
        sent, self._counted = self.count.value - self._counted, self.count.value
        last = min(self._held_until, now) if sent > 1 else self._asked
        self.hits = self.hits + max(sent, 1) if last >= now - pause else 1
        self._asked = self._held_until = now

    def hold(self, now: float, seconds: int) -> None:
        """Note that it is remembered elsewhere for so long, and not asked for here."""
        self._held_until = now + seconds

    def inherit(self, item: "Item", now: float) -> None:
        """Be as popular as the one whose place it takes."""
        self.hits, self._asked, self._held_until = item.hits, now, now


class Forgotten:
    """Which tags were forgotten when, in a time that `version` counts. Of what is too old, everything was."""

    def __init__(self) -> None:
        self.version = 0
        self._versions: dict[Tag, int] = {}
        self._known_from = 0

    def forget(self, tags: Iterable[Tag]) -> None:
        self.version += 1
        for tag in tags:
            self._versions.pop(tag, None)
            self._versions[tag] = self.version
        while len(self._versions) > _MOST_FORGOTTEN:
            self._known_from = self._versions.pop(next(iter(self._versions)))

    def any_since(self, tags: frozenset[Tag], version: int) -> bool:
        """Tell whether one of these tags may have been forgotten after `version`."""
        if not tags:
            return False
        return version < self._known_from or any(self._versions.get(tag, 0) > version for tag in tags)


def _places(item: Item) -> int:
    """Return how many places an item takes: one, unless it is much larger than most."""
    reply = item.response.reply
    octets = 0 if reply is None else len(reply.octets) + _OCTETS_A_RECORD * len(reply.starts)
    return 1 + octets // _OCTETS_A_PLACE


class Shelf:
    """One of the two stores. `evicted` counts what had to go for want of room; `was_used`: it had an item."""

    def __init__(self, limits: Limits) -> None:
        self.items: LRUCache[Key, Item] = LRUCache(limits.capacity, getsizeof=_places)
        self.evicted = 0
        self.was_used = False
        self._excepted = dict.fromkeys(limits.excepted, True)

    def takes(self, key: Key) -> bool:
        """Tell whether something may be kept here for this name."""
        return longest_suffix(key[0], self._excepted) is None

    def put(self, key: Key, item: Item) -> None:
        """Keep an item instead of the one that is there, or of the one that nobody asked for the longest."""
        self.was_used = True
        before = len(self.items) + (key not in self.items)
        if _places(item) <= self.items.maxsize:
            self.items[key] = item
        self.evicted += before - len(self.items)


class Store:
    """The shelves of success and denial, by these labels."""

    def __init__(self, options: CacheOptions) -> None:
        self.shelves = {SUCCESS: Shelf(options.success), DENIAL: Shelf(options.denial)}
        self.forgotten = Forgotten()
        self._success, self._denial = (shelf.items for shelf in self.shelves.values())
        self._least_ttl = 1 - int(options.stale.lasts)
        self._prefers_positive = options.stale.prefers_positive and options.stale.lasts > 0

    def find(self, key: Key, now: float) -> tuple[str, Item] | None:
        """Return what may be said in answer to this key, stale or not, and the label of its shelf."""
        success, denial = self._success.get(key), self._denial.get(key)
        if self._prefers_positive and success is not None:
            answer = self._usable(success.answer(), now)
            if answer is not None:
                return SUCCESS, answer
        success, denial = self._usable(success, now), self._usable(denial, now)
        # A SERVFAIL is of the moment, and hides nothing that is known.
        if denial is not None and (success is None or denial.response.rcode != codes.SERVFAIL):
            return DENIAL, denial
        return None if success is None else (SUCCESS, success)

    def put(self, key: Key, item: Item, is_denial: bool) -> bool:
        """Keep an item, if it may be kept: tell whether. A positive one replaces a denial."""
        shelf = self.shelves[DENIAL if is_denial else SUCCESS]
        if not shelf.takes(key):
            return False
        if not is_denial:
            if self._prefers_positive and not item.is_answer:
                before = self._success.get(key)
                item.last_answer = None if before is None else before.answer()
            else:
                self._denial.pop(key, None)
        shelf.put(key, item)
        return True

    def drop(self, key: Key) -> None:
        """Keep nothing under this key."""
        self._success.pop(key, None)
        self._denial.pop(key, None)

    def _usable(self, item: Item | None, now: float) -> Item | None:
        if item is None or item.remaining(now) < self._least_ttl:
            return None
        return None if self.forgotten.any_since(item.response.tags, item.version) else item
