"""Records that belong to the zone itself: SOA, NS, `ns.dns` and `dns-version` (sections 2.1 and 2.2)."""

from kdns.cluster.events import Tag, address_tag, service_tag
from kdns.cluster.objects import ServiceKey, ServiceKind
from kdns.cluster.state import ClusterState
from kdns.records.options import RecordOptions
from kdns.records.services import endpoint_name, service_name
from kdns.records.targets import Target
from kdns.wire import codes
from kdns.wire.names import Name, from_labels
from kdns.wire.rrsets import SOA, RRset, txt

SCHEMA_VERSION = "1.1.0"
_VERSION_TTL = 28800
_REFRESH, _RETRY, _EXPIRE = 7200, 1800, 86400
_LONGEST_NEGATIVE_TTL = 300


def soa_rrset(origin: Name, ttl: int, serial: int) -> RRset:
    """Return the SOA of a zone; its own TTL never exceeds 300 s (CoreDNS, plugin/backend_lookup.go)."""
    fields = SOA(
        from_labels((b"ns", b"dns"), origin),
        from_labels((b"hostmaster",), origin),
        serial,
        _REFRESH,
        _RETRY,
        _EXPIRE,
        ttl,
    )
    return RRset(origin, codes.SOA, min(ttl, _LONGEST_NEGATIVE_TTL), (fields.rdata(),))


def version_rrset(owner: Name) -> RRset:
    """Return the TXT record of `dns-version.<zone>` (section 2.1)."""
    return RRset(owner, codes.TXT, _VERSION_TTL, (txt([SCHEMA_VERSION.encode()]),))


def name_servers(
    state: ClusterState, options: RecordOptions, origin: Name
) -> tuple[list[Target], frozenset[Tag]]:
    """Return the names and addresses under which this server is known, and what they depend on.

    These are the Services that one of its own addresses is an endpoint of; the endpoints themselves for
    headless ones; `ns.dns.<zone>` with its own addresses if it is behind no Service.
    """
    found: list[Target] = []
    tags: set[Tag] = {address_tag(address) for address in options.own_addresses}
    is_endpoint = False
    for address in options.own_addresses:
        for each, endpoint in state.endpoints_at(address):
            is_endpoint |= endpoint.ready
            tags.add(service_tag(each.service_key))
            if endpoint.ready:
                found += _service_addresses(state, each.service_key, options, origin)
    if not is_endpoint:
        own = from_labels((b"ns", b"dns"), origin)
        found = [Target(own, address, 0) for address in options.own_addresses]
    return list(dict.fromkeys(found)), frozenset(tags)


def _service_addresses(
    state: ClusterState, key: ServiceKey, options: RecordOptions, origin: Name
) -> list[Target]:
    service = state.services.get(key)
    if service is None:
        return []
    base = service_name(*key, origin)
    if service.kind != ServiceKind.HEADLESS:
        return [Target(base, address, 0) for address in service.cluster_ips]
    return [
        Target(endpoint_name(endpoint, base, options.endpoint_pod_names), endpoint.address, 0)
        for each in state.slices_of(key)
        for endpoint in each.endpoints
        if endpoint.ready
    ]
