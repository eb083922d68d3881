"""What the metrics of both servers are taken from: a Corefile, a cluster, and a fixed course of questions.

Each question is asked when the one before it is answered, so that what is counted is the same every time.
"""

import asyncio
import contextlib
import os
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
from tests.beside.exposed import Family, families
from tests.beside.programs import Ports, program, relocated
from tests.beside.questions import Way
from tests.beside.upstream import Upstream, running

KUBEADM = Path(__file__).parents[1] / "corefiles" / "kubeadm" / "Corefile"
RESOLV_CONF = "/etc/resolv.conf"
METRICS = 9153
PATIENCE = 30.0

ADDED = """\
    errors
    log
    hosts {hosts} {{
       192.0.2.2 inline.example
       fallthrough
    }}
"""
"""Stands where kubeadm's Corefile has `errors`."""

MORE = f"""
www.example:5353 {{
    errors
    prometheus :{METRICS}
    cache 30 {{
       success 9984 30 1
       serve_stale
    }}
    forward . {RESOLV_CONF}
}}
full.example:5353 {{
    cache 30 {{
       denial 1
    }}
    forward . {RESOLV_CONF}
}}
dead.example:5353 {{
    errors
    prometheus :{METRICS}
    forward . 127.0.0.1:5399
}}
"""
"""Blocks that nobody observes, so that kdns answers from its table: one with a cache, and stale answers, one
whose cache is soon full, one whose upstream is dead."""

CACHE_HOLDS = 1024
"""How many names `denial 1` is, in CoreDNS."""

UDP, TCP, DO = Way("udp"), Way("tcp", is_stream=True), Way("do", payload=4096, wants_dnssec=True)
EDNS, MIXED = Way("edns", payload=1232), Way("mixed", is_mixed=True)
LONG = Way("long", payload=1232, options=((65001, "00" * 120),))
VERSION, STATUS, CHAOS = Way("v1", payload=1232, version=1), Way("status", opcode="STATUS"), Way("ch", rdclass="CH")

WEB, MISSING, ONE = "web.shop.svc.cluster.local.", "missing.shop.svc.cluster.local.", "one.www.example."

COURSE: Mapping[int, tuple[tuple[str, str, tuple[Way, ...]], ...]] = {
    53: (
        (WEB, "A", (UDP, UDP, MIXED, TCP, DO, LONG, VERSION, STATUS, CHAOS)),
        ("cluster.local.", "AXFR", (TCP,)),
        ("cluster.local.", "IXFR", (TCP,)),
        *((WEB, rtype, (UDP,)) for rtype in ("AAAA", "SRV", "HTTPS", "CAA", "TYPE65280")),
        (MISSING, "A", (UDP, TCP, UDP)),
        ("host.example.", "A", (UDP, UDP)),
        ("1.0.96.10.in-addr.arpa.", "PTR", (EDNS, EDNS)),
        ("1.113.0.203.in-addr.arpa.", "PTR", (UDP, UDP)),
        (ONE, "A", (UDP, UDP, DO, TCP)),
        ("missing.www.example.", "A", (UDP, MIXED, DO)),
        ("servfail.www.example.", "A", (UDP, UDP)),
        ("refused.www.example.", "A", (UDP, UDP)),
        ("second.www.example.", "A", (TCP, TCP)),
    ),
    5353: (
        (ONE, "A", (UDP, UDP, MIXED, EDNS, DO, DO, TCP, LONG)),
        ("missing.www.example.", "A", (UDP, UDP, TCP)),
        ("nodata.www.example.", "AAAA", (UDP, UDP)),
        ("servfail.www.example.", "A", (UDP, UDP)),
        ("many.www.example.", "A", (UDP, UDP, TCP)),
        ("second.www.example.", "A", (TCP, TCP)),
        ("second.www.example.", "AAAA", (TCP,)),
        ("nowhere.test.", "A", (UDP, UDP, TCP, DO)),
        ("dead.example.", "A", (UDP, DO)),
    ),
}
"""Port → name, type and ways."""

STALE = ("ttl-1.www.example.", "A", UDP)
STALE_AFTER = 2.2
"""Seconds after which both call it stale: CoreDNS takes a TTL of 0 to be good for another second."""

CHANGED = "endpoints.kubernetes.io/last-change-trigger-time"


class Measured(NamedTuple):
    """The pages of a server: before any question of ours, and after all; and how they were served."""

    before: dict[str, Family]
    after: dict[str, Family]
    content_type: str


Command = Callable[[Path, Ports, Path], list[str]]
"""Returns how to start a server with a Corefile, other ports, and a kubeconfig."""


async def measure(folder: Path, command: Command) -> Measured:
    """Run a server with everything around it, ask it the whole course, and return what it has counted."""
    async with FakeApiServer(offers_watch_list=False) as api, running(Upstream(outside.TABLE, outside.NXDOMAIN)) as upstream:
        api.put(*objects())
        ports = Ports()
        corefile = folder / "Corefile"
        corefile.write_text(relocated(text(folder), {RESOLV_CONF: f"127.0.0.1:{upstream.port}"}, ports))
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


def text(folder: Path) -> str:
    """Return the Corefile, with a hosts file in `folder` whose time is always the same."""
    hosts = folder / "hosts"
    hosts.write_text("192.0.2.1 host.example\n")
    os.utime(hosts, (1_700_000_000, 1_700_000_000))
    found, _, rest = KUBEADM.read_text().partition("    errors\n")
    return found + ADDED.format(hosts=hosts) + rest + MORE


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
        before = self._until("type=other", "coredns_dns_requests_total")  # `loop` has asked
        with Client(self._ports[53]) as main, Client(self._ports[5353]) as second:
            clients = {53: main, 5353: second}
            second.ask(*STALE)
            asked = time.monotonic()
            put(changed_slice())
            for port, questions in COURSE.items():
                for name, rtype, ways in questions:
                    for way in ways:
                        clients[port].ask(name, rtype, way)
            for number in range(CACHE_HOLDS + 1):
                second.ask(f"{number}.full.example.", "A", UDP)
            self._until("to=127.0.0.1:5399", "coredns_proxy_healthcheck_failures_total", 2)
            second.ask("dead.example.", "A", UDP)
            time.sleep(max(asked + STALE_AFTER - time.monotonic(), 0))
            second.ask(*STALE)
            self._until("zones=www.example.", "coredns_cache_prefetch_total")
            self._until("headless", "coredns_kubernetes_dns_programming_duration_seconds")
        time.sleep(0.2)  # what is fetched for the stale one
        return Measured(before, self._page(), self._content_type)

    def _until(self, labels: str, name: str, least: float = 0) -> dict[str, Family]:
        """Return the first page on which a family has a value with these labels."""
        deadline = time.monotonic() + PATIENCE
        while True:
            page = self._page()
            for told, value in page[name].values.items() if name in page else ():
                if labels in told and (isinstance(value, str) or value >= least):
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
