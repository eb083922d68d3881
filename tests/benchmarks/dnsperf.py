"""Put load on a server with dnsperf, and read the figures that it prints.

Only the run itself is here: what the server spent on it is measured by the caller.
"""

import contextlib
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.packets import Question
from tests.benchmarks.probe import Address

CLIENTS = 32
OUTSTANDING = 200
FIGURES = {
    "completed": re.compile(r"^\s*Queries completed:\s+(\d+)", re.MULTILINE),
    "lost": re.compile(r"^\s*Queries lost:\s+(\d+)", re.MULTILINE),
    "seconds": re.compile(r"^\s*Run time \(s\):\s+([\d.]+)", re.MULTILINE),
}


class LoadResult(NamedTuple):
    """What a run of load came to. `seconds` is from the first query to the last response."""

    completed: int
    lost: int
    seconds: float


class Limits(NamedTuple):
    """When a run of load ends: after `seconds`, or, if `once`, when each question was asked once."""

    seconds: float
    once: bool = False
    edns: bool = False


def available() -> bool:
    """Whether dnsperf can be run here."""
    return shutil.which("dnsperf") is not None


def run(address: Address, questions: Sequence[Question], limits: Limits, directory: Path) -> LoadResult:
    """Ask the questions in turn until a limit is reached. Raises RuntimeError if dnsperf fails."""
    command = _command(address, questions, directory)
    command += ["-q", str(OUTSTANDING), "-l", f"{limits.seconds:g}"]
    command += ["-n", "1"] * limits.once + ["-e"] * limits.edns
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=limits.seconds + 30,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise RuntimeError(f"dnsperf ended with status {done.returncode}: {done.stderr.strip()[-500:]}")
    return parse(done.stdout)


class Background:
    """A run of load that goes on until its block is left; then `result` is there."""

    result: LoadResult | None = None


@contextlib.contextmanager
def background(
    address: Address, questions: Sequence[Question], directory: Path, *, qps: float = 0, outstanding: int = 20
) -> Iterator[Background]:
    """Ask the questions in turn, at most `qps` a second if that is given, while the block runs."""
    command = [*_command(address, questions, directory), "-q", str(outstanding), "-l", "3600"]
    command += ["-Q", f"{qps:g}"] if qps else []
    load = Background()
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield load
        finally:
            process.send_signal(signal.SIGINT)
            try:
                output, _ = process.communicate(timeout=15)
            finally:
                process.kill()
    load.result = parse(output)


def _command(address: Address, questions: Sequence[Question], directory: Path) -> list[str]:
    """Return what any run has in common; the questions are written where dnsperf reads them."""
    host, port = address
    data = directory / f"questions-{port}.txt"
    data.write_text("".join(f"{q.qname} {q.qtype}\n" for q in questions), encoding="ascii")
    return ["dnsperf", "-s", host, "-p", str(port), "-d", str(data), "-T", "1", "-t", "2", "-c", str(CLIENTS)]


def parse(output: str) -> LoadResult:
    """Read the statistics that dnsperf prints at its end. Raises ValueError where one is missing."""
    found = {}
    for name, pattern in FIGURES.items():
        match = pattern.search(output)
        if match is None:
            raise ValueError(f"dnsperf printed no {name!r}: {output[-300:]!r}")
        found[name] = match[1]
    return LoadResult(int(found["completed"]), int(found["lost"]), float(found["seconds"]))
