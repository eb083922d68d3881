"""Plugins that are set up to be asked alone: with nothing around them but a fake rest of the chain."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, ClassVar, TypeVar, cast

from kdns.answering.chain import Link, Rest
from kdns.answering.plugin import Plugin, Setting
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response
from kdns.cluster.events import Tag
from kdns.corefile.parsing import parse_corefile
from kdns.wire import codes
from kdns.wire.codes import type_to_text
from kdns.wire.names import Name, from_text, to_text
from kdns.wire.presentation import rdata_to_text
from kdns.wire.rrsets import RRset
from tests.corefile.builders import MemoryFiles

P = TypeVar("P", bound=Plugin)


def set_up(
    kind: type[P], text: str, zones: str = ".", forget: Callable[[frozenset[Tag]], None] = lambda tags: None
) -> P:
    """Return the plugin that the directives in `text` ask for, in a server block of these zones."""
    [block] = parse_corefile(f"{zones} {{\n{text}\n}}\n", "Corefile", {}, 53, MemoryFiles({})).blocks
    nothing = cast(Any, None)
    return cast(P, kind.setup(block.directives, Setting(block, nothing, nothing, forget)))


def query(name: str, qtype: str = "A") -> Query:
    return Query(b"\0\1", 0, from_text(name), codes.type_from_text(qtype))


class Answering:
    """A plugin that has one Response for everything."""

    name: ClassVar[str] = "answering"

    def __init__(self, response: Response) -> None:
        self._response = response

    def respond(self, query: Query, rest: Rest) -> Response:
        return self._response


def rest(*links: Link) -> Rest:
    """Return the rest of a chain, which refuses what these do not answer, and what aliases lead to."""

    def refuse(query: Query, name: Name) -> Response:
        return Response(codes.REFUSED)

    return Rest(links, refuse)


def at_once(outcome: Outcome) -> Response:
    """Return the Response that an outcome is, which must not have to be waited for."""
    assert not isinstance(outcome, Awaitable)
    return outcome


def lines(section: tuple[RRset, ...]) -> list[str]:
    """Return a section as zone-file text, one line a record."""
    return [
        " ".join(
            (to_text(rrset.owner), str(rrset.ttl), type_to_text(rrset.type), rdata_to_text(rrset.type, rdata))
        )
        for rrset in section
        for rdata in rrset.rdatas
    ]


def run_until(plugin: Plugin, is_done: Callable[[], bool]) -> None:
    """Run the plugin's own tasks until something holds; the test's time limit is the only one."""

    async def run() -> None:
        running = asyncio.create_task(plugin.run())
        while not is_done():
            await asyncio.sleep(0.001)
            assert not running.done()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    asyncio.run(run())
