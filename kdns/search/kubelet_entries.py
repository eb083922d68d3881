"""What kubelet makes a resolv.conf of: entries with their origins, what it leaves out and why, the limits.

The limits are those of Kubernetes' pkg/apis/core/validation, which API server and kubelet share.
"""

from enum import StrEnum
from typing import NamedTuple

MOST_NAMESERVERS = 3
MOST_SEARCHES = 32
MOST_SEARCH_LINE = 2048
"""Characters of a search line's domains and the spaces between them."""
MOST_DOMAIN = 253
"""Characters of one search domain: longer ones abort old versions of glibc."""


class Origin(StrEnum):
    """Where an entry of a Pod's resolv.conf comes from."""

    NODE = "node"
    NAMESPACE = "namespace"
    CLUSTER_DOMAIN = "cluster domain"
    CLUSTER_DNS = "cluster DNS"
    DNS_CONFIG = "dnsConfig"
    KUBELET = "kubelet's default"


class Keyword(StrEnum):
    """What a line of a resolv.conf begins with."""

    NAMESERVER = "nameserver"
    SEARCH = "search"
    OPTIONS = "options"


class Reason(StrEnum):
    """Why something that was given is not in the Pod's file."""

    DUPLICATE = "it is there already"
    OVERRIDDEN = "it is set again later"
    OTHER_LINE = "a later search line takes its place"
    DOMAIN_LINE = "kubelet reads no domain lines"
    ROOT = "kubelet leaves the root out"
    NAMESERVERS = f"more than {MOST_NAMESERVERS} nameservers"
    SEARCHES = f"more than {MOST_SEARCHES} search domains"
    LONG_DOMAIN = f"longer than {MOST_DOMAIN} characters"
    LONG_LINE = f"search line of more than {MOST_SEARCH_LINE} characters"


class Entry(NamedTuple):
    """One address, search domain or option, and where kubelet has it from."""

    text: str
    origin: Origin


class Cut(NamedTuple):
    """An entry that was given and is not in the file."""

    keyword: Keyword
    entry: Entry
    reason: Reason


def length(text: str) -> int:
    """Return the number of octets, which is what kubelet counts."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def option_name(text: str) -> str:
    """Return what kubelet takes for the name of an option as it stands in a file."""
    return text.partition(":")[0]


def put_option(options: dict[str, Entry], name: str, entry: Entry, cuts: list[Cut]) -> None:
    """Set an option, in the place of the one before it of the same name, if there was one."""
    if before := options.get(name):
        cuts.append(Cut(Keyword.OPTIONS, before, Reason.OVERRIDDEN))
    options[name] = entry
