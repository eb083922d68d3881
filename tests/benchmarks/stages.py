"""The stages of the scale measurement: each does one thing to a kdns and notes what it finds in a Column.

All queries come from a Prober in this thread; what is done meanwhile runs in another one.
"""

import argparse
import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from tests.apiserver.real import RealServer
from tests.benchmarks import dnsperf
from tests.benchmarks.apiserver import Kdns, kdns_serving
from tests.benchmarks.largecluster import PAGED, Wanted, lists_ended, restart, wait_for_lists
from tests.benchmarks.memory import forget_peak, memory, watching
from tests.benchmarks.packets import Question
from tests.benchmarks.probe import wait_until_right
from tests.benchmarks.prober import Prober, Summary, Target, summarise
from tests.benchmarks.processes import cpu_seconds, settle, tree
from tests.benchmarks.saves import Saves

OUTSTANDING = 200
KNOWN = Question("kubernetes.default.svc.cluster.local")
NEVER = Target(KNOWN, lambda _: False)
RESIDENT_AIM, RATIO_AIM = 240.0, 1.3
WAYS: dict[str, tuple[str, ...]] = {"streamed": (), "paged": PAGED}
"""How a relist comes, and the API server's flags that make it so."""
QUIET_SECONDS = 5.0
SAVING_SECONDS = 22.0
"""Long enough for two snapshots, which are ten seconds apart."""
PATIENCE = 180.0


class Setting(NamedTuple):
    """A column of the table: how kdns is started, and how many resources it lists."""

    name: str
    arguments: tuple[str, ...]
    lists: int
    resident_aim: float | None = None


SETTINGS = (
    Setting("without Pods", (), 3, RESIDENT_AIM),
    Setting("--pods verified", ("--pods", "verified"), 4),
)


class Column:
    """What was found in one setting: figures by their name, what the probes met by phase, aims missed."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.figures: dict[str, str] = {}
        self.phases: list[tuple[str, Summary]] = []
        self.misses: list[str] = []

    def miss(self, what: str) -> None:
        """Note an aim that is missed."""
        self.misses.append(f"{self.setting.name}: {what}")


class Bench(NamedTuple):
    """What all stages need; `others` runs what is done while the probes go on."""

    server: RealServer
    wanted: Wanted
    directory: Path
    cpu: int
    options: argparse.Namespace
    others: ThreadPoolExecutor

    def kdns(self, setting: Setting, name: str, *more: str) -> contextlib.AbstractContextManager[Kdns]:
        """Run kdns as this setting says; `name` is that of its log."""
        arguments = (*setting.arguments, *more)
        return kdns_serving(self.server.kubeconfig, self.cpu, self.directory, arguments, name)


@contextlib.contextmanager
def probing(column: Column, prober: Prober, phase: str) -> Iterator[Callable[[Future[Any]], None]]:
    """Note what the probes meet in a phase. The block is given what probes until a future is done."""
    begin = time.monotonic()

    def until(future: Future[Any]) -> None:
        while not future.done():
            prober.watch(NEVER, 0.1)
        future.result()

    yield until
    end = time.monotonic()
    prober.finish()
    column.phases.append((phase, summarise(prober.probes, begin, end)))


def cpu_of(kdns: Kdns) -> float:
    """Return the CPU seconds that kdns has used."""
    return cpu_seconds(tree(kdns.process.pid))


def sync(bench: Bench, column: Column, kdns: Kdns, prober: Prober) -> None:
    """From the start of the process to readiness, and the memory once it is at rest."""
    ready = bench.others.submit(kdns.wait_until_ready, PATIENCE)
    with probing(column, prober, "sync") as until:
        until(ready)
    settle(kdns.process.pid)
    held = memory(kdns.process.pid)
    column.figures |= {
        "ready after": f"{ready.result():.2f} s",
        "CPU time until at rest": f"{cpu_of(kdns):.2f} s",
        "resident at rest (VmRSS)": f"{held.resident:.0f} MiB",
        "resident at most (VmHWM)": f"{held.peak:.0f} MiB",
        "anonymous at rest (RssAnon)": f"{held.anonymous:.0f} MiB",
    }
    aim = column.setting.resident_aim
    if aim and held.resident > aim:
        column.miss(f"{held.resident:.0f} MiB resident, the aim is {aim:.0f}")


def churn(bench: Bench, column: Column, kdns: Kdns, prober: Prober) -> None:
    """What an event costs, and what queries meet while many come; the probes' own cost is taken off."""
    used = cpu_of(kdns)
    with probing(column, prober, "at rest"):
        prober.watch_for(QUIET_SECONDS)
    idle = (cpu_of(kdns) - used) / QUIET_SECONDS
    events, used, begin = kdns.metric("kdns_kubernetes_events_total"), cpu_of(kdns), time.monotonic()
    with probing(column, prober, f"{bench.options.rate:g} changes a second") as until:
        until(bench.others.submit(run_churn, bench, bench.options.seconds))
    spent = cpu_of(kdns) - used - idle * (time.monotonic() - begin)
    events = kdns.metric("kdns_kubernetes_events_total") - events
    column.figures["CPU time per event"] = f"{spent / max(events, 1) * 1e6:.0f} µs"
    column.figures["events"] = f"{events:.0f}"


