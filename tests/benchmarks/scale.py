"""kdns beside a real API server with a large cluster: time to be ready, memory, relists, changes, restarts.

KDNS_TEST_APISERVER=…/run.sh python -m tests.benchmarks.scale --state /tmp/large
"""

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.apiserver.real import VARIABLE
from tests.benchmarks import dnsperf, stages
from tests.benchmarks.apiserver import api_server, command
from tests.benchmarks.largecluster import Wanted, fill, restart
from tests.benchmarks.load import PHASES, cells
from tests.benchmarks.prober import Prober
from tests.benchmarks.processes import server_and_load_cpus
from tests.benchmarks.stages import Bench, Column, Setting
from tests.benchmarks.table import render


def measure(bench: Bench, setting: Setting) -> Column:
    """Take all measurements in one setting."""
    column = Column(setting)
    note(f"{setting.name}: sync, changes, relists")
    with (
        bench.kdns(setting, f"kdns-{setting.lists}") as kdns,
        contextlib.closing(Prober(kdns.address, stages.KNOWN)) as prober,
    ):
        stages.sync(bench, column, kdns, prober)
        stages.churn(bench, column, kdns, prober)
        for way in stages.WAYS:
            stages.relist(bench, column, kdns, prober, way)
    restart(bench.server, ())
    if dnsperf.available():
        note(f"{setting.name}: sync under load")
        stages.loaded_sync(bench, column)
    note(f"{setting.name}: snapshot")
    stages.snapshot(bench, column)
    return column


def report(columns: Sequence[Column]) -> str:
    """Return the two tables: the figures, and what the probes met in each phase."""
    names = dict.fromkeys(name for column in columns for name in column.figures)
    rows = [(name, *(column.figures.get(name, "–") for column in columns)) for name in names]
    figures = render(("", *(column.setting.name for column in columns)), rows, left=1)
    met = [
        (f"{column.setting.name}: {phase}", *cells(summary))
        for column in columns
        for phase, summary in column.phases
    ]
    return figures + "\n\n" + render(PHASES, met, left=1)


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="scale", description=(__doc__ or "").split("\n")[0])
    add = parser.add_argument
    add("--state", type=Path, metavar="DIR", help="keep the cluster there, and use it if it is there already")
    add("--services", type=int, default=10_000)
    add("--endpoints-per-service", type=int, default=10)
    add("--pods", type=int, default=50_000, help="at most so many (default 50000)")
    add("--namespaces", type=int, default=200)
    add("--rate", type=float, default=200, help="changes a second (default 200)")
    add("--seconds", type=float, default=20, help="how long there are changes (default 20)")
    return parser


def run(options: argparse.Namespace, directory: Path) -> int:
    """Start the API server, fill it, measure, print; return the exit status: 1 if an aim is missed."""
    server_cpu, load_cpu = server_and_load_cpus()
    os.sched_setaffinity(0, {load_cpu})
    wanted = Wanted(options.services, options.endpoints_per_service, options.pods, options.namespaces)
    with api_server(options.state or directory / "apiserver") as server, ThreadPoolExecutor(1) as others:
        note("making what is missing of the cluster: minutes, the first time")
        counts = fill(server, wanted)
        bench = Bench(server, wanted, directory, server_cpu, options, others)
        columns = [measure(bench, setting) for setting in stages.SETTINGS]
    there = (f"{count:,} {name}" for name, count in counts._asdict().items())
    print(f"{', '.join(there)}; kdns on CPU {server_cpu}, all else on CPU {load_cpu}\n")
    print(report(columns))
    misses = [miss for column in columns for miss in column.misses]
    print(*misses, sep="\n")
    return int(bool(misses))


def note(text: str) -> None:
    """Tell the person who waits, on stderr."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Read the command line and run."""
    parser = arguments()
    options = parser.parse_args()
    if command() is None:
        parser.error(f"{VARIABLE} is not set: it names a command that runs an API server")
    with tempfile.TemporaryDirectory(prefix="kdns-scale-") as name:
        return run(options, Path(name))


if __name__ == "__main__":
    sys.exit(main())
