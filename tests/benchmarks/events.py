"""From a write to its answer: how long after the API server's response DNS gives the new answer.

KDNS_TEST_APISERVER=…/run.sh python -m tests.benchmarks.events
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.apiserver.builders import namespace
from tests.apiserver.real import VARIABLE
from tests.benchmarks import dnsperf, kubeapi
from tests.benchmarks.apiserver import api_server, command, has_tool, kdns_serving, tool_command
from tests.benchmarks.changes import KINDS, Change, cycle
from tests.benchmarks.dnsperf import Background
from tests.benchmarks.kubeapi import KubeApi, WriteError
from tests.benchmarks.packets import Question
from tests.benchmarks.probe import Address, wait_until_right
from tests.benchmarks.prober import percentile
from tests.benchmarks.processes import machine_time, running, server_and_load_cpus
from tests.benchmarks.table import render
from tests.benchmarks.waiting import Waiter

KNOWN = Question("kubernetes.default.svc.cluster.local")
"""A Service that every cluster has."""
HEADINGS = ("change", "server", "changes", "median ms", "p90 ms", "p99 ms", "max ms", "late")
ALL = "all changes"
MEDIAN_AIM, P99_AIM = 2.0, 10.0
CHURNED = ("--services", "200", "--pods-per-service", "10", "--namespaces", "10")
"""What `--churn` changes, beside the changes that are timed."""

Delays = dict[tuple[str, str], list[float | None]]
"""Milliseconds by (kind of change, server), None where the answer did not come in 5 s."""


def measure(api: KubeApi, waiters: dict[str, Waiter], options: argparse.Namespace) -> Delays:
    """Make all changes in a namespace of our own, one after the other, and time their answers."""
    where = f"kdns-events-{os.getpid()}"
    kinds = frozenset(options.kinds.split(","))
    delays: Delays = defaultdict(list)
    api.send(kubeapi.create(namespace(where)))
    try:
        for number in range(options.number):
            for change in cycle(where, number, kinds):
                time_change(api, waiters, change, delays)
            if number % 50 == 49:
                note(f"{number + 1} of {options.number} rounds")
    finally:
        with contextlib.suppress(WriteError, OSError):
            api.send(kubeapi.delete("Namespace", name=where))
    return delays


def time_change(api: KubeApi, waiters: dict[str, Waiter], change: Change, delays: Delays) -> None:
    """Make one change and note for each server how long after the response the new answer came."""
    begun = [(name, each, each.begin(change.watched)) for name, each in waiters.items() if change.kind]
    moment = api.send(change.write)
    for name, waiter, has_begun in begun:
        seen = waiter.result() if has_begun else None
        delay = None if seen is None else max(0.0, seen - moment) * 1000
        delays[change.kind, name].append(delay)


def report(delays: Delays, servers: Sequence[str]) -> str:
    """Return the table: a line for each kind of change and server, and one for all changes together."""
    rows: list[Sequence[str]] = []
    for kind in dict.fromkeys(kind for kind, _ in delays):
        rows += (_row(kind, server, delays[kind, server]) for server in servers)
    rows.append(())
    rows += (_row(ALL, server, together(delays, server)) for server in servers)
    return render(HEADINGS, rows)


def together(delays: Delays, server: str) -> list[float | None]:
    """Return the delays of one server, whatever was changed."""
    return [delay for (_, name), each in delays.items() if name == server for delay in each]


def _row(kind: str, server: str, delays: Sequence[float | None]) -> Sequence[str]:
    ordered = sorted(delay for delay in delays if delay is not None)
    figures = (f"{percentile(ordered, share):.2f}" for share in (0.5, 0.9, 0.99, 1.0))
    return (kind, server, str(len(delays)), *figures, str(len(delays) - len(ordered)))


def missed(delays: Delays, server: str) -> list[str]:
    """Say which aims this server misses, over all changes."""
    found = together(delays, server)
    ordered = sorted(delay for delay in found if delay is not None)
    median, p99 = percentile(ordered, 0.5), percentile(ordered, 0.99)
    misses = []
    if not ordered or median > MEDIAN_AIM:
        misses.append(f"{server}: median {median:.2f} ms, the aim is {MEDIAN_AIM:g}")
    if not ordered or p99 > P99_AIM:
        misses.append(f"{server}: p99 {p99:.2f} ms, the aim is {P99_AIM:g}")
    if len(ordered) < len(found):
        misses.append(f"{server}: {len(found) - len(ordered)} answers did not come in 5 s")
    return misses


def peer(text: str) -> tuple[str, Address]:
    """Read NAME=HOST:PORT, a server that somebody else has started. Raises ValueError."""
    name, _, rest = text.partition("=")
    host, _, port = rest.rpartition(":")
    if not name or not host:
        raise ValueError("NAME and HOST are needed")
    return name, (host, int(port))


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="events", description=(__doc__ or "").split("\n")[0])
    add = parser.add_argument
    add("--kubeconfig", type=Path, help=f"a cluster that runs, and its admin (default: run {VARIABLE})")
    add("--number", type=int, default=300, help="how often each change is made (default 300)")
    add("--kinds", default=",".join(KINDS), help="what is changed (default %(default)s)")
    add("--peer", type=peer, action="append", default=[], metavar="NAME=HOST:PORT", help="another server")
    add("--load", type=float, default=0, metavar="QPS", help="queries a second to each server meanwhile")
    add("--churn", type=float, default=0, metavar="RATE", help="other changes a second meanwhile")
    return parser


@contextlib.contextmanager
def load_on(servers: dict[str, Address], qps: float, directory: Path) -> Iterator[dict[str, Background]]:
    """Keep so many queries a second coming to each server; none if that is 0."""
    with contextlib.ExitStack() as stack:
        yield {
            name: stack.enter_context(dnsperf.background(address, [KNOWN], directory, qps=qps))
            for name, address in servers.items()
            if qps
        }


@contextlib.contextmanager
def cluster(options: argparse.Namespace, directory: Path) -> Iterator[Path]:
    """Give the admin's kubeconfig of the given cluster, or of one that is run meanwhile."""
    if options.kubeconfig:
        yield options.kubeconfig
        return
    with api_server(directory / "apiserver") as server:
        yield server.kubeconfig


