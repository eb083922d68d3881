"""How `cache` takes what the rest of the chain gives: one TTL for all records, and into the store or not."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from kdns.answering.queries import Query
from kdns.answering.responses import Response
from kdns.plugins._cache_items import Fetched, Item, Key, Store
from kdns.plugins._cache_kinds import Kind, Verdict, judge, levelled
from kdns.plugins._cache_options import CacheOptions
from kdns.wire import codes
from kdns.wire.compression import HEADER
from kdns.wire.names import fold
from kdns.wire.replies import Reply

Taken: TypeAlias = "tuple[Response, Item | None]"

_GOOD = frozenset({codes.NOERROR, codes.NXDOMAIN})


class Asked(NamedTuple):
    """A query that is taken to the rest of the chain, and the version of what was forgotten by then."""

    query: Query
    key: Key
    version: int


class Keeper:
    """Fills a store. `clock` is monotonic, `calendar` the time of day, both in seconds.

    Counts in `drops` the replies to other questions than the one that was asked.
    """

    def __init__(
        self,
        options: CacheOptions,
        store: Store,
        clock: Callable[[], float],
        calendar: Callable[[], float],
    ) -> None:
        self._options, self._store = options, store
        self._clock, self._calendar = clock, calendar
        self.drops = 0

    def passed(self, query: Query, response: Response) -> Response:
        """Return the response with the one TTL, and keep nothing."""
        return levelled(response, self._judge(query, response).ttl)

    def taken(self, asked: Asked, response: Response) -> Taken:
        """Return the response with the one TTL, and as what it is kept, if it is."""
        return self._take(asked, response, self._judge(asked.query, response))

    def accepted(self, asked: Asked, response: Response) -> Fetched:
        """Take only what is better than a stale item, which is no failure (RFC 8767, section 4).

        Where positive responses are preferred, all others are kept, but not said.
        """
        if response.truncated:
            return None, None
        verdict = self._judge(asked.query, response)
        if not self._options.stale.prefers_positive:
            is_better = verdict.kind is not Kind.OTHER and response.rcode in _GOOD
            return self._take(asked, response, verdict) if is_better else (None, None)
        if verdict.is_answer:
            return self._take(asked, response, verdict)
        if response.reply is not None:
            self._take(asked, response, verdict)
        return None, None

    def _judge(self, query: Query, response: Response) -> Verdict:
        return judge(query, response, self._options, self._calendar())

    def _take(self, asked: Asked, response: Response, verdict: Verdict) -> Taken:
        response = levelled(response, verdict.ttl)
        if response.reply is None:
            if response.rcode in _GOOD:  # it is ours now; what others said of it is over
                self._store.drop(asked.key)
            return response, None
        if not verdict.may_be_kept or not verdict.ttl:
            return response, None
        if not _is_to(asked.query, response.reply):
            self.drops += 1
            return response, None
        said = response._replace(authoritative=True, keeps_ttl=self._options.keeps_ttl)
        item = Item(said, verdict.ttl, self._clock(), verdict.is_answer, asked.version)
        return response, item if self._store.put(asked.key, item, verdict.kind.is_denial) else None


def _is_to(query: Query, reply: Reply) -> bool:
    """Tell whether a reply repeats the question of a query, whatever its case."""
    end = HEADER + len(query.name)
    question = reply.octets[HEADER:end].lower(), reply.octets[end : end + 4]
    return question == (fold(query.name), query.type.to_bytes(2, "big") + query.rdclass.to_bytes(2, "big"))
