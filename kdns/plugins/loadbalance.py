"""`loadbalance`: has the addresses of an answer take turns in coming first, evenly or by weights."""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from kdns.answering.chain import Rest
from kdns.answering.plugin import Plugin, Setting
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response, then
from kdns.corefile.errors import CorefileError, unexpected
from kdns.corefile.reading import Reader, arguments, one, properties, several
from kdns.corefile.scalars import duration
from kdns.corefile.values import Directive
from kdns.plugins._networks import Network, network
from kdns.plugins._orders import (
    ADDRESSES,
    ADDRESSES_EARLY,
    ADDRESSES_LATE,
    addresses,
    arranged,
    by_type,
    rank,
)
from kdns.plugins._weights import DEFAULT_WEIGHT, WeightFile
from kdns.wire import codes
from kdns.wire.names import fold
from kdns.wire.rrsets import RRset

log = logging.getLogger("kdns.plugins.loadbalance")

_WEIGHTED_TYPES = frozenset({codes.A, codes.AAAA, codes.SRV})

Arrange = Callable[[Sequence[RRset]], Sequence[RRset]]

_WEIGHTED: Mapping[str, Reader[Any]] = {"reload": one(duration(0))}
_ROUND_ROBIN: Mapping[str, Reader[Any]] = {"prefer": several(network, 0)}


class LoadBalance(Plugin):
    """Orders the records of positive answers: by weights if there is a file of them, else in turn.

    Of `networks` the earlier is preferred. Where chance decides, an answer holds for one time only.
    """

    name = "loadbalance"

    def __init__(
        self,
        networks: Sequence[Network] = (),
        weights: WeightFile | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self._networks, self._weights = networks, weights
        self._chance = chance or random.Random()

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "LoadBalance":
        """The last policy counts; what is preferred beside it adds up."""
        networks, weights = tuple[Network, ...](), None
        for directive in directives:
            policy, *words = arguments(directive) or (directive.name._replace(text="round_robin"),)
            if policy.text == "weighted":
                networks, weights = (), _weight_file(directive)
            elif policy.text == "round_robin":
                if words:
                    raise unexpected(words[0], "nothing after round_robin")
                weights = None
                for _, preferred in properties(directive, _ROUND_ROBIN):
                    networks += preferred
            else:
                raise unexpected(policy, "a policy", ("round_robin", "weighted"))
        return cls(networks, weights)

    def respond(self, query: Query, rest: Rest) -> Outcome:
        return then(rest(query), partial(self._ordered, query))

    def _ordered(self, query: Query, response: Response) -> Response:
        if response.rcode != codes.NOERROR:
            return response
        if self._weights is not None:
            is_weighed = query.type in _WEIGHTED_TYPES and _has_several(response)
            return self._rearranged(response, self._weighed, ADDRESSES_LATE) if is_weighed else response
        if self._networks and _has_several(response):
            return self._by_network(response)
        return _in_turn(response, ADDRESSES_EARLY if self._networks else ADDRESSES_LATE)

    def _by_network(self, response: Response) -> Response:
        """Where no address of a section is preferred to another, they simply take turns."""
        opened = response.opened()
        for section in (opened.answer, opened.additional):
            if len({rank(record, self._networks) for record in addresses(section)}) > 1:
                return self._rearranged(opened, self._preferred, ADDRESSES_EARLY)
        return _in_turn(response, ADDRESSES_EARLY)

    def _rearranged(self, response: Response, arrange: Arrange, places: Mapping[int, int]) -> Response:
        opened = response.opened()
        answer, additional = (
            arranged(section, arrange(found), places) if (found := addresses(section)) else section
            for section in (opened.answer, opened.additional)
        )
        return opened._replace(answer=answer, additional=additional, remember=False)

    def _preferred(self, records: Sequence[RRset]) -> Sequence[RRset]:
        shuffled = self._chance.sample(records, len(records))
        return sorted(shuffled, key=lambda record: rank(record, self._networks))

    def _weighed(self, records: Sequence[RRset]) -> Sequence[RRset]:
        """Return the records, one of which has changed places with the first."""
        weights = [self._weight(record) for record in records]
        [top] = self._chance.choices(range(len(records)), weights)
        found = list(records)
        found[0], found[top] = found[top], found[0]
        return found

    def _weight(self, record: RRset) -> int:
        assert self._weights is not None
        return self._weights.weights.get(fold(record.owner), {}).get(record.rdatas[0], DEFAULT_WEIGHT)

    async def run(self) -> None:
        while self._weights is not None and self._weights.reload:
            await asyncio.sleep(self._weights.reload)
            await asyncio.to_thread(self._weights.look)


def _weight_file(directive: Directive) -> WeightFile:
    """Read the directive and the file. One that is not there yet may come, unless it is never looked for."""
    _, path = arguments(directive, 2, 2)
    file = WeightFile(path.text, dict(properties(directive, _WEIGHTED)).get("reload", 30.0))
    try:
        file.load()
    except (IsADirectoryError, ValueError) as error:
        raise CorefileError(path.position, f"{error}", "a weight file that can be read") from error
    except OSError as error:
        if not file.reload:
            raise CorefileError(path.position, f"{error}", "a weight file that is there") from error
        log.warning("Failed to open weight file: %s. Will try again in %gs", error, file.reload)
    return file


def _has_several(response: Response) -> bool:
    """Tell whether there is more than one address in it."""
    if response.reply is not None:
        return sum(rtype in ADDRESSES for rtype in response.reply.types) > 1
    sections = (*response.answer, *response.additional)
    return sum(len(rrset.rdatas) for rrset in sections if rrset.type in ADDRESSES) > 1


def _has_two(section: Sequence[RRset]) -> bool:
    """Tell whether there are two records, of which one could come before the other."""
    return len(section) > 1 or (len(section) == 1 and len(section[0].rdatas) > 1)


def _in_turn(response: Response, places: Mapping[int, int]) -> Response:
    """Return the response with its addresses in turn. Another server's octets stay in their order."""
    sections = response.answer, response.authority, response.additional
    if response.reply is None and not any(map(_has_two, sections)):
        return response
    return response._replace(
        answer=by_type(response.answer, places),
        authority=by_type(response.authority, places),
        additional=by_type(response.additional, places),
        in_turn=True,
    )