def run_churn(bench: Bench, seconds: float) -> None:
    """Have the API server's tool change objects."""
    bench.server.run_tool("churn", "--rate", f"{bench.options.rate:g}", "--seconds", f"{seconds:g}")


def relist(bench: Bench, column: Column, kdns: Kdns, prober: Prober, way: str) -> None:
    """Restart the API server so that all versions are lost; watch memory and queries until all is listed."""
    pid, number = kdns.process.pid, lists_ended(kdns.log) + column.setting.lists
    before, used = memory(pid), cpu_of(kdns)
    forget_peak(pid)

    def run() -> None:
        restart(bench.server, WAYS[way])
        wait_for_lists(kdns.log, number, PATIENCE)

    with watching(pid) as watch, probing(column, prober, f"{way} relist") as until:
        until(bench.others.submit(run))
    settle(pid)
    after = memory(pid)
    ratio = after.peak / before.resident
    column.figures |= {
        f"{way} relist: CPU time": f"{cpu_of(kdns) - used:.2f} s",
        f"{way} relist: VmHWM / VmRSS before": f"{after.peak:.0f} / {before.resident:.0f} = {ratio:.2f}",
        f"{way} relist: RssAnon most, after": f"{watch.worst:.0f}, {after.anonymous:.0f} MiB",
    }
    if ratio > RATIO_AIM:
        column.miss(f"{way} relist: peak {ratio:.2f} times the steady state, the aim is {RATIO_AIM:g}")


def loaded_sync(bench: Bench, column: Column) -> None:
    """Start once more, while as many queries come as are answered."""
    with bench.kdns(column.setting, "kdns-loaded") as kdns:
        wait_until_right(kdns.address, KNOWN, lambda _: True, process=kdns.process)
        with dnsperf.background(kdns.address, [KNOWN], bench.directory, outstanding=OUTSTANDING) as load:
            ready = kdns.wait_until_ready(PATIENCE)
    if load.result:
        qps = load.result.completed / load.result.seconds
        column.figures["under load: ready after"] = f"{ready:.2f} s"
        column.figures["under load: answers a second until then"] = f"{qps:,.0f}"
        column.figures["under load: queries lost"] = str(load.result.lost)


def snapshot(bench: Bench, column: Column) -> None:
    """How large a snapshot is, how long it is being written, what queries meet meanwhile."""
    folder = bench.directory / f"state-{column.setting.lists}"
    folder.mkdir()
    saves = Saves(folder)
    with (
        bench.kdns(column.setting, "kdns-saving", "--state-dir", str(folder)) as kdns,
        saves.watched(),
        contextlib.closing(Prober(kdns.address, KNOWN)) as prober,
    ):
        kdns.wait_until_ready(PATIENCE)
        ready = time.monotonic()
        with probing(column, prober, "saving, and changes") as until:
            until(bench.others.submit(run_churn, bench, SAVING_SECONDS))
        size = (folder / "cluster.snapshot").stat().st_size
    column.figures |= {
        "snapshot: whole after readiness": f"{saves.first - ready:.2f} s" if saves.first else "never",
        "snapshot: being written for": ", ".join(f"{end - begin:.2f} s" for begin, end in saves.spans),
        "snapshot: size": f"{size / 2**20:.1f} MiB",
    }
    restored(bench, column, folder)


def restored(bench: Bench, column: Column, folder: Path) -> None:
    """Start from the snapshot while the API server does not answer."""
    last = Question(bench.wanted.last)
    bench.server.pause()
    try:
        with bench.kdns(column.setting, "kdns-restored", "--state-dir", str(folder)) as kdns:
            wait_until_right(kdns.address, last, lambda r: r.answers > 0, process=kdns.process)
            took = time.monotonic() - kdns.begun
            held = memory(kdns.process.pid)
    finally:
        bench.server.resume()
    column.figures |= {
        "from the snapshot: right answer after": f"{took:.2f} s",
        "from the snapshot: VmRSS, VmHWM": f"{held.resident:.0f}, {held.peak:.0f} MiB",
    }
