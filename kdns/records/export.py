"""The cluster's zone as a list of RRsets: what a transfer holds (CoreDNS, plugin/kubernetes/xfr.go).

Names that no list can hold are left out: Pods, reverse names, ports without their underscores.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress

from kdns.cluster.objects import Port, Service, ServiceKind
from kdns.cluster.state import ClusterState
from kdns.records.apex import name_servers, soa_rrset
from kdns.records.exposure import is_exposed
from kdns.records.options import RecordOptions
from kdns.records.services import endpoint_name, service_name
from kdns.records.targets import NO_PORT, address_type, is_address
from kdns.wire import codes
from kdns.wire.names import BadName, Name, from_labels, from_text
from kdns.wire.rrsets import RRset, address, srv

_WHOLE_WEIGHT = 100


def zone_rrsets(state: ClusterState, options: RecordOptions) -> Iterator[RRset]:
    """Yield the zone's records, the SOA first, then NS, glue, and the Services by namespace and name.

    An owner name's records of one type may come as several RRsets. Weights are those of a transfer: 100
    for a ClusterIP, 100 divided by the addresses of its slice for an endpoint.
    """
    yield from _apex_rrsets(state, options, state.serial)
    services = (service for _, service in sorted(state.services.items()))
    yield from _services_rrsets(state, services, options)


def transfer_rrsets(state: ClusterState, options: RecordOptions) -> Iterator[RRset]:
    """Yield the same records as the state has them when the first is asked for, whatever happens meanwhile.

    The Services come as they are held: to sort very many of them would take a quarter of a second at once.
    """
    snapshot = state.snapshot()
    yield from tuple(_apex_rrsets(state, options, state.lasting_serial))
    yield from _services_rrsets(snapshot, snapshot.services.values(), options)


def _apex_rrsets(state: ClusterState, options: RecordOptions, serial: int) -> Iterator[RRset]:
    zone, ttl = options.zone, options.ttl
    yield soa_rrset(zone, ttl, serial)
    targets, _ = name_servers(state, options, zone)
    names = dict.fromkeys(target.owner for target in targets)
    own = from_labels((b"ns", b"dns"), zone)
    yield RRset(zone, codes.NS, ttl, tuple(names) or (own,))
    for target in targets:
        yield RRset(target.owner, address_type(target.address), 0, (address(target.address),))


def _services_rrsets(
    state: ClusterState, services: Iterable[Service], options: RecordOptions
) -> Iterator[RRset]:
    exposed = {name for name in state.namespaces if is_exposed(state, options, name)}
    for service in services:
        if service.namespace in exposed:
            with suppress(BadName):  # too long for this zone: nobody can ask for it either
                yield from _service_rrsets(state, service, options)


def _service_rrsets(state: ClusterState, service: Service, options: RecordOptions) -> Iterator[RRset]:
    base = service_name(service.namespace, service.name, options.zone)
    match service.kind:
        case ServiceKind.CLUSTER_IP:
            yield from _cluster_ip_rrsets(service, base, options.ttl)
        case ServiceKind.HEADLESS:
            yield from _headless_rrsets(state, service, base, options)
        case ServiceKind.EXTERNAL_NAME:
            yield from _external_name_rrsets(service, base, options.ttl)


def _cluster_ip_rrsets(service: Service, base: Name, ttl: int) -> Iterator[RRset]:
    for text in service.cluster_ips:
        yield RRset(base, address_type(text), ttl, (address(text),))
    for port in service.ports:
        rdata = srv(0, _WHOLE_WEIGHT, port.number, base)
        yield RRset(base, codes.SRV, ttl, (rdata,))
        if port.name:
            yield RRset(_port_name(port, base), codes.SRV, ttl, (rdata,))


def _headless_rrsets(
    state: ClusterState, service: Service, base: Name, options: RecordOptions
) -> Iterator[RRset]:
    ttl = options.ttl
    for each in state.slices_of(service.key):
        ready = [endpoint for endpoint in each.endpoints if endpoint.ready]
        for endpoint in ready:
            name = endpoint_name(endpoint, base, options.endpoint_pod_names)
            rtype, rdata = address_type(endpoint.address), (address(endpoint.address),)
            yield RRset(base, rtype, ttl, rdata)
            yield RRset(name, rtype, ttl, rdata)
            for port in each.ports:
                if port.name and port.number != NO_PORT:
                    weight = max(_WHOLE_WEIGHT // len(ready), 1)
                    rdata = (srv(0, weight, port.number, name),)
                    yield RRset(_port_name(port, base), codes.SRV, ttl, rdata)


def _external_name_rrsets(service: Service, base: Name, ttl: int) -> Iterator[RRset]:
    try:
        target = from_text(service.external_name)
    except BadName:
        return
    if not is_address(service.external_name):
        yield RRset(base, codes.CNAME, ttl, (target,))


def _port_name(port: Port, base: Name) -> Name:
    return from_labels((f"_{port.name}".encode(), f"_{port.protocol}".encode()), base)
