"""The resolv.conf that a node gives a Pod: kubelet's rules, and nothing of how it is printed.

Source: Kubernetes 1.37.2, pkg/kubelet/network/dns/dns.go, whose rules are those of 1.35 and 1.36 too.
"""

from collections.abc import Iterable
from typing import NamedTuple

from kdns.cluster.objects import DnsConfig, Pod
from kdns.search.kubelet_entries import (
    MOST_DOMAIN,
    MOST_NAMESERVERS,
    MOST_SEARCH_LINE,
    MOST_SEARCHES,
    Cut,
    Entry,
    Keyword,
    Origin,
    Reason,
    length,
    option_name,
    put_option,
)
from kdns.search.kubelet_node import Node
from kdns.search.resolvconf import ResolvConf

CLUSTER_FIRST, WITH_HOST_NET = "ClusterFirst", "ClusterFirstWithHostNet"
DEFAULT, NONE = "Default", "None"

_DEFAULT_OPTION = Entry("ndots:5", Origin.KUBELET)
_ROOT = Entry(".", Origin.KUBELET)

MISSING_CLUSTER_DNS = (
    f'kubelet does not have ClusterDNS IP configured and cannot create Pod using "{CLUSTER_FIRST}" policy. '
    f'Falling back to "{DEFAULT}" policy.'
)


class PodResolvConf(NamedTuple):
    """A Pod's resolv.conf, and how it came about.

    `policy` is the one that kubelet followed: ClusterFirst, Default or None. `conf` has the texts of the
    entries. `warnings` are in kubelet's words: those of its events, without the Pod's name, and of its log.
    """

    conf: ResolvConf
    policy: str
    nameservers: tuple[Entry, ...]
    searches: tuple[Entry, ...]
    options: tuple[Entry, ...]
    cuts: tuple[Cut, ...]
    warnings: tuple[str, ...]


class _Draft:
    """The three lists while they are made."""

    def __init__(self, cuts: Iterable[Cut] = ()) -> None:
        self.nameservers: list[Entry] = []
        self.searches: list[Entry] = []
        self.options: list[Entry] = []
        self.cuts = list(cuts)


def resolv_conf(pod: Pod, node: Node) -> PodResolvConf:
    """Return what kubelet has the runtime write, the namespace's Pods without dnsConfig all having the same.

    Search domains are as they were given: those of dnsConfig may have a final dot, which the node's have
    lost. The order of options is Go's random one where kubelet merges them; here each has the place of the
    first that had its name. Where all three lists are empty, containerd writes an empty file and CRI-O
    copies the node's /etc/resolv.conf.
    """
    policy, warnings = _policy(pod, node)
    draft = _BASES[policy](pod.namespace, node)
    if pod.dns_config:
        _append(draft, pod.dns_config)
    _fit(draft, warnings)
    return PodResolvConf(
        ResolvConf(_texts(draft.nameservers), _texts(draft.searches), _texts(draft.options)),
        policy,
        tuple(draft.nameservers),
        tuple(draft.searches),
        tuple(draft.options),
        tuple(draft.cuts),
        tuple(warnings),
    )


def _texts(entries: list[Entry]) -> tuple[str, ...]:
    return tuple([each.text for each in entries])


def _policy(pod: Pod, node: Node) -> tuple[str, list[str]]:
    """Return the policy that kubelet follows and its warnings (GetPodDNS, getPodDNSType)."""
    asked, warnings = pod.dns_policy, []
    if asked == NONE:
        return NONE, []
    if asked == DEFAULT or (asked == CLUSTER_FIRST and pod.host_network):
        return DEFAULT, []
    if asked not in (CLUSTER_FIRST, WITH_HOST_NET):
        warnings.append(
            "Failed to get DNS type for pod. Falling back to DNSClusterFirst policy. "
            f"err=invalid DNSPolicy={asked}"
        )
    if node.cluster_dns:
        return CLUSTER_FIRST, warnings
    return DEFAULT, [*warnings, MISSING_CLUSTER_DNS]


