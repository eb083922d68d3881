"""Search paths of clients, for `autopath`: which names a resolver goes on to when the first does not exist.

A path is only followed where every resolver would: the names that they disagree about are not on it.
"""

import re
from collections.abc import Hashable, Iterable
from functools import lru_cache, partial
from itertools import takewhile
from typing import NamedTuple, Protocol, runtime_checkable

from kdns.cluster.events import Tag, service_tag
from kdns.cluster.objects import DnsConfig, Pod, ServiceKey
from kdns.cluster.state import ClusterState
from kdns.records.owners import read_owner, relative_labels
from kdns.search.kubelet import resolv_conf
from kdns.search.kubelet_node import Refused, read_node
from kdns.search.resolvconf import ResolvConf
from kdns.wire.names import MAX_NAME, ROOT, BadName, Name, fold, from_text, is_at_or_below, labels, to_text

MOST_NDOTS = 15
_MOST_DOMAINS = 6
"""So many search domains every resolver knows; glibc before 2.26 knows no more."""

_LABEL = "_?[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?"
_is_domain = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?|\.", re.IGNORECASE | re.ASCII).fullmatch
_is_option = re.compile(r"ndots:[0-9]+|(?:(?!ndots:)\S)+", re.ASCII).fullmatch

_OF_ENDPOINTS = 4
"""How many labels the name of an endpoint has below the cluster domain."""


class Walk(NamedTuple):
    """Where a resolver goes on from a name: to these, one after the other. `tags` is what that depends on.

    `is_doubtful`: only an answer at the end of it shows that it was a search at all.
    """

    names: tuple[Name, ...]
    tags: frozenset[Tag] = frozenset()
    is_doubtful: bool = False


NO_WALK = Walk(())


class Paths(Protocol):
    """Tells the search paths of clients."""

    def client_class(self, address: str) -> Hashable:
        """Return what of a client its search path follows from."""
        ...

    def walk(self, name: Name, address: str) -> Walk:
        """Return where a client goes on from a folded name: nowhere, if that is not known for certain."""
        ...


@runtime_checkable
class PodPlugin(Protocol):
    """What `autopath @PLUGIN` asks of a plugin of its server block; `kubernetes` is one."""

    @property
    def knows_pods(self) -> bool:
        """Whether Pods are looked at."""
        ...

    @property
    def state(self) -> ClusterState: ...

    def pod_at(self, address: str) -> Pod | None:
        """Return the Pod that has this address for itself, None if that is not known for certain."""
        ...

    def cluster_domain(self, folded: Name) -> Name | None:
        """Return the cluster domain that a name is in, None if it is in none."""
        ...


class Path(NamedTuple):
    """The domains that a resolver searches, folded, and its ndots. No domains: nothing is searched."""

    domains: tuple[Name, ...]
    ndots: int

    def after(self, name: Name) -> tuple[Name, ...]:
        """Return the names that every resolver asks, in this order, once `name`, the first, does not exist.

        None if it is not the first that is asked for some shorter name: one with fewer dots than ndots.
        """
        first = self.domains[0] if self.domains else ROOT
        if first == ROOT or name == first or not is_at_or_below(name, first):
            return ()
        base = name[: -len(first)]
        parts = labels(Name(base + ROOT))
        if len(parts) > self.ndots or any(b"." in part for part in parts):
            return ()
        names = [base + domain for domain in self._known()]
        if max(map(len, names), default=0) > MAX_NAME:
            return ()
        return tuple(Name(each) for each in names if each != name)

    def _known(self) -> Iterable[Name]:
        """Return the domains after the first, ending in the root: as far as all resolvers agree about them.

        Half of them pass over a root that is listed, and find it at the end.
        """
        others = list(dict.fromkeys((*self.domains[1:], ROOT)))
        if others[-1] == ROOT and len(self.domains) <= _MOST_DOMAINS:
            return others
        return takewhile(lambda domain: domain != ROOT, others[: _MOST_DOMAINS - 1])


_NO_PATH = Path((), 1)


def path_of(conf: ResolvConf, ndots: int = 1) -> Path:
    """Return the search path that a resolv.conf gives; none where not all resolvers understand it.

    `ndots` counts where the file does not say; of several, each resolver takes another.
    """
    said = [option for option in conf.options if option.startswith("ndots:")]
    if len(said) > 1 or not (all(map(_is_option, conf.options)) and all(map(_is_domain, conf.searches))):
        return _NO_PATH
    try:
        domains = tuple(fold(from_text(text.removesuffix(".") + ".")) for text in conf.searches)
    except BadName:
        return _NO_PATH
    return Path(domains, min(int(said[0][6:]) if said else ndots, MOST_NDOTS))


class FilePaths:
    """One search path for everybody."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def client_class(self, address: str) -> Hashable:
        return None

    def walk(self, name: Name, address: str) -> Walk:
        return Walk(self._path.after(name))


class _Asked(NamedTuple):
    """All that a Pod's search path depends on, beside its node."""

    namespace: str
    dns_policy: str
    dns_config: DnsConfig | None


class PodPaths:
    """The search path of each Pod, as kubelet makes it on a node with this resolv.conf.

    A path is followed from a domain of the cluster only: there it is known which names may be meant in full.
    """

    def __init__(self, plugin: PodPlugin, node_resolv_conf: str) -> None:
        self._plugin = plugin
        self._path = lru_cache(maxsize=1024)(partial(_path_of_pod, node_resolv_conf))

    def client_class(self, address: str) -> _Asked | None:
        pod = self._plugin.pod_at(address)
        return _Asked(pod.namespace, pod.dns_policy, pod.dns_config) if pod else None

    def walk(self, name: Name, address: str) -> Walk:
        asked, domain = self.client_class(address), self._plugin.cluster_domain(name)
        if asked is None or domain is None:
            return NO_WALK
        path = self._path(domain, asked)
        names = path.after(name)
        if not names or not is_at_or_below(path.domains[0], domain):
            return NO_WALK
        is_whole = len(names[-1]) == len(name) - len(path.domains[0]) + len(ROOT)
        return _judged(names, is_whole, relative_labels(name, domain), self._plugin.state)


def _path_of_pod(node_resolv_conf: str, domain: Name, asked: _Asked) -> Path:
    """Return a Pod's search path. Its name servers do not matter, but without one it would not search."""
    pod = Pod(asked.namespace, "", dns_policy=asked.dns_policy, dns_config=asked.dns_config)
    try:
        node = read_node(node_resolv_conf, ["::"], to_text(domain).removesuffix("."))
    except Refused:
        return _NO_PATH
    return path_of(resolv_conf(pod, node).conf)


def _judged(names: tuple[Name, ...], is_whole: bool, relative: list[str], state: ClusterState) -> Walk:
    """Return the walk from a name of the cluster, unless somebody may ask for that name itself.

    `is_whole`: the walk ends in the name without a domain.

    The name of a Service may be asked for before that exists, and so may that of an endpoint: it is doubtful
    where not even the Service exists. Longer names than an endpoint's exist for SRV only.
    """
    if len(relative) != _OF_ENDPOINTS or relative[-1] != "svc":
        return NO_WALK if len(relative) < _OF_ENDPOINTS else Walk(names)
    owner = read_owner(relative)
    key = ServiceKey(owner.namespace, owner.service)
    if not is_whole or tuple(key) in state.services:
        return NO_WALK
    return Walk(names, frozenset({service_tag(key)}), is_doubtful=True)
