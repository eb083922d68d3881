"""`file`: answers from static zones read from master files."""

from collections.abc import Iterable
from functools import partial

from kdns.answering.chain import Handler, Outcome, Resolve, Response, followed, then
from kdns.answering.queries import Query
from kdns.wire import codes
from kdns.wire.names import fold, longest_suffix
from kdns.zones.zone import Zone


class File:
    """Authoritative for the zones it was given; the longest at or above a name answers."""

    name = "file"

    def __init__(self, zones: Iterable[Zone], resolve: Resolve) -> None:
        self._zones = {zone.origin: zone for zone in zones}
        self._resolve = resolve

    def respond(self, query: Query, rest: Handler) -> Outcome:
        zone = longest_suffix(fold(query.name), self._zones)
        if zone is None:
            return rest(query)
        if query.type in (codes.AXFR, codes.IXFR):
            return Response(codes.REFUSED)
        found = zone.lookup(query.name, query.type)
        response = Response(
            codes.NOERROR if found.found else codes.NXDOMAIN,
            found.answer,
            found.authority,
            found.additional,
            authoritative=found.authoritative,
        )
        if found.alias is None:
            return response
        return then(self._resolve(query, found.alias), partial(followed, response))
