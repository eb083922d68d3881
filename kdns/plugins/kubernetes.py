"""`kubernetes`: answers names of the cluster and of its addresses from ClusterState."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

from kdns.answering.chain import Rest
from kdns.answering.plugin import Plugin, Setting, WholeZone
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome as ChainOutcome
from kdns.answering.responses import Response, followed, then
from kdns.cluster.objects import Pod
from kdns.cluster.state import ClusterState
from kdns.corefile.errors import CorefileError
from kdns.corefile.values import Directive
from kdns.plugins._kubernetes_metadata import about_client, about_name
from kdns.plugins._kubernetes_options import read_options
from kdns.plugins._kubernetes_readiness import Readiness
from kdns.records.cluster_zone import ClusterZone
from kdns.records.export import transfer_rrsets
from kdns.records.options import PodMode, RecordOptions
from kdns.records.outcome import Outcome
from kdns.records.owners import relative_labels
from kdns.wire import codes
from kdns.wire.names import BadName, Name, fold, longest_suffix


class Kubernetes(Plugin):
    """Authoritative for `zones` (folded). A name that does not exist in one of `fallthrough` is passed on.

    Without a `readiness` it is ready.
    """

    name = "kubernetes"

    def __init__(
        self,
        state: ClusterState,
        options: RecordOptions,
        zones: Collection[Name],
        fallthrough: Collection[Name] = (),
        readiness: Readiness | None = None,
    ) -> None:
        self._state = state
        self._zones = {zone: ClusterZone(state, options, zone) for zone in zones}
        self.knows_pods = options.pods == PodMode.VERIFIED
        self._options = {
            zone: replace(options, zone=zone) for zone, found in self._zones.items() if not found.is_reverse
        }
        self._fallthrough = dict.fromkeys(fallthrough, True)
        self._readiness = readiness

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Kubernetes":
        """Wish for the cluster that the one directive of the block names."""
        if len(directives) > 1:
            raise CorefileError(directives[1].position, "a second kubernetes", "one in a server block")
        options = read_options(directives[0], setting.block)
        cluster = setting.cluster(options.wish)
        records = replace(options.records, own_addresses=setting.own_addresses)
        readiness = Readiness(cluster, options.startup_seconds)
        try:
            return cls(cluster.state, records, options.zones, options.fallthrough, readiness)
        except BadName as error:
            found = f"a zone without room for the names in it ({error})"
            raise CorefileError(directives[0].position, found, "a shorter one") from error

    def is_ready(self) -> bool:
        """Tell whether all of the cluster has been seen, once."""
        return self._readiness is None or self._readiness.is_reached()

    def whole_zones(self) -> Mapping[Name, WholeZone | None]:
        """Return the zones but those of addresses, whose names no list holds; None before all is seen."""
        if not self._state.has_synced:
            return dict.fromkeys(self._options)
        serial = self._state.lasting_serial
        return {
            zone: WholeZone(serial, partial(transfer_rrsets, self._state, options))
            for zone, options in self._options.items()
        }

    @property
    def state(self) -> ClusterState:
        """The cluster."""
        return self._state

    def pod_at(self, address: str) -> Pod | None:
        """Return the Pod that has this address for itself, None if that is not known for certain.

        Host-network Pods share their node's. Of others only one can be there: the last that was started, if
        the end of the one before was not seen yet.
        """
        pods = self._state.pods_at(address) if self.knows_pods else []
        if any(pod.host_network for pod in pods):
            return None
        match sorted(pods, key=lambda pod: pod.started)[-2:]:
            case [pod]:
                return pod
            case [before, pod] if before.started < pod.started:
                return pod
        return None

    def cluster_domain(self, folded: Name) -> Name | None:
        """Return the cluster domain that a name is in, None if it is in none."""
        options = longest_suffix(folded, self._options)
        return options.zone if options else None

    def metadata(self, query: Query, client: str) -> Mapping[str, str]:
        name = fold(query.name)
        zone = longest_suffix(name, self._zones)
        pod = about_client(self._state, client) if self.knows_pods else ()
        return dict((*pod, *(about_name(relative_labels(name, zone.zone)) if zone else ())))

    def respond(self, query: Query, rest: Rest) -> ChainOutcome:
        zone = longest_suffix(fold(query.name), self._zones)
        if zone is None:
            return rest(query)
        if query.type in (codes.AXFR, codes.IXFR):
            return Response(codes.REFUSED)
        try:
            outcome = zone.lookup(query.name, query.type)
        except BadName as error:  # names of objects may be longer together than a name may be
            return Response(codes.SERVFAIL, remember=False, error=f"plugin/kubernetes: {error}")
        if not outcome.exists:
            return self._name_error(query, rest, zone, outcome)
        response = _response(query, zone, outcome)
        if outcome.alias is None:
            return response
        return then(rest.resolve(query, outcome.alias), partial(followed, response))

    def _name_error(self, query: Query, rest: Rest, zone: ClusterZone, outcome: Outcome) -> ChainOutcome:
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
