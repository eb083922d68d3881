"""The end of the process, begun at moments that don't suit it."""

import asyncio
import contextlib
import logging
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest

from kdns.app.service import Service
from kdns.app.succession import Sources
from kdns.corefile.parsing import parse_corefile
from kdns.plugins.health import Health
from kdns.plugins.ready import Ready
from tests.cli.servers import START_SECONDS, free_port, running
from tests.plugins.lent import lent
from tests.servers.script import until

COREFILE = """\
.:{port} {{
    health 127.0.0.1:{health} {{
        lameduck 1s
    }}
    ready 127.0.0.1:{ready}
    whoami
}}
"""


def status(port: int) -> int:
    """Return what /ready says; 0 when nobody is there any more."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


def wait_for(log: Path, line: str) -> None:
    end = time.monotonic() + START_SECONDS
    while line not in log.read_text():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.01)


def test_a_second_sigterm_does_not_shorten_the_lameduck(tmp_path: Path) -> None:
    port, health, ready = free_port(), free_port(), free_port()
    corefile = COREFILE.format(port=port, health=health, ready=ready)
    with running(tmp_path, port, "-conf", "stdin", corefile=corefile) as server:
        assert status(ready) == 200
        server.process.send_signal(signal.SIGTERM)
        wait_for(server.log, "Going into lameduck mode for 1s")
        server.process.send_signal(signal.SIGTERM)
        assert status(ready) == 503
        # `running` sends a third one and sees that the process ends in order.


class HeldUp:
    """A succession whose second Corefile takes its time."""

    def __init__(self) -> None:
        self.current: SimpleNamespace | None = None
        self.gate = asyncio.Event()
        self.is_closed = False

    async def take_over(self, corefile: object) -> None:
        if self.current is not None:
            await self.gate.wait()
        plugins = (lent(Ready, "ready"), lent(Health, "health {\nlameduck 200ms\n}"))
        self.current = SimpleNamespace(plugins=plugins, fingerprint="")

    def zone_lines(self) -> list[str]:
        return []

    def tick(self, second: int) -> None:
        pass

    async def close(self) -> None:
        self.is_closed = True

    def ready_status(self) -> int:
        assert self.current is not None
        (pages,) = self.current.plugins[0].pages().values()
        return int(pages["/ready"]().status)


@pytest.fixture
def held_up() -> HeldUp:
    return HeldUp()


@pytest.fixture
def service(held_up: HeldUp) -> Service:
    made = Service(lambda: parse_corefile(".:0 {\nwhoami\n}", "Corefile", {}), Sources())
    made._succession = held_up  # type: ignore[assignment]
    return made


async def test_a_corefile_that_takes_over_during_the_lameduck_is_not_ready_either(
    service: Service, held_up: HeldUp
) -> None:
    served = asyncio.create_task(service.run(lambda _: None))
    await until(lambda: held_up.current is not None)
    first = held_up.current
    service._reload_at_signal()
    await asyncio.sleep(0)
    service._stopped.set()
    await until(lambda: held_up.ready_status() == 503)
    held_up.gate.set()
    await until(lambda: held_up.current is not first)
    await until(lambda: held_up.ready_status() == 503)
    await served
    assert held_up.is_closed


def test_sigterm_before_anything_is_served_ends_it_in_order(tmp_path: Path) -> None:
    port, health, ready = free_port(), free_port(), free_port()
    corefile = COREFILE.format(port=port, health=health, ready=ready)
    with running(tmp_path, port, "-conf", "stdin", corefile=corefile, is_quiet=True):
        pass  # the port is open before the process greets; it must end with 0


@pytest.mark.parametrize(("lameduck", "is_told"), [("25s", False), ("26s", True)])
async def test_a_lameduck_that_a_pod_may_not_have_is_told(
    caplog: pytest.LogCaptureFixture, lameduck: str, is_told: bool
) -> None:
    caplog.set_level(logging.INFO)
    serving = asyncio.create_task(lent(Health, f"health 127.0.0.1:1 {{\nlameduck {lameduck}\n}}").run())
    await asyncio.sleep(0)
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    wanted = (
        f"lameduck {lameduck} and 5s for queries under way are more than the 30s that a Pod has by default: "
        "set its terminationGracePeriodSeconds"
    )
    assert caplog.messages == [wanted] * is_told
