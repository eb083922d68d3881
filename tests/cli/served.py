"""A `kdns serve` that follows an API server, as a process: its answers, its pages and its log.

Everything here can be waited for in a loop that also runs the API server.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import dns.asyncquery
import dns.message
import dns.rcode
from prometheus_client.parser import text_string_to_metric_families as parse

from tests.cli.servers import Running, free_port, serving

PATIENCE = 90.0
"""Seconds after which what should have come never will."""


@dataclass
class Served:
    """A running kdns, its answers, its pages and its log."""

    running: Running
    http: int

    async def ask(self, name: str, rtype: str = "A") -> str:
        """Return the response's RCODE, or its RDATA if there is any."""
        query = dns.message.make_query(name, rtype)
        response = await dns.asyncquery.udp(query, "127.0.0.1", port=self.running.port, timeout=10)
        found = sorted(str(rdata) for rrset in response.answer for rdata in rrset)
        return " ".join(found) or dns.rcode.to_text(response.rcode())

    async def page(self, path: str) -> tuple[int, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{self.http}{path}") as response,
        ):
            return response.status, await response.text()

    async def is_ready(self) -> bool:
        return (await self.page("/ready"))[0] == 200

    async def metric(self, name: str, **labels: str) -> float | None:
        """Return a sample of /metrics, None if there is none with these labels."""
        _, text = await self.page("/metrics")
        for family in parse(text):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return sample.value
        return None

    async def answers(self, name: str, expected: str, rtype: str = "A") -> None:
        """Wait until a name is answered so."""
        await until(lambda: self._is_answer(name, expected, rtype))

    async def _is_answer(self, name: str, expected: str, rtype: str) -> bool:
        return await self.ask(name, rtype) == expected

    @property
    def log(self) -> str:
        return self.running.log.read_text()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await condition():  # noqa: ASYNC110 (a process has no event to wait for)
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def kdns(folder: Path, *arguments: str | Path) -> AsyncIterator[Served]:
    """Run `kdns serve`; at the end it must stop in order."""
    http = free_port()
    pages = ("--probes", f"127.0.0.1:{http}", "--metrics", f"127.0.0.1:{http}")
    with contextlib.ExitStack() as stack:
        running = await asyncio.to_thread(stack.enter_context, serving(folder, *pages, *arguments))
        yield Served(running, http)
