"""ClusterZone: the lookup that turns a question about the cluster into an Outcome.

The one entrance to this room. Everything a name can be has its method; `lookup` only tells them apart.
"""

from kdns.cluster.events import UNSYNCED, Tag, address_tag, namespace_tag, service_tag
from kdns.cluster.objects import Service, ServiceKey, ServiceKind
from kdns.cluster.state import ClusterState
from kdns.records import apex, pods, reverse
from kdns.records.exposure import is_exposed, may_be_exposed, shows_all
from kdns.records.options import PodMode, RecordOptions
from kdns.records.outcome import NODATA, NXDOMAIN, Outcome
from kdns.records.owners import Owner, read_owner, relative_labels
from kdns.records.services import has_protocol, has_ready_endpoints, named_targets, service_hits, service_name
from kdns.records.targets import ADDRESS_TYPES, address_rrsets, glue, is_address, srv_records
from kdns.wire import codes
from kdns.wire.names import BadName, Name, fold, from_text, is_at_or_below
from kdns.wire.rrsets import RRset

MAX_CHAIN = 11
"""How many CNAMEs an answer follows inside the zone before it stops (CoreDNS, plugin/backend_lookup.go)."""

_NAMESPACES = frozenset({"Namespace"})
_SERVICES = frozenset({"Namespace", "Service"})
_ENDPOINTS = _SERVICES | {"EndpointSlice"}
_ADDRESSES = frozenset({"Service", "EndpointSlice"})
_PODS = frozenset({"Namespace", "Pod"})


