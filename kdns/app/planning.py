"""From a Corefile to plugins that are set up and the addresses they are to be reached at. Nothing is started.

`check` and `chains` say what a Corefile would give, for people.
"""

import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from kdns.answering.plugin import Address, Cluster, Page, Plugin, Process, Setting
from kdns.cluster.events import Tag
from kdns.cluster.state import ClusterState
from kdns.cluster.wish import ClusterWish
from kdns.corefile.errors import CorefileError
from kdns.corefile.overlaps import Claim, refuse_overlaps
from kdns.corefile.values import Corefile, Key, ServerBlock
from kdns.plugins.registry import set_up
from kdns.servers.addresses import ListenAddress
from kdns.servers.own import own_addresses
from kdns.wire.names import to_text

Forget = Callable[[frozenset[Tag]], None]
GetCluster = Callable[[ClusterWish], Cluster]


class Planned(NamedTuple):
    """A server block whose plugins are set up, and the hosts it listens on ("" is every address)."""

    block: ServerBlock
    plugins: tuple[Plugin, ...]
    hosts: tuple[str, ...]

    def addresses(self, key: Key) -> list[Address]:
        """Return where this zone of the block is to be reached."""
        return [(host, key.port) for host in self.hosts]

    def zone_lines(self) -> list[str]:
        """Return the zones as CoreDNS greets with them: ".:53", ".:53 on 127.0.0.1"."""
        return [
            f"{to_text(key.zone)}:{key.port}" + (f" on {host}" if host else "")
            for key in self.block.keys
            for host in self.hosts
        ]


def plan(
    corefile: Corefile,
    process: Process,
    cluster: GetCluster,
    forget: Forget,
    problems: list[CorefileError],
) -> list[Planned]:
    """Set up every block; what is wrong with the Corefile is added to `problems`."""
    planned = []
    for block in corefile.blocks:
        problems.extend(_unserved(block))
        planned.append(_plan_block(block, process, cluster, forget, problems))
    try:
        refuse_overlaps(
            Claim(key, host) for each in planned for key in each.block.keys for host in each.hosts
        )
    except CorefileError as error:
        problems.append(error)
    return planned


def _plan_block(
    block: ServerBlock,
    process: Process,
    cluster: GetCluster,
    forget: Forget,
    problems: list[CorefileError],
) -> Planned:
    others: list[weakref.ref[Plugin]] = []  # weak: a plugin that has them is one of them

    def setting_for(hosts: tuple[str, ...]) -> Setting:
        listen = _listen(block, hosts or ("",))
        reached = own_addresses(ListenAddress(*address) for address in listen)
        return Setting(
            block,
            process,
            cluster,
            forget,
            listen,
            reached,
            lambda: [plugin for ref in others if (plugin := ref())],
        )

    plugins = set_up(block, setting_for, problems)
    others.extend(map(weakref.ref, plugins))
    hosts = next((plugin.hosts for plugin in plugins if plugin.hosts), ("",))
    return Planned(block, plugins, hosts)


def _listen(block: ServerBlock, hosts: Iterable[str]) -> tuple[Address, ...]:
    ports = dict.fromkeys(key.port for key in block.keys)
    return tuple((host, port) for host in hosts for port in ports)


def _unserved(block: ServerBlock) -> Iterable[CorefileError]:
    for key in block.keys:
        if key.scheme != "dns":
            found = f"a zone to be served over {key.scheme}://, for which kdns has no server yet"
            yield CorefileError(key.position, found, "dns://, or nothing; leave this block to CoreDNS")


def check(corefile: Corefile) -> list[CorefileError]:
    """Return everything that keeps kdns from serving this Corefile, in the order of the text."""
    problems: list[CorefileError] = []
    plan(corefile, _Nobody(), _no_cluster, lambda _tags: None, problems)
    return sorted(problems, key=lambda problem: problem.position)


def chains(corefile: Corefile) -> list[tuple[list[str], tuple[str, ...]]]:
    """Return the zones of each block as ".:53", and its plugins in the order in which they are asked."""
    planned = plan(corefile, _Nobody(), _no_cluster, lambda _tags: None, [])
    return [(each.zone_lines(), tuple(plugin.name for plugin in each.plugins)) for each in planned]


class _Nobody:
    """The process where there is none: plugins are set up to see whether that goes well."""

    def unready(self) -> Sequence[str]:
        return ()

    def metrics(self) -> Page:
        return Page(404, "", b"")

    async def reload(self) -> None:
        """Do nothing."""

    def abort(self, reason: str) -> None:
        """Do nothing."""


class _Unseen:
    """A cluster that nobody looks at."""

    def __init__(self) -> None:
        self.state = ClusterState()

    def forbidden(self) -> frozenset[str]:
        return frozenset()


def _no_cluster(_wish: ClusterWish) -> Cluster:
    return _Unseen()
