"""The memory and load figure: how long kdns takes to load a large cluster, and what it answers meanwhile.

It is watched from outside: by questions every 5 ms, and by what /proc says of its memory.

    python -m tests.benchmarks.load --edit
"""

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks import plan
from tests.benchmarks.generate import add_size_arguments, size_from, write_cluster
from tests.benchmarks.memory import Memory, Watch, memory, watching
from tests.benchmarks.packets import Question, a_records, read_response
from tests.benchmarks.plan import PlannedService, Size
from tests.benchmarks.probe import NotReadyError
from tests.benchmarks.prober import Prober, Summary, Target, summarise
from tests.benchmarks.processes import cpu_seconds, running, server_and_load_cpus, settle, tree
from tests.benchmarks.servers import kdns_command
from tests.benchmarks.table import render
from tests.beside.programs import free_port

QUIET_SECONDS = 2.0
PHASES = ("phase", "probes", "right", "other", "refused", "unanswered", "p50 ms", "p99 ms", "max ms")


class Landmarks(NamedTuple):
    """The Services that are watched for: the last headless one, and the last one with a ClusterIP."""

    headless: PlannedService
    clustered: PlannedService


class Phase(NamedTuple):
    """A stretch of time with a name; the moments are monotonic seconds."""

    name: str
    begin: float
    end: float


class Step(NamedTuple):
    """A load or a reload: how long it took, what it cost, and the memory when it was over.

    `most_anonymous` is the most at any time in the step, in MiB.
    """

    seconds: float
    cpu: float
    memory: Memory
    most_anonymous: float


class Figures(NamedTuple):
    """What was found: seconds, MiB, and what the probes met. `edit` is None unless one was asked for."""

    load: Step
    edit: Step | None
    phases: tuple[tuple[str, Summary], ...]

    @property
    def most(self) -> float:
        """The most anonymous memory in MiB at any time."""
        return max(step.most_anonymous for step in (self.load, self.edit) if step)


def landmarks(size: Size) -> Landmarks:
    """Return the Services that come last in the file, by kind (special ones if there is no other)."""
    headless, clustered = plan.HEADLESS_10, plan.WEB
    for service in plan.services(size):
        if not service.headless:
            clustered = service
        elif service.endpoints:
            headless = service
    return Landmarks(headless, clustered)


def measure(file: Path, size: Size, options: argparse.Namespace, directory: Path) -> Figures:
    """Start kdns on the file and watch it. Raises NotReadyError if it does not come to answer."""
    marks = landmarks(size)
    port = free_port()
    log = directory / "kdns.log"
    with contextlib.closing(Prober(("127.0.0.1", port), Question(plan.WEB.host))) as prober:
        begin = time.monotonic()
        with running(kdns_command(file, port), cpu=options.server_cpu, log=log) as process:
            with watching(process.pid) as watch:
                loading = _load(prober, marks.headless, begin, options.timeout, log)
                load = _step(process.pid, loading, 0.0, watch)
            phases = [loading, _quiet(prober)]
            edit = None
            if options.edit:
                used = cpu_seconds(tree(process.pid))
                with watching(process.pid) as watch:
                    phases.append(_edit(prober, file, marks.clustered, options.timeout))
                    edit = _step(process.pid, phases[-1], used, watch)
    return Figures(load, edit, tuple((p.name, summarise(prober.probes, p.begin, p.end)) for p in phases))


def _step(pid: int, phase: Phase, used: float, watch: Watch) -> Step:
    """Wait until the process is at rest, and return what the step that ends there has cost."""
    settle(pid)
    return Step(phase.end - phase.begin, cpu_seconds(tree(pid)) - used, memory(pid), watch.worst)


def _load(prober: Prober, last: PlannedService, begin: float, timeout: float, log: Path) -> Phase:
    synced = prober.watch(_has_addresses(last), timeout)
    prober.finish()
    if synced is None:
        written = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise NotReadyError(
            f"after {timeout:.0f} s {last.host} gives {prober.last_target}, not {last.endpoints} answers "
            f"(is the file of these sizes?); kdns wrote:\n{written}"
        )
    return Phase("while loading", begin, synced)


def _quiet(prober: Prober) -> Phase:
    begin = time.monotonic()
    prober.watch_for(QUIET_SECONDS)
    end = time.monotonic()
    prober.finish()
    return Phase("at rest", begin, end)