class ClusterZone:
    """The records of one cluster in one zone: the cluster domain, or a reverse tree."""

    def __init__(self, state: ClusterState, options: RecordOptions, zone: Name) -> None:
        self.zone = zone
        self._state = state
        self._options = options
        self._soa, self._soa_serial = apex.soa_rrset(zone, options.ttl, state.serial), state.serial
        self.is_reverse = is_at_or_below(zone, reverse.IN_ADDR_ARPA) or is_at_or_below(zone, reverse.IP6_ARPA)

    def lookup(self, qname: Name, qtype: int) -> Outcome:
        """Look up a name at or below the zone, in any case.

        Owner names in the outcome have the case of `qname`, other names in the zone end in the zone as it
        is written there (CoreDNS's handler_case_test.go).
        """
        return self._lookup(qname, qtype, ())

    def soa(self, qname: Name) -> RRset:
        """Return the SOA that negative answers about `qname` carry."""
        origin, serial = self._origin(qname), self._state.serial
        if origin != self._soa.owner or serial != self._soa_serial:
            self._soa, self._soa_serial = apex.soa_rrset(origin, self._options.ttl, serial), serial
        return self._soa

    def _origin(self, qname: Name) -> Name:
        return Name(qname[len(qname) - len(self.zone) :])

    def _lookup(self, qname: Name, qtype: int, chain: tuple[Name, ...]) -> Outcome:
        relative = relative_labels(fold(qname), self.zone)
        if len(relative) < 3 and (special := self._special(qname, qtype, relative)):
            return special
        if self.is_reverse:
            return self._pointer(qname, qtype)
        owner = read_owner(relative)
        match owner.branch:
            case "svc":
                return self._service(qname, qtype, owner, chain)
            case "pod":
                return self._pod(qname, qtype, owner)
        return NXDOMAIN

    def _special(self, qname: Name, qtype: int, relative: list[str]) -> Outcome | None:
        """Return what a name has that is the same in every zone, None if it is no such name."""
        match relative:
            case []:
                return self._apex(qname, qtype)
            case ["ns", "dns"]:
                return self._name_server(qname, qtype)
            case ["dns-version"]:
                is_txt = qtype == codes.TXT
                return Outcome(True, answer=(apex.version_rrset(qname),)) if is_txt else NODATA
            case ["dns"] | ["svc"] | ["pod"]:
                return NODATA
        return None

    def _is_exposed(self, namespace: str) -> bool:
        return is_exposed(self._state, self._options, namespace)

    def _apex(self, qname: Name, qtype: int) -> Outcome:
        if qtype == codes.SOA:
            return Outcome(True, answer=(self.soa(qname),))
        if qtype != codes.NS:
            return NODATA
        targets, tags = apex.name_servers(self._state, self._options, qname)
        names = tuple(dict.fromkeys(target.owner for target in targets))
        answer = (RRset(qname, codes.NS, self._options.ttl, names),) if names else ()
        return Outcome(True, tags, answer, glue(targets, self._options.ttl))

    def _name_server(self, qname: Name, qtype: int) -> Outcome:
        if qtype not in ADDRESS_TYPES:
            return NODATA
        targets, tags = apex.name_servers(self._state, self._options, self._origin(qname))
        return Outcome(
            True, tags, address_rrsets(qname, qtype, (t.address for t in targets), self._options.ttl)
        )

    def _pointer(self, qname: Name, qtype: int) -> Outcome:
        address = reverse.address_of(fold(qname))
        if address is None or qtype != codes.PTR:
            return NXDOMAIN
        tags: set[Tag] = {address_tag(address)}
        all_are_shown = shows_all(self._options)

        def is_shown(namespace: str) -> bool:
            if all_are_shown:
                return True
            tags.add(namespace_tag(namespace))
            return self._is_exposed(namespace)

        targets = reverse.pointers(
            self._state, address, self._options.zone, self._options.endpoint_pod_names, is_shown
        )
        rdatas = tuple(dict.fromkeys(targets))
        if not rdatas:
            return Outcome(False, frozenset(tags), needs=_ADDRESSES if all_are_shown else _ENDPOINTS)
        return Outcome(True, frozenset(tags), (RRset(qname, codes.PTR, self._options.ttl, rdatas),))

    def _pod(self, qname: Name, qtype: int, owner: Owner) -> Outcome:
        tags = frozenset({namespace_tag(owner.namespace)})
        if self._options.pods == PodMode.DISABLED or not self._is_exposed(owner.namespace):
            return Outcome(False, tags, needs=_NAMESPACES)
        if not owner.service:
            return Outcome(True, tags)
        address = pods.address_of(owner.service)
        if address is None or owner.endpoint or owner.has_port or owner.extra:
            return Outcome(False, tags)
        if self._options.pods == PodMode.VERIFIED:
            tags |= {address_tag(address)}
            if not pods.is_verified(self._state, owner.namespace, address):
                return Outcome(False, tags, needs=_PODS)
        return Outcome(True, tags, address_rrsets(qname, qtype, [address], self._options.ttl))

    def _service(self, qname: Name, qtype: int, owner: Owner, chain: tuple[Name, ...]) -> Outcome:
        if owner.extra:
            return NXDOMAIN
        namespace = namespace_tag(owner.namespace)
        if not owner.service:
            return Outcome(self._is_exposed(owner.namespace), frozenset((namespace,)), needs=_NAMESPACES)
        key = ServiceKey(owner.namespace, owner.service)
        tags = frozenset((namespace, service_tag(key)))
        if owner.namespace not in self._state.namespaces:
            tags |= {UNSYNCED}
        service = self._state.services.get(key)
        if service is None or not may_be_exposed(self._state, self._options, owner.namespace):
            return Outcome(False, tags, needs=_SERVICES)
        if self._is_ignored(service):
            return Outcome(False, tags, needs=_ENDPOINTS)
        if service.kind == ServiceKind.EXTERNAL_NAME:
            if owner.endpoint or owner.has_port:
                return Outcome(False, tags)
            return self._external_name(qname, qtype, service, tags, chain)
        return self._hits(qname, qtype, owner, service, tags)

    def _is_ignored(self, service: Service) -> bool:
        return (
            self._options.ignore_empty_service
            and service.kind == ServiceKind.CLUSTER_IP
            and not has_ready_endpoints(self._state.slices_of(service.key))
        )

    def _hits(self, qname: Name, qtype: int, owner: Owner, service: Service, tags: frozenset[Tag]) -> Outcome:
        options = self._options
        slices = self._state.slices_of((owner.namespace, owner.service)) if options.endpoints else ()
        hits = service_hits(service, slices, owner, options.endpoint_pod_names)
        if not hits:
            return Outcome(has_protocol(service, slices, owner.endpoint), tags, needs=_ENDPOINTS)
        if qtype in ADDRESS_TYPES:
            addresses = [address for _, address, _ in hits]
            return Outcome(True, tags, address_rrsets(qname, qtype, addresses, options.ttl))
        if qtype == codes.SRV:
            base = service_name(service.namespace, service.name, self._origin(qname))
            targets = named_targets(hits, base, options.endpoint_pod_names)
            return Outcome(True, tags, *srv_records(qname, targets, options.ttl))
        return Outcome(True, tags)

    def _external_name(
        self, qname: Name, qtype: int, service: Service, tags: frozenset[Tag], chain: tuple[Name, ...]
    ) -> Outcome:
        try:
            target = from_text(service.external_name)
        except BadName:
            return Outcome(False, tags)
        if is_address(service.external_name):
            return Outcome(False, tags)
        cname = RRset(qname, codes.CNAME, self._options.ttl, (target,))
        if qtype == codes.CNAME:
            return Outcome(True, tags, (cname,))
        if not is_at_or_below(fold(target), self.zone):
            return Outcome(True, tags, (cname,), alias=target)
        chain = (*chain, fold(qname))
        if len(chain) > MAX_CHAIN or fold(target) in chain:
            return Outcome(True, tags, (cname,))
        rest = self._lookup(target, qtype, chain)
        return Outcome(True, tags | rest.tags, (cname, *rest.answer), rest.additional, rest.alias)