def _cluster_base(namespace: str, node: Node) -> _Draft:
    """The cluster's own search domains come before the node's, whose other lines do not count."""
    draft = _Draft([each for each in node.cuts if each.keyword is Keyword.SEARCH])
    draft.nameservers = list(node.cluster_dns)
    draft.searches = list(node.searches)
    draft.options = [_DEFAULT_OPTION]
    if domain := node.cluster_domain:
        own = [
            Entry(f"{namespace}.svc.{domain}", Origin.NAMESPACE),
            Entry(f"svc.{domain}", Origin.CLUSTER_DOMAIN),
            Entry(domain, Origin.CLUSTER_DOMAIN),
        ]
        draft.searches = _once(draft, Keyword.SEARCH, own + draft.searches)
    return draft


def _node_base(namespace: str, node: Node) -> _Draft:
    """Without a file, kubelet names the node itself and nothing to search."""
    draft = _Draft(node.cuts)
    draft.nameservers = list(node.nameservers if node.has_file else node.loopbacks)
    draft.searches = list(node.searches) if node.has_file else [_ROOT]
    draft.options = list(node.options)
    return draft


def _no_base(namespace: str, node: Node) -> _Draft:
    return _Draft()


_BASES = {CLUSTER_FIRST: _cluster_base, DEFAULT: _node_base, NONE: _no_base}


def _append(draft: _Draft, config: DnsConfig) -> None:
    """Add what dnsConfig says; even an empty one makes kubelet leave out duplicates (appendDNSConfig)."""
    draft.nameservers = _once(draft, Keyword.NAMESERVER, draft.nameservers + _given(config.nameservers))
    draft.searches = _once(draft, Keyword.SEARCH, draft.searches + _given(config.searches))
    options: dict[str, Entry] = {}
    for entry in draft.options:
        name = option_name(entry.text)
        options[name] = Entry(name, entry.origin) if entry.text == f"{name}:" else entry
    for name, value in config.options:
        entry = Entry(f"{name}:{value}" if value else name, Origin.DNS_CONFIG)
        put_option(options, name, entry, draft.cuts)
    draft.options = list(options.values())


def _given(texts: Iterable[str]) -> list[Entry]:
    return [Entry(each, Origin.DNS_CONFIG) for each in texts]


def _once(draft: _Draft, keyword: Keyword, entries: list[Entry]) -> list[Entry]:
    """Return the first of each text (omitDuplicates)."""
    found: dict[str, Entry] = {}
    for entry in entries:
        if found.setdefault(entry.text, entry) is not entry:
            draft.cuts.append(Cut(keyword, entry, Reason.DUPLICATE))
    return list(found.values())


def _fit(draft: _Draft, warnings: list[str]) -> None:
    """Cut what is beyond the limits, and say so as kubelet does (formDNSConfigFitsLimits)."""
    if len(draft.nameservers) > MOST_NAMESERVERS:
        _cut(draft, Keyword.NAMESERVER, draft.nameservers[MOST_NAMESERVERS:], Reason.NAMESERVERS)
        del draft.nameservers[MOST_NAMESERVERS:]
        warnings.append(
            "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver "
            f"line is: {' '.join(_texts(draft.nameservers))}"
        )
    before = len(draft.searches)
    _fit_searches(draft)
    if len(draft.searches) < before:
        warnings.append(
            "Search Line limits were exceeded, some search paths have been omitted, the applied search "
            f"line is: {' '.join(_texts(draft.searches))}"
        )


def _fit_searches(draft: _Draft) -> None:
    """Keep the first domains, of those the short ones, of those as many as fit on the line."""
    _cut(draft, Keyword.SEARCH, draft.searches[MOST_SEARCHES:], Reason.SEARCHES)
    kept: list[Entry] = []
    line = -1
    for entry in draft.searches[:MOST_SEARCHES]:
        if length(entry.text) > MOST_DOMAIN:
            _cut(draft, Keyword.SEARCH, [entry], Reason.LONG_DOMAIN)
        else:
            kept.append(entry)
            line += 1 + length(entry.text)
    while line > MOST_SEARCH_LINE:
        entry = kept.pop()
        line -= 1 + length(entry.text)
        _cut(draft, Keyword.SEARCH, [entry], Reason.LONG_LINE)
    draft.searches = kept


def _cut(draft: _Draft, keyword: Keyword, entries: list[Entry], reason: Reason) -> None:
    draft.cuts += [Cut(keyword, each, reason) for each in entries]
