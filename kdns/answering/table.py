"""AnswerTable: prepared answers by their question's bytes, and which of them an event makes it forget.

Bounded by weight; what is asked again and again stays, what was asked once goes first.
"""

from collections import deque
from collections.abc import Iterable
from itertools import islice

from kdns.answering.encoding import QUESTION_FIXED, Prepared, Verbatim
from kdns.cluster.events import Tag

DEFAULT_LIMIT = 32 << 20
_OVERHEAD = 700
"""About what an entry costs beside its own octets: objects, dict slots, its share of the tag index."""

_LONGEST_MEMORY = 4096
"""After how many events an answer that is still waited for is not remembered any more."""


def question_key(question: bytes) -> bytes:
    """Return the form of a question under which its answer is kept.

    Only the name is folded to lower case. QTYPE and QCLASS stay as they are: folding them too would merge
    unrelated types, HTTPS (65) with TYPE97 for one.
    """
    return question[:-QUESTION_FIXED].lower() + question[-QUESTION_FIXED:]


class AnswerTable:
    """Prepared answers under their `question_key`.

    `serial` is the one that live SOA serials show; `limit` is in octets, of which an entry takes its own
    and an estimated overhead. `version` counts what `forget` was told. `verbatim` holds whole responses by
    all of their queries but the id, those to datagrams and those to streams; any change clears it.
    """

    def __init__(self, serial: int = 0, limit: int = DEFAULT_LIMIT) -> None:
        self.serial = serial
        self.entries: dict[bytes, Prepared] = {}
        self.verbatim: tuple[dict[bytes, Verbatim], dict[bytes, Verbatim]] = ({}, {})
        self._by_tag: dict[Tag, set[bytes]] = {}
        self._limit = limit
        self.version = 0
        self._forgotten: deque[frozenset[Tag]] = deque(maxlen=_LONGEST_MEMORY)
        self._weight = 0

    def remember(self, entry: Prepared) -> None:
        """Keep an answer under its key, dropping the least wanted ones if there is no room."""
        self._drop(entry.key)
        self.entries[entry.key] = entry
        self._weight += _weight(entry)
        for tag in entry.tags:
            self._by_tag.setdefault(tag, set()).add(entry.key)
        while self._weight > self._limit:
            self._evict()

    def forget(self, tags: Iterable[Tag], serial: int) -> None:
        """Drop every answer that carries one of these tags; live serials are `serial` from now on."""
        self.serial = serial
        self.version += 1
        for responses in self.verbatim:
            responses.clear()
        self._forgotten.append(frozenset(tags))
        for tag in self._forgotten[-1]:
            for key in self._by_tag.pop(tag, ()):
                self._drop(key)

    def has_forgotten(self, tags: frozenset[Tag], since: int) -> bool:
        """Tell whether an answer with these tags may be out of date, made at the version `since`."""
        missed = self.version - since
        recent = islice(reversed(self._forgotten), missed)
        return missed > _LONGEST_MEMORY or not all(map(tags.isdisjoint, recent))

    def clear(self) -> None:
        """Drop everything."""
        for responses in self.verbatim:
            responses.clear()
        self.entries.clear()
        self._by_tag.clear()
        self._weight = 0

    def _drop(self, key: bytes) -> None:
        entry = self.entries.pop(key, None)
        if entry is None:
            return
        self._weight -= _weight(entry)
        for tag in entry.tags:
            keys = self._by_tag.get(tag)
            if keys is not None:
                keys.discard(key)
                if not keys:
                    del self._by_tag[tag]

    def _evict(self) -> None:
        """Drop the oldest entry, unless it was asked for since it was last looked at: then it goes last."""
        key, entry = next(iter(self.entries.items()))
        if entry.hits == entry.kept_hits:
            self._drop(key)
            return
        entry.kept_hits = entry.hits
        self.entries[key] = self.entries.pop(key)


def _weight(entry: Prepared) -> int:
    return _OVERHEAD + 2 * len(entry.key) + len(entry.body)
