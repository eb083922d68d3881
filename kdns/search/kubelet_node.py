"""What kubelet knows on its node about DNS: its flags, and the node's resolv.conf as kubelet reads it.

Read once into a `Node`, from which the resolv.conf of any Pod follows without a file.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple, TypeAlias

from kdns.search.kubelet_entries import (
    MOST_DOMAIN,
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

MOST_FILE = 10 << 20
"""Octets: kubelet reads no resolv.conf of this size."""


class Refused(Exception):
    """Kubelet does not start the Pod (event FailedCreatePodSandBox); the message is its reason."""


class Node(NamedTuple):
    """What kubelet knows. `has_file` is false where it has no resolv.conf, which differs from an empty one.

    `loopbacks` are the nameservers of a Pod that would get the node's, where kubelet has no file. `cuts` are
    what kubelet does not take from the file.
    """

    nameservers: tuple[Entry, ...]
    searches: tuple[Entry, ...]
    options: tuple[Entry, ...]
    has_file: bool
    cluster_dns: tuple[Entry, ...]
    cluster_domain: str
    loopbacks: tuple[Entry, ...]
    cuts: tuple[Cut, ...] = ()


def read_node(
    resolv_conf: str | None,
    cluster_dns: Iterable[str] = (),
    cluster_domain: str = "",
    node_ips: Iterable[str] = (),
) -> Node:
    """Take what kubelet is told: the text of --resolv-conf (None for no file), and its other flags' values.

    `cluster_domain` is "" for none. Octets that are no UTF-8 may stand in the text as surrogate escapes.
    Raises Refused for a file that makes kubelet refuse every Pod, ValueError for what is no address.
    """
    nameservers, searches, options, cuts = _read(resolv_conf or "")
    return Node(
        nameservers,
        searches,
        options,
        resolv_conf is not None,
        tuple(Entry(str(_address(each)), Origin.CLUSTER_DNS) for each in cluster_dns),
        cluster_domain,
        _loopbacks(node_ips),
        cuts,
    )


def limit_warning(node: Node, path: str) -> str:
    """Return what kubelet says of the node, whatever its Pods (CheckLimitsForResolvConf), "" if nothing.

    `path` is its --resolv-conf.
    """
    most = MOST_SEARCHES - (3 if node.cluster_domain else 0)
    lengths = [length(each.text) for each in node.searches]
    if len(lengths) > most:
        return f"Resolv.conf file '{path}' contains search line consisting of more than {most} domains!"
    if lengths and max(lengths) > MOST_DOMAIN:
        return (
            f'Resolv.conf file "{path}" contains a search path which length is more than allowed '
            f"{MOST_DOMAIN} chars!"
        )
    if sum(lengths) + len(lengths) - 1 > MOST_SEARCH_LINE:
        return (
            f"Resolv.conf file '{path}' contains search line which length is more than allowed "
            f"{MOST_SEARCH_LINE} chars!"
        )
    return ""


_words = re.compile("[^\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+").findall
"""What Go's strings.Fields yields; Python's split() cuts at more characters."""


_Entries: TypeAlias = tuple[Entry, ...]


def _read(text: str) -> tuple[_Entries, _Entries, _Entries, tuple[Cut, ...]]:
    """Read nameservers, searches, options and what is cut. Raises Refused. Source: dns.go, parseResolvConf.

    Go's maps give kubelet the options in any order; here they are in that of the file.
    """
    if length(text) >= MOST_FILE:
        raise _refused("the read limit is reached")
    nameservers: list[Entry] = []
    searches: list[Entry] = []
    options: dict[str, Entry] = {}
    cuts: list[Cut] = []
    for line in text.split("\n"):
        keyword, *rest = _words(line) or [""]
        entries = [Entry(each, Origin.NODE) for each in rest]
        if keyword == Keyword.NAMESERVER:
            if not entries:
                raise _refused("nameserver list is empty")
            nameservers.append(entries[0])
        elif keyword == Keyword.SEARCH:
            cuts += [Cut(Keyword.SEARCH, each, Reason.OTHER_LINE) for each in searches]
            cuts += [Cut(Keyword.SEARCH, each, Reason.ROOT) for each in entries if each.text == "."]
            searches = [Entry(each.removesuffix("."), Origin.NODE) for each in rest if each != "."]
        elif keyword == Keyword.OPTIONS:
            for entry in entries:
                put_option(options, option_name(entry.text), entry, cuts)
        elif keyword == "domain":
            cuts += [Cut(Keyword.SEARCH, each, Reason.DOMAIN_LINE) for each in entries[:1]]
    return tuple(nameservers), tuple(searches), tuple(options.values()), tuple(cuts)


def _refused(reason: str) -> Refused:
    return Refused(f"Encountered error while parsing resolv conf file. Error: {reason}")


def _loopbacks(node_ips: Iterable[str]) -> tuple[Entry, ...]:
    found = ["::1" if _address(each).version == 6 else "127.0.0.1" for each in node_ips]
    return tuple(Entry(each, Origin.KUBELET) for each in found or ["127.0.0.1"])


def _address(text: str) -> IPv4Address | IPv6Address:
    """Return an address as Go has it: IPv4 also where it is mapped to IPv6. Raises ValueError."""
    address = ip_address(text)
    if isinstance(address, IPv6Address):
        if address.scope_id:
            raise ValueError(f"{text!r} is no address but one of an interface")
        return address.ipv4_mapped or address
    return address