@contextlib.contextmanager
def churning(kubeconfig: Path, rate: float, directory: Path, cpu: int) -> Iterator[None]:
    """Make so many other changes a second meanwhile; none if that is 0."""
    if not rate:
        yield
        return
    subprocess.run(tool_command(kubeconfig, "load", *CHURNED), check=True, stdout=subprocess.DEVNULL)
    churn = tool_command(kubeconfig, "churn", "--rate", f"{rate:g}", "--seconds", "3600")
    with running(churn, cpu=cpu, log=directory / "churn.log"):
        yield


@contextlib.contextmanager
def waiting(servers: dict[str, Address], cpu: int) -> Iterator[dict[str, Waiter]]:
    """Give a process that asks for each server."""
    with contextlib.ExitStack() as stack:
        yield {
            name: stack.enter_context(contextlib.closing(Waiter(address, cpu)))
            for name, address in servers.items()
        }


def run(options: argparse.Namespace, directory: Path) -> int:
    """Start what is needed, measure, print; return the exit status: 1 if kdns misses an aim."""
    server_cpu, load_cpu = server_and_load_cpus()
    with contextlib.ExitStack() as stack:
        kubeconfig = stack.enter_context(cluster(options, directory))
        os.sched_setaffinity(0, {load_cpu})
        arguments = ("--pods", "verified") if "pod" in options.kinds else ()
        kdns = stack.enter_context(kdns_serving(kubeconfig, server_cpu, directory, arguments))
        kdns.wait_until_ready(60)
        servers = {"kdns": kdns.address, **dict(options.peer)}
        for address in servers.values():
            wait_until_right(address, KNOWN, lambda response: response.answers == 1, timeout=30)
        waiters = stack.enter_context(waiting(servers, load_cpu))
        api = stack.enter_context(contextlib.closing(KubeApi(kubeconfig)))
        before = machine_time(server_cpu)
        with (
            churning(kubeconfig, options.churn, directory, load_cpu),
            load_on(servers, options.load, directory) as loads,
        ):
            delays = measure(api, waiters, options)
        after = machine_time(server_cpu)
    print(report(delays, list(servers)))
    for name, load in loads.items():
        if load.result:
            print(f"{name}: {load.result.completed / load.result.seconds:,.0f} queries/s answered meanwhile")
    stolen = (after.steal - before.steal) / max(after.total - before.total, 1e-9)
    print(f"stolen by other machines: {stolen:.1%} of CPU {server_cpu}")
    misses = missed(delays, "kdns")
    print(*misses, sep="\n")
    return int(bool(misses))


def note(text: str) -> None:
    """Tell the person who waits, on stderr."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Read the command line and run."""
    parser = arguments()
    options = parser.parse_args()
    if unknown := set(options.kinds.split(",")) - set(KINDS):
        parser.error(f"--kinds: {', '.join(sorted(unknown))}")
    if options.kubeconfig is None and command() is None:
        parser.error(f"an API server is needed: set {VARIABLE}, or give --kubeconfig")
    if options.kubeconfig and options.churn and not has_tool(options.kubeconfig):
        parser.error(f"--churn is done by the API server of {VARIABLE}")
    if options.load and not dnsperf.available():
        parser.error("--load needs dnsperf")
    with tempfile.TemporaryDirectory(prefix="kdns-events-") as name:
        return run(options, Path(name))


if __name__ == "__main__":
    sys.exit(main())
