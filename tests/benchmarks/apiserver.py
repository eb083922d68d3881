"""The API server that a measurement runs against, and kdns as its client.

Either the command in KDNS_TEST_APISERVER is run, or a kubeconfig names a server that runs already.
"""

import contextlib
import os
import shlex
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from subprocess import Popen
from typing import NamedTuple

from tests.apiserver.real import VARIABLE, RealServer
from tests.benchmarks.probe import Address, NotReadyError, free_tcp_port
from tests.benchmarks.processes import running

GENTLE = ("nice", "-n", "10")
"""The API server shares its CPU with who measures, and is not to make him late."""


class Kdns(NamedTuple):
    """A kdns that was started here: where it answers, where it tells of itself, its process and its log."""

    address: Address
    pages: str
    process: Popen[bytes]
    log: Path
    begun: float

    def is_ready(self) -> bool:
        """Ask `/ready`."""
        try:
            with urllib.request.urlopen(f"{self.pages}/ready", timeout=5) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    def metric(self, name: str) -> float:
        """Return the sum of all samples of a metric, 0.0 if it has none."""
        with urllib.request.urlopen(f"{self.pages}/metrics", timeout=10) as response:
            return sum_of(response.read().decode(), name)

    def wait_until_ready(self, timeout: float) -> float:
        """Return the seconds from the start to readiness. Raises NotReadyError."""
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > self.begun + timeout:
                written = self.log.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise NotReadyError(f"kdns ended, or was not ready in {timeout:.0f} s; it wrote:\n{written}")
            time.sleep(0.01)
        return time.monotonic() - self.begun


def sum_of(page: str, name: str) -> float:
    """Return the sum of all samples of one name in Prometheus' text format."""
    heads = (f"{name}{{", f"{name} ")
    return sum(float(line.rpartition(" ")[2]) for line in page.splitlines() if line.startswith(heads))


def command() -> list[str] | None:
    """Return the command that runs an API server, None if the environment names none."""
    return shlex.split(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None


@contextlib.contextmanager
def kdns_serving(
    kubeconfig: Path, cpu: int, directory: Path, arguments: Sequence[str] = (), name: str = "kdns"
) -> Iterator[Kdns]:
    """Run kdns against the API server, pinned to a CPU; it may not be ready yet."""
    port, pages = free_tcp_port(), free_tcp_port()
    log = directory / f"{name}.log"
    there = f"127.0.0.1:{pages}"
    line = [sys.executable, "-m", "kdns", "serve", "--kubeconfig", str(kubeconfig), *arguments]
    line += ["--listen", f"127.0.0.1:{port}", "--metrics", there, "--probes", there]
    begun = time.monotonic()
    with running(line, cpu=cpu, log=log) as process:
        yield Kdns(("127.0.0.1", port), f"http://{there}", process, log, begun)


def api_server(folder: Path) -> RealServer:
    """Return the API server of the environment's command, not started yet. Raises LookupError if none."""
    found = command()
    if found is None:
        raise LookupError(f"{VARIABLE} is not set: it names a command that runs an API server")
    return RealServer([*GENTLE, *found], folder)


def has_tool(kubeconfig: Path) -> bool:
    """Tell whether a kubeconfig is that of the environment's command, which has `load` and `churn`."""
    return kubeconfig.with_name("apiserver.pid").exists()


def tool_command(kubeconfig: Path, *arguments: str) -> list[str]:
    """Return the command that runs a subcommand of that API server's binary as its admin."""
    pid = kubeconfig.with_name("apiserver.pid").read_text(encoding="ascii").strip()
    return [f"/proc/{pid}/exe", *arguments, "--kubeconfig", str(kubeconfig)]
