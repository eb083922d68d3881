"""`kubernetes`: answers names of the cluster and of its addresses from ClusterState."""

from collections.abc import Awaitable, Callable, Collection

from kdns.answering.chain import Handler, Response
from kdns.answering.chain import Outcome as ChainOutcome
from kdns.answering.queries import Query
from kdns.cluster.state import ClusterState
from kdns.records.cluster_zone import ClusterZone
from kdns.records.options import RecordOptions
from kdns.records.outcome import Outcome
from kdns.wire import codes
from kdns.wire.names import Name, fold, offsets

Resolve = Callable[[Query, Name], "Response | Awaitable[Response]"]


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
        self._fallthrough = frozenset(fallthrough)
        self._resolve = resolve

    def respond(self, query: Query, rest: Handler) -> ChainOutcome:
        zone = self._zone_of(query.name)
        if zone is None:
            return rest(query)
        if query.type in (codes.AXFR, codes.IXFR):
            return Response(codes.REFUSED)
        outcome = zone.lookup(query.name, query.type)
        if not outcome.exists:
            return self._name_error(query, rest, zone, outcome)
        if outcome.alias is not None:
            return self._follow(query, outcome, outcome.alias)
        return self._answer(query, zone, outcome)

    def _zone_of(self, name: Name) -> ClusterZone | None:
        folded = fold(name)
        for at in offsets(folded):
            zone = self._zones.get(Name(folded[at:]))
            if zone is not None:
                return zone
        return None

    def _answer(self, query: Query, zone: ClusterZone, outcome: Outcome) -> Response:
        is_answered = any(rrset.type == query.type for rrset in outcome.answer)
        return Response(
            codes.NOERROR,
            outcome.answer,
            () if is_answered else (zone.soa(query.name),),
            outcome.additional,
            authoritative=True,
            tags=outcome.tags,
            has_live_serial=not is_answered or query.type == codes.SOA,
        )

    def _name_error(self, query: Query, rest: Handler, zone: ClusterZone, outcome: Outcome) -> ChainOutcome:
        """NXDOMAIN, once everything has been seen: before that nobody knows, and nobody else is asked."""
        has_synced = self._state.has_synced
        if has_synced and self._fallthrough and not self._fallthrough.isdisjoint(_suffixes(query.name)):
            return _with_tags(rest(query), outcome)
        return Response(
            codes.NXDOMAIN if has_synced else codes.SERVFAIL,
            authority=(zone.soa(query.name),),
            authoritative=True,
            tags=outcome.tags,
            remember=has_synced,
            has_live_serial=True,
        )

    def _follow(self, query: Query, outcome: Outcome, alias: Name) -> ChainOutcome:
        found = self._resolve(query, alias)
        if isinstance(found, Response):
            return _joined(outcome, found)
        return _joined_later(outcome, found)


def _suffixes(name: Name) -> list[Name]:
    folded = fold(name)
    return [Name(folded[at:]) for at in offsets(folded)]


def _joined(outcome: Outcome, found: Response) -> Response:
    """The CNAME is an answer whatever its target gives (CoreDNS, plugin/backend_lookup.go)."""
    return Response(
        codes.NOERROR,
        outcome.answer + found.answer,
        additional=found.additional,
        authoritative=True,
        tags=outcome.tags | found.tags,
        remember=found.remember,
    )


async def _joined_later(outcome: Outcome, waiting: Awaitable[Response]) -> Response:
    return _joined(outcome, await waiting)


def _with_tags(found: ChainOutcome, outcome: Outcome) -> ChainOutcome:
    if isinstance(found, Response):
        return found._replace(tags=found.tags | outcome.tags)
    return _with_tags_later(found, outcome)


async def _with_tags_later(waiting: Awaitable[Response], outcome: Outcome) -> Response:
    found = await waiting
    return found._replace(tags=found.tags | outcome.tags)
