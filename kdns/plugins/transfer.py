"""`transfer`: hands whole zones to other name servers, and tells these when one has changed."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from kdns.answering.chain import Rest
from kdns.answering.plugin import Plugin, Setting, WholeZone
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response, then
from kdns.corefile.values import Directive
from kdns.plugins._transfer_notify import tell_changes
from kdns.plugins._transfer_rules import Rule, by_zone, read_rule
from kdns.wire import codes
from kdns.wire.names import Name, fold, longest_suffix, to_text
from kdns.wire.rrsets import RRset, soa_serial

log = logging.getLogger("kdns.plugins.transfer")

_TRANSFERS = frozenset({codes.AXFR, codes.IXFR})
_REFUSED = Response(codes.REFUSED, remember=False)
_SERVFAIL = Response(codes.SERVFAIL, remember=False)


class Transfer(Plugin):
    """The zones are those that the block's other plugins hold whole. The rule of the longest zone decides.

    Nothing of it is remembered: it depends on the client, and on UDP or TCP.
    """

    name = "transfer"

    def __init__(self, rules: Sequence[Rule], plugins: Callable[[], Sequence[Plugin]]) -> None:
        self._rules = by_zone(rules)
        self._plugins = plugins

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Transfer":
        return cls([read_rule(directive, setting.block) for directive in directives], setting.plugins)

    def respond(self, query: Query, rest: Rest) -> Outcome:
        if query.type not in _TRANSFERS or query.opcode != codes.QUERY:
            return rest(query)
        if not query.is_stream:
            return _REFUSED
        name = fold(query.name)
        rule = longest_suffix(name, self._rules)
        if rule is None:
            return rest(query)
        if not rule.allows(query.client):
            return _REFUSED
        if query.type == codes.IXFR and query.serial is None:
            return _SERVFAIL
        zones = self._zones()
        if name not in zones:
            return then(rest(query), lambda response: response._replace(remember=False))
        return _response(query, zones[name])

    async def run(self) -> None:
        """Tell secondaries of the zones that there are, and of changes."""
        telling = (
            tell_changes(secondary, rule.source, partial(self._serials, rule))
            for rule in dict.fromkeys(self._rules.values())
            for secondary in rule.secondaries
        )
        await asyncio.gather(*telling)

    def _zones(self) -> dict[Name, WholeZone | None]:
        """Return the zones of all plugins; of those that have the same one the first in the chain counts."""
        return {
            zone: whole
            for plugin in reversed(self._plugins())
            for zone, whole in plugin.whole_zones().items()
        }

    def _serials(self, rule: Rule) -> dict[Name, int]:
        """Return the serials of the zones that a rule is for and that are there."""
        return {
            zone: whole.serial
            for zone, whole in self._zones().items()
            if whole and longest_suffix(zone, self._rules) == rule
        }


def _response(query: Query, zone: WholeZone | None) -> Response:
    """IXFR has the zone's SOA as its answer if that is the client's, too, else all. Serial 0 is none."""
    if zone is None:
        return _SERVFAIL
    if query.serial and query.serial == zone.serial:
        text = 'Outgoing noop, incremental transfer for up to date zone "%s" to %s for %d SOA serial'
        log.info(text, to_text(query.name), query.client, zone.serial)
        return Response(answer=(next(zone.rrsets()),), remember=False)
    return Response(authoritative=True, remember=False, transfer=partial(_records, zone, query))


def _records(zone: WholeZone, query: Query) -> Iterator[RRset]:
    """Yield the records of a transfer, the SOA first and last; tell the log at the end."""
    rrsets = zone.rrsets()
    soa = next(rrsets)
    count = 2
    yield soa
    for rrset in rrsets:
        count += len(rrset.rdatas)
        yield rrset
    yield soa
    text = 'Outgoing transfer of %d records of zone "%s" to %s for %d SOA serial'
    log.info(text, count, to_text(query.name), query.client, soa_serial(soa.rdatas[0]))
