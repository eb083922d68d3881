"""Put load on a server with dnsperf, and read the figures that it prints.

Only the run itself is here: what the server spent on it is measured by the caller.
"""

import re
import shutil
import subprocess
from collections.abc import Sequence
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
    data = directory / "questions.txt"
    data.write_text("".join(f"{q.qname} {q.qtype}\n" for q in questions), encoding="ascii")
    host, port = address
    command = ["dnsperf", "-s", host, "-p", str(port), "-d", str(data), "-T", "1", "-t", "2"]
    command += ["-c", str(CLIENTS), "-q", str(OUTSTANDING), "-l", f"{limits.seconds:g}"]
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


def parse(output: str) -> LoadResult:
    """Read the statistics that dnsperf prints at its end. Raises ValueError where one is missing."""
    found = {}
    for name, pattern in FIGURES.items():
        match = pattern.search(output)
        if match is None:
            raise ValueError(f"dnsperf printed no {name!r}: {output[-300:]!r}")
        found[name] = match[1]
    return LoadResult(int(found["completed"]), int(found["lost"]), float(found["seconds"]))
