"""A generation: one Corefile in force, with its chains, tables and plugins, from first query to last."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator, Mapping

from kdns.answering.blocks import Block
from kdns.answering.by_client import Classify, ClassifyingResponder
from kdns.answering.chain import Rest
from kdns.answering.plugin import Address, Connections, Page, Plugin, server_label
from kdns.answering.responder import Responder
from kdns.answering.table import AnswerTable
from kdns.answering.traffic import Traffic
from kdns.app.planning import Planned
from kdns.cluster.events import Tag
from kdns.measures import Family, Histogram
from kdns.wire.names import Name, to_text

log = logging.getLogger("kdns")

_LENDING = frozenset({"bind", "debug", "health", "ready", "reload", "timeouts"})
"""Plugins that CoreDNS has in no chain, so that it does not tell that they are enabled."""


class Generation:
    """The plugins of a Corefile, and a responder for each address."""

    def __init__(
        self, fingerprint: str, planned: Collection[Planned], traffic: Mapping[Address, Traffic]
    ) -> None:
        self.fingerprint = fingerprint
        self.planned = planned
        self.plugins: tuple[Plugin, ...] = tuple(plugin for each in planned for plugin in each.plugins)
        self.responders = {
            address: _responder(address, AnswerTable(traffic=figures), planned)
            for address, figures in traffic.items()
        }
        self.connections = {address: _connections(address, planned) for address in traffic}
        self._keeping = [plugin for plugin in self.plugins if type(plugin).forget is not Plugin.forget]
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def tables(self) -> list[AnswerTable]:
        return [responder.table for responder in self.responders.values()]

    @property
    def serial(self) -> int:
        """The serial that live SOA records show."""
        return max((table.serial for table in self.tables), default=0)

    @property
    def panics(self) -> int:
        return sum(responder.panics for responder in self.responders.values())

    def forget(self, tags: frozenset[Tag], serial: int | None = None) -> None:
        """Drop the answers that carry one of these tags; live serials are `serial` from now on, if given."""
        for plugin in self._keeping:
            plugin.forget(tags)
        for responder in self.responders.values():
            responder.forget(tags, responder.table.serial if serial is None else serial)

    def pages(self) -> dict[Address, dict[str, Callable[[], Page]]]:
        """Return the pages that the plugins want, by address and path."""
        found: dict[Address, dict[str, Callable[[], Page]]] = {}
        for plugin in self.plugins:
            for address, pages in plugin.pages().items():
                found.setdefault(address, {}).update(pages)
        return found

    def begin(self) -> None:
        """Start what the plugins do beside answering."""
        self._tasks = [asyncio.create_task(_run(plugin)) for plugin in self.plugins]

    async def end(self) -> None:
        """Stop the plugins, once no query comes any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for plugin in self.plugins:
            await _closed(plugin)

    def release(self) -> None:
        """Let go of all that it has: what was frozen once (`gc.freeze`) is never found by the collector."""
        for responder in self.responders.values():
            responder.table.clear()
            responder.blocks = {}
        self.planned = self.plugins = ()
        self._keeping.clear()
        self._tasks.clear()

    def measure(self) -> Iterator[Family | Histogram]:
        """Yield what the plugins have to tell."""
        for plugin in self.plugins:
            yield from plugin.measure()

    def enabled(self) -> Iterator[tuple[str, ...]]:
        """Yield the labels of every plugin in a chain that is counted: server, zone, view, name."""
        for planned in filter(_is_counted, self.planned):
            for key in planned.block.keys:
                for address in planned.addresses(key):
                    for plugin in planned.plugins:
                        if plugin.name not in _LENDING:
                            yield server_label(address), to_text(key.zone), "", plugin.name


def _is_counted(planned: Planned) -> bool:
    return any(plugin.name == "prometheus" for plugin in planned.plugins)


def _at(address: Address, planned: Collection[Planned]) -> list[Planned]:
    """Return the server blocks that are to be reached at an address."""
    return [each for each in planned if any(address in each.addresses(key) for key in each.block.keys)]


def _connections(address: Address, planned: Collection[Planned]) -> Connections:
    said = [plugin.connections for each in _at(address, planned) for plugin in each.plugins]
    last = [[value for value in values if value is not None][-1:] for values in zip(*said, strict=True)]
    return Connections(*(value[0] if value else None for value in last))


def _responder(address: Address, table: AnswerTable, planned: Collection[Planned]) -> Responder:
    classify = _classify(address, planned)
    responder = ClassifyingResponder(table, classify) if classify else Responder(table)
    responder.blocks = dict(_blocks(address, responder, planned))
    return responder


def _blocks(
    address: Address, responder: Responder, planned: Collection[Planned]
) -> Iterator[tuple[Name, Block]]:
    for each in planned:
        plugins = each.plugins
        links = [plugin for plugin in plugins if type(plugin).respond is not Plugin.respond]
        chain = Rest(links, responder.resolve)
        observers = tuple(p.observe for p in plugins if type(p).observe is not Plugin.observe)
        adjusting = tuple(p.adjust for p in plugins if type(p).adjust is not Plugin.adjust)
        classes = frozenset(rdclass for plugin in plugins for rdclass in plugin.classes)
        for key in each.block.keys:
            if address in each.addresses(key):
                zone = to_text(key.zone) if _is_counted(each) else None
                yield key.zone, Block(chain, zone, observers, adjusting, classes)


def _classify(address: Address, planned: Collection[Planned]) -> Classify | None:
    """Return what tells the clients of an address apart, None if no answers depend on them."""
    asking = [
        plugin.client_class
        for each in _at(address, planned)
        for plugin in each.plugins
        if type(plugin).client_class is not Plugin.client_class
    ]
    return (lambda address: tuple(ask(address) for ask in asking)) if asking else None


async def _run(plugin: Plugin) -> None:
    try:
        await plugin.run()
    except Exception:
        log.exception("a defect has stopped what the plugin %s does beside answering", plugin.name)


async def _closed(plugin: Plugin) -> None:
    try:
        await plugin.close()
    except Exception:
        log.exception("the plugin %s could not be closed", plugin.name)
