"""Small clusters and what may happen to them: few names and addresses, so that things meet."""

from hypothesis import strategies as st

from kdns.cluster.events import Applied, Deleted, WatchEvent
from kdns.cluster.objects import (
    ClusterObject,
    DnsConfig,
    Endpoint,
    EndpointSlice,
    Namespace,
    ObjectKey,
    Pod,
    Port,
    Service,
    ServiceKind,
    key_of,
)

NAMES = ("a", "b", "c")
NAMESPACES = ("n", "m")
ADDRESSES = ("10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::1")

_name = st.sampled_from(NAMES)
_namespace = st.sampled_from(NAMESPACES)
_address = st.sampled_from(ADDRESSES)
_version = st.sampled_from(["1", "2"])
_ports = st.lists(st.sampled_from([Port("http", 80, "tcp"), Port("", 53, "udp")]), max_size=2).map(tuple)
_addresses = st.lists(_address, max_size=2, unique=True).map(tuple)

services = st.builds(
    Service,
    namespace=_namespace,
    name=_name,
    kind=st.sampled_from(ServiceKind),
    cluster_ips=_addresses,
    ports=_ports,
    version=_version,
)
slices = st.builds(
    EndpointSlice,
    namespace=_namespace,
    name=_name,
    service=_name,
    endpoints=st.lists(
        st.builds(Endpoint, _address, st.sampled_from(["", "h"]), st.just(""), st.booleans()), max_size=3
    ).map(tuple),
    ports=_ports,
    changed_at=st.sampled_from([0.0, 1.0]),
    version=_version,
)
pods = st.builds(
    Pod,
    namespace=_namespace,
    name=_name,
    addresses=_addresses,
    host_network=st.booleans(),
    version=_version,
    dns_policy=st.sampled_from(["ClusterFirst", "None"]),
    dns_config=st.sampled_from([None, DnsConfig(("192.0.2.1",), ("corp.example.com",), (("ndots", "1"),))]),
    started=st.sampled_from([0, 1, 2]),
)
namespaces = st.builds(
    Namespace, name=_namespace, labels=st.sampled_from([(), (("a", "b"),)]), version=_version
)

objects: st.SearchStrategy[ClusterObject] = services | slices | pods | namespaces
keys: st.SearchStrategy[ObjectKey] = objects.map(key_of)
events: st.SearchStrategy[WatchEvent] = st.builds(Applied, objects) | st.builds(Deleted, keys)
histories = st.lists(events, max_size=30)
clusters = st.lists(objects, max_size=12).map(lambda found: {key_of(each): each for each in found})