def _edit(prober: Prober, file: Path, service: PlannedService, timeout: float) -> Phase:
    """Give the Service another ClusterIP, in place of the file, and watch for it from that moment on."""
    replacement = file.with_name(file.name + ".new")
    _copy_edited(file, replacement, service.cluster_ip, plan.UNUSED_CLUSTER_IP)
    begin = time.monotonic()
    replacement.replace(file)
    target = Target(Question(service.host), lambda packet: a_records(packet) == [plan.UNUSED_CLUSTER_IP])
    reached = prober.watch(target, timeout)
    prober.finish()
    if reached is None:
        raise NotReadyError(f"{service.host} has its old address {timeout:.0f} s after the edit")
    return Phase("after the edit", begin, reached)


def _copy_edited(file: Path, copy: Path, old: str, new: str) -> None:
    """Copy the file line by line with one JSON string replaced wherever it stands alone."""
    before, after = f'"{old}"'.encode(), f'"{new}"'.encode()
    with file.open("rb") as source, copy.open("wb") as out:
        out.writelines(line.replace(before, after) for line in source)


def _has_addresses(service: PlannedService) -> Target:
    expected = service.endpoints if service.headless else 1

    def reached(packet: bytes) -> bool:
        response = read_response(packet)
        return response.rcode == "NOERROR" and (response.answers == expected or response.truncated)

    return Target(Question(service.host), reached)


def report(figures: Figures, megabytes: float) -> str:
    """Return the two tables: the figures, and what the probes met in each phase."""
    columns = ("", "load", *(["reload after the edit"] if figures.edit else []))
    steps = [step for step in (figures.load, figures.edit) if step]
    rows = [
        ("file", *(f"{megabytes:.0f} MiB" for _ in steps)),
        ("until the last Service is answered", *(f"{step.seconds:.2f} s" for step in steps)),
        ("CPU time until at rest", *(f"{step.cpu:.2f} s" for step in steps)),
        ("resident at rest (VmRSS)", *(f"{step.memory.resident:.0f} MiB" for step in steps)),
        ("resident at most so far (VmHWM)", *(f"{step.memory.peak:.0f} MiB" for step in steps)),
        ("anonymous at most (RssAnon)", *(f"{step.most_anonymous:.0f} MiB" for step in steps)),
    ]
    phases = ((name, *cells(summary)) for name, summary in figures.phases)
    return render(columns, rows, left=1) + "\n\n" + render(PHASES, phases, left=1)


def cells(summary: Summary) -> Sequence[str]:
    """Return a summary as the cells of a line under `PHASES`."""
    counts, latencies = summary[:5], summary[5:]
    return [*(str(count) for count in counts), *(f"{latency:.2f}" for latency in latencies)]


def cluster_file(size: Size, given: Path | None, directory: Path) -> Path:
    """Return a file to serve: a generated one, or a link to the given one (an edit replaces the link)."""
    file = directory / "cluster.json"
    if given is not None:
        file.symlink_to(given.resolve(strict=True))
    else:
        with file.open("w", encoding="utf-8") as out:
            write_cluster(size, out)
    return file


def main() -> int:
    """Read the command line, measure, print; status 1 if the memory limit is exceeded."""
    parser = argparse.ArgumentParser(prog="load", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--file", type=Path, help="what `generate` wrote for the same sizes (default: anew)")
    parser.add_argument("--edit", action="store_true", help="also change one Service in the file")
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds to wait for the load")
    parser.add_argument("--limit", type=float, default=400.0, help="MiB of RssAnon allowed (default 400)")
    add_size_arguments(parser, Size())
    options = parser.parse_args()
    options.server_cpu, load_cpu = server_and_load_cpus()
    os.sched_setaffinity(0, {load_cpu})
    with tempfile.TemporaryDirectory(prefix="kdns-load-") as name:
        directory = Path(name)
        file = cluster_file(size_from(options), options.file, directory)
        figures = measure(file, size_from(options), options, directory)
        print(report(figures, file.stat().st_size / 2**20))
    if figures.most > options.limit:
        print(f"\nMore than {options.limit:.0f} MiB: {figures.most:.0f} MiB of anonymous memory")
    return int(figures.most > options.limit)


if __name__ == "__main__":
    sys.exit(main())
