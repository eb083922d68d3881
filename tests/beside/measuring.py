"""How the metrics of both servers are taken: in front of a cluster and an upstream, over a fixed course.

Each question is asked when the one before it is answered, so that what is counted is the same every time.
"""

import asyncio
import contextlib
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tests.apiserver.builders import Object, endpoint_slice, headless, namespace, service
from tests.apiserver.fake import FakeApiServer
from tests.beside import outside
from tests.beside.asking import Client
from tests.beside.course import (
    CACHE_HOLDS,
    COURSE,
    DOWN_AFTER,
    METRICS,
    RESOLV_CONF,
    STALE,
    STALE_AFTER,
    UDP,
    corefile_in,
)
from tests.beside.exposed import Family, families
from tests.beside.programs import Ports, program, relocated
from tests.beside.upstream import Upstream, running

PATIENCE = 90.0

CHANGED = "endpoints.kubernetes.io/last-change-trigger-time"


class Measured(NamedTuple):
    """The pages of a server: `before` any question but that of `loop`, and `after` the whole course."""

    before: dict[str, Family]
    after: dict[str, Family]
    content_type: str


Command = Callable[[Path, Ports, Path], list[str]]
"""Returns how to start a server with a Corefile, other ports, and a kubeconfig."""


async def measure(folder: Path, command: Command) -> Measured:
    """Run a server with everything around it, ask it the whole course, and return what it has counted."""
    upstream, ports = Upstream(outside.TABLE, outside.NXDOMAIN), Ports()
    async with FakeApiServer(offers_watch_list=False) as api, running(upstream):
        api.put(*objects())
        words = {RESOLV_CONF: f"127.0.0.1:{upstream.port}"}
        corefile = folder / "Corefile"
        corefile.write_text(relocated(corefile_in(folder), words, ports))
        kubeconfig = api.write_kubeconfig(folder / "kubeconfig")
        loop = asyncio.get_running_loop()
        names = {f':{there}"': f':{here}"' for here, there in ports.items()}
        names |= {f':{upstream.port}"': ':upstream"', f':{api.port}"': ':api"', f"{folder}/": ""}

        def put(changed: Object) -> None:
            loop.call_soon_threadsafe(api.put, changed)

        def served() -> Measured:
            with program(command(corefile, ports, kubeconfig), ports, folder / "log") as server:
                return Course(server.ports, names).run(put)

        return await asyncio.to_thread(served)


def objects() -> Iterator[Object]:
    for name in ("default", "shop"):
        yield namespace(name)
    yield service("default/kubernetes", "10.96.0.1")
    yield service("shop/web", "10.96.1.1")
    yield endpoint_slice("shop/web", "10.1.1.1")
    yield headless("shop/db")


def changed_slice() -> Object:
    """Return endpoints that have changed this very moment."""
    built = endpoint_slice("shop/db", "10.1.1.9")
    built["metadata"]["annotations"] = {CHANGED: datetime.now(UTC).isoformat()}
    return built


class Course:
    """Asks a server and reads its page."""

    def __init__(self, ports: Ports, names: Mapping[str, str]) -> None:
        self._ports, self._names = ports, names
        self._content_type = ""

    def run(self, put: Callable[[Object], None]) -> Measured:
        before = self._until("type=other", "coredns_dns_requests_total")  # as `loop` asks
        with contextlib.ExitStack() as stack:
            clients = {port: stack.enter_context(Client(self._ports[port])) for port in COURSE}
            second = clients[5353]
            second.ask(*STALE)
            asked = time.monotonic()
            put(changed_slice())
            for port, questions in COURSE.items():
                for name, rtype, ways in questions:
                    for way in ways:
                        clients[port].ask(name, rtype, way)
            self._send("loc.plugins.example.", "LOC")
            for number in range(CACHE_HOLDS + 1):
                second.ask(f"{number}.full.example.", "A", UDP)
            self._until("to=127.0.0.1:5399", "coredns_proxy_healthcheck_failures_total", DOWN_AFTER)
            second.ask("dead.example.", "A", UDP)
            time.sleep(max(asked + STALE_AFTER - time.monotonic(), 0))
            second.ask(*STALE)
            self._until("zones=www.example.", "coredns_cache_prefetch_total")
            self._until("headless", "coredns_kubernetes_dns_programming_duration_seconds")
        time.sleep(0.2)  # what is fetched for the stale one
        return Measured(before, self._page(), self._content_type)

    def _send(self, name: str, rtype: str) -> None:
        """Ask what gets no response, and wait for its trace."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(UDP.query(name, rtype, 1), ("127.0.0.1", self._ports[5353]))
        self._until("plugins.example.", "coredns_acl_dropped_requests_total")

    def _until(self, labels: str, name: str, least: float = 0) -> dict[str, Family]:
        """Return the first page on which a family has a value with these labels."""
        deadline = time.monotonic() + PATIENCE
        while True:
            page = self._page()
            for told, value in page[name].values.items() if name in page else ():
                if labels in told and (isinstance(value, str) or (value or 0) >= least):
                    return page
            assert time.monotonic() < deadline, f"no {name} with {labels}"
            time.sleep(0.05)

    def _page(self) -> dict[str, Family]:
        url = f"http://127.0.0.1:{self._ports[METRICS]}/metrics"
        with contextlib.closing(urllib.request.urlopen(url, timeout=PATIENCE)) as response:
            self._content_type = response.headers["Content-Type"]
            page = response.read().decode()
        for here, there in self._names.items():
            page = page.replace(here, there)
        return families(page)
