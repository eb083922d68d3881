"""AnswerTable: prepared answers by their question's bytes, and which of them an event makes it forget.

Bounded by weight; what is asked again and again stays, what was asked once goes first.
"""

from collections import deque
from collections.abc import Iterable
from itertools import chain, islice

from kdns.answering.admission import HEADER
from kdns.answering.edns import OPT_SIZE
from kdns.answering.encoding import QUESTION_FIXED
from kdns.answering.prepared import Prepared, Verbatim
from kdns.answering.traffic import Traffic
from kdns.cluster.events import Tag

DEFAULT_LIMIT = 32 << 20
_OVERHEAD = 700
"""About what an entry costs beside its own octets: objects, dict slots, its share of the tag index."""

_NUMBER = 36
"""What one in a tuple costs."""

_MOST_VERBATIM, _LONGEST_VERBATIM = 16384, 512
"""How many whole responses are kept, and up to which length in octets: some 10 MiB at the most."""

_MOST_DROPPED = 1024
"""How many answers may be dropped before the whole responses that were made of them are, too."""

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

    `serial` is the one that live SOA serials show, `second` the time by which TTLs count down and lifetimes
    end; `stamp` changes with either of them. `limit` is in octets, of which an entry takes its own and an
    estimated overhead. `version` counts what `forget` was told. `verbatim` holds whole responses by all of
    their queries but the id, for each kind of client; any change clears it. What is dropped is counted in
    `traffic` before.
    """

    def __init__(
        self, serial: int = 0, limit: int = DEFAULT_LIMIT, traffic: Traffic | None = None, second: int = 0
    ) -> None:
        self.serial = serial
        self.second = second
        self.stamp = 0
        self.traffic = traffic or Traffic("")
        self.entries: dict[bytes, Prepared] = {}
        self.verbatim: tuple[dict[bytes, Verbatim], ...] = ({}, {}, {}, {})
        self._fleeting: list[tuple[dict[bytes, Verbatim], bytes]] = []
        self._dropped: list[Prepared] = []
        self._by_tag: dict[Tag, set[bytes]] = {}
        self._limit = limit
        self.version = 0
        self._forgotten: deque[frozenset[Tag]] = deque(maxlen=_LONGEST_MEMORY)
        self._weight = 0

    def find(self, key: bytes, variant: int) -> Prepared | None:
        """Return the answer to this question, which may be sent as it is; `variant` is the query's."""
        entry = self.entries.get(key)
        if variant and (entry is None or entry.is_bound):
            entry = self.entries.get(key + bytes((variant,)))
        if entry is None or (entry.is_live and entry.stamp != self.stamp and not self.refresh(entry)):
            return None
        return entry

    def refresh(self, entry: Prepared) -> bool:
        """Bring an entry up to date. If its time is over, drop it and return False."""
        if not entry.refreshed(self.serial, self.second):
            self._drop(entry.key)
            return False
        entry.stamp = self.stamp
        return True

    def tick(self, second: int) -> None:
        """Let time go on to this second."""
        if second == self.second:
            return
        self.second = second
        self.stamp += 1
        for responses, octets in self._fleeting:
            responses.pop(octets, None)
        self._fleeting.clear()

    def keep_verbatim(self, kind: int, octets: bytes, known: Verbatim, entry: Prepared) -> None:
        """Keep a whole response to a query of these octets (without the id) from this kind of client."""
        if entry.size > _LONGEST_VERBATIM:
            return
        responses = self.verbatim[kind]
        if len(responses) >= _MOST_VERBATIM:
            responses.clear()
        responses[octets] = known
        if entry.expires is not None:
            self._fleeting.append((responses, octets))

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
        self.stamp += 1
        self.version += 1
        self._forgotten.append(frozenset(tags))
        for tag in self._forgotten[-1]:
            for key in self._by_tag.pop(tag, ()):
                self._drop(key)
        self._clear_verbatim()

    def has_forgotten(self, tags: frozenset[Tag], since: int) -> bool:
        """Tell whether an answer with these tags may be out of date, made at the version `since`."""
        missed = self.version - since
        recent = islice(reversed(self._forgotten), missed)
        return missed > _LONGEST_MEMORY or not all(map(tags.isdisjoint, recent))

    def clear(self) -> None:
        """Drop everything."""
        self._clear_verbatim()
        self.settle()
        self.entries.clear()
        self._by_tag.clear()
        self._weight = 0

    def settle(self) -> None:
        """Count everything that was sent so far."""
        for entry in chain(self.entries.values(), self._dropped):
            self._settle(entry)

    def _settle(self, entry: Prepared) -> None:
        end = entry.question_size
        rcode, qtype = entry.flags & 0xF, int.from_bytes(entry.key[end - 4 : end - 2], "big")
        for tally in entry.tallies:
            number = tally.unsettled()
            if not number:
                continue
            for count in entry.counts:
                count.value += number
            if entry.zone is not None:
                opt = OPT_SIZE if tally.has_opt else 0
                received = HEADER + entry.question_size + opt
                sent = entry.reach + opt if opt else entry.size
                self.traffic.add(
                    entry.zone,
                    tally.kind,
                    qtype,
                    rcode,
                    tally.has_do,
                    received,
                    sent,
                    None,
                    number,
                )

    def _clear_verbatim(self) -> None:
        for responses in self.verbatim:
            responses.clear()
        self._fleeting.clear()
        for entry in self._dropped:
            self._settle(entry)
        self._dropped.clear()

    def _drop(self, key: bytes) -> None:
        entry = self.entries.pop(key, None)
        if entry is None:
            return
        self._settle(entry)
        self._weight -= _weight(entry)
        for tag in entry.tags:
            keys = self._by_tag.get(tag)
            if keys is not None:
                keys.discard(key)
                if not keys:
                    del self._by_tag[tag]
        if entry.tallies:  # it may be sent as a whole yet, and has to be counted then
            self._dropped.append(entry)
            if len(self._dropped) > _MOST_DROPPED:
                self._clear_verbatim()

    def _evict(self) -> None:
        """Drop the oldest entry, unless it was asked for since it was last looked at: then it goes last."""
        key, entry = next(iter(self.entries.items()))
        hits = entry.hits
        if hits == entry.kept_hits:
            self._drop(key)
            return
        entry.kept_hits = hits
        self.entries[key] = self.entries.pop(key)


def _weight(entry: Prepared) -> int:
    return _OVERHEAD + 2 * len(entry.key) + len(entry.body) + _NUMBER * entry.numbers
