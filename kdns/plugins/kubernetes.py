"""`kubernetes`: answers names of the cluster and of its addresses from ClusterState."""

from collections.abc import Collection
from functools import partial

from kdns.answering.chain import Handler, Resolve, Response, followed, then
from kdns.answering.chain import Outcome as ChainOutcome
from kdns.answering.queries import Query
from kdns.cluster.state import ClusterState
from kdns.records.cluster_zone import ClusterZone
from kdns.records.options import RecordOptions
from kdns.records.outcome import Outcome
from kdns.wire import codes
from kdns.wire.names import Name, fold, longest_suffix


class Kubernetes:
    """Authoritative for `zones` (folded). A name that does not exist in one of `fallthrough` is passed on."""

    name = "kubernetes"

    def __init__(
        self,
        state: ClusterState,
        options: RecordOptions,
        zones: Collection[Name],
        resolve: Resolve,
        fallthrough: Collection[Name] = (),
    ) -> None:
        self._state = state
        self._zones = {zone: ClusterZone(state, options, zone) for zone in zones}
        self._fallthrough = dict.fromkeys(fallthrough, True)
        self._resolve = resolve

    def respond(self, query: Query, rest: Handler) -> ChainOutcome:
        zone = longest_suffix(fold(query.name), self._zones)
        if zone is None:
            return rest(query)
        if query.type in (codes.AXFR, codes.IXFR):
            return Response(codes.REFUSED)
        outcome = zone.lookup(query.name, query.type)
        if not outcome.exists:
            return self._name_error(query, rest, zone, outcome)
        response = _response(query, zone, outcome)
        if outcome.alias is None:
            return response
        return then(self._resolve(query, outcome.alias), partial(followed, response))

    def _name_error(self, query: Query, rest: Handler, zone: ClusterZone, outcome: Outcome) -> ChainOutcome:
        """NXDOMAIN, once everything has been seen: before that nobody knows, and nobody else is asked."""
        is_known = self._state.unsynced.isdisjoint(outcome.needs)
        if is_known and longest_suffix(fold(query.name), self._fallthrough):
            return then(rest(query), lambda found: found._replace(tags=found.tags | outcome.tags))
        return Response(
            codes.NXDOMAIN if is_known else codes.SERVFAIL,
            authority=(zone.soa(query.name),),
            authoritative=True,
            tags=outcome.tags,
            remember=is_known,
            has_live_serial=True,
        )


def _response(query: Query, zone: ClusterZone, outcome: Outcome) -> Response:
    """An answer that ends in a CNAME or is empty has the SOA beside it, unless the CNAME leads elsewhere."""
    is_answered = any(rrset.type == query.type for rrset in outcome.answer)
    is_negative = not is_answered and outcome.alias is None
    return Response(
        codes.NOERROR,
        outcome.answer,
        (zone.soa(query.name),) if is_negative else (),
        outcome.additional,
        authoritative=True,
        tags=outcome.tags,
        has_live_serial=is_negative or any(rrset.type == codes.SOA for rrset in outcome.answer),
    )
