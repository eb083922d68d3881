"""The benchmark: queries a second and CPU time a query of kdns, CoreDNS, NSD and a C echo, in one run.

Everything runs on loopback, every server is checked for right answers before it is measured, and rounds
take turns, so that a noisy machine is noisy for all. See README.md on how to read the table.

    python -m tests.benchmarks.compare --seconds 3 --rounds 5
"""

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks import aims, corefile, dnsperf, generator, servers, table
from tests.benchmarks.cases import Case, built_cases, faults, remembered_cases
from tests.benchmarks.corefile import Stage
from tests.benchmarks.dnsperf import Limits, LoadResult
from tests.benchmarks.generate import add_size_arguments, size_from, write_cluster
from tests.benchmarks.measure import Row, Sample, measure, summarise
from tests.benchmarks.plan import Size
from tests.benchmarks.processes import cpu_model, server_and_load_cpus
from tests.benchmarks.servers import ECHO, ECHO_BATCHED, KDNS, NSD, Server
from tests.beside.programs import COREDNS, find_coredns

DEFAULT_SIZE = Size(services=10_000, endpoints=30_000, pods=0)


class Bench(NamedTuple):
    """What every step of the run needs: the options, a temporary directory, the servers' CPU, the files.

    `stage` is where the servers of a Corefile are started, None if there is none.
    """

    options: argparse.Namespace
    directory: Path
    cpu: int
    cluster: Path
    size: Size
    stage: Stage | None = None

    def has_edns(self, case: Case) -> bool:
        """Whether the queries of a case have an OPT record."""
        return case.edns or bool(self.options.edns)

    def load(self, server: Server, case: Case, *, once: bool = False) -> LoadResult:
        """Put one round of load on the server, by dnsperf if it is here."""
        seconds = 60.0 if once else self.options.seconds
        limits = Limits(seconds, once, self.has_edns(case))
        if self.options.load == "dnsperf":
            return dnsperf.run(server.address, case.questions, limits, self.directory)
        return generator.run(server.address, case.questions, limits)

    def sample(self, server: Server, case: Case, *, once: bool = False) -> Sample:
        """Measure one round."""
        return measure(server.pid, self.cpu, lambda: self.load(server, case, once=once))


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="compare", description=(__doc__ or "").split("\n")[0])
    add = parser.add_argument
    add("--seconds", type=float, default=3.0, help="length of a round (default 3)")
    add("--rounds", type=int, default=5, help="rounds for each case and server (default 5)")
    add(
        "--servers",
        default=f"{KDNS},{NSD},{ECHO},{ECHO_BATCHED}",
        help="which to start (default %(default)s)",
    )
    add("--cases", default="", help="only cases whose name contains one of these words (comma-separated)")
    add("--peer", action="append", default=[], metavar="NAME=HOST:PORT:PID", help="a server you have started")
    add("--zone-file", type=Path, help="the zone for NSD (default: what `kdns export` prints)")
    add(
        "--corefile",
        type=Path,
        nargs="?",
        const=corefile.DEFAULT,
        metavar="FILE",
        help=f"also start `{corefile.KDNS}` and {corefile.COREDNS} with this Corefile (default: kubeadm's)",
    )
    add(
        "--coredns",
        type=Path,
        default=find_coredns(),
        metavar="PATH",
        help=f"its binary (default: what {COREDNS} names, or the `coredns` on the PATH)",
    )
    add("--autopath", action="store_true", help="with kubeadm's Corefile, also measure it with `autopath`")
    add("--edns", action="store_true", help="send an OPT record always (dnsperf -e)")
    add("--load", choices=("dnsperf", "own"), help="what sends the queries (default: dnsperf if it is here)")
    add("--json", type=Path, metavar="FILE", help="also write every round to FILE")
    add_size_arguments(parser, DEFAULT_SIZE)
    return parser


def start(bench: Bench, stack: contextlib.ExitStack) -> list[Server]:
    """Start the chosen servers, in the order of the table, and add the peers. Says what is left out."""
    chosen = bench.options.servers.split(",")
    found: list[Server] = []
    if KDNS in chosen:
        kdns = stack.enter_context(servers.start_kdns(bench.cluster, bench.cpu, bench.directory))
        found += [kdns, servers.stand_in(kdns)] if bench.stage else [kdns]
    found += map(stack.enter_context, with_corefile(bench))
    if NSD in chosen and servers.nsd_path() is None:
        note("NSD is not installed (Debian: apt-get install nsd): left out, so there are no ratios")
    elif NSD in chosen:
        zonefile = bench.options.zone_file or bench.directory / "cluster.zone"
        if bench.options.zone_file is None:
            servers.export_zone(bench.cluster, zonefile)
        found.append(stack.enter_context(servers.start_nsd(zonefile.resolve(), bench.cpu, bench.directory)))
    echoes = (name for name in (ECHO, ECHO_BATCHED) if name in chosen)
    found += [stack.enter_context(servers.start_echo(n, bench.cpu, bench.directory)) for n in echoes]
    return found + [check_peer(servers.peer(text), bench.cpu) for text in bench.options.peer]


def with_corefile(bench: Bench) -> Iterator[contextlib.AbstractContextManager[Server]]:
    """Yield the servers of a Corefile, if there is one."""
    if bench.stage is None:
        return
    yield bench.stage.start_kdns()
    if bench.options.autopath:
        yield bench.stage.start_kdns(corefile.AUTOPATH)
    if bench.options.coredns:
        yield bench.stage.start_coredns(bench.options.coredns)
    else:
        note(f"no `coredns` on the PATH, and neither --coredns nor {COREDNS} names it: left out")


def check_peer(server: Server, cpu: int) -> Server:
    """Return the peer; says so if it runs on other CPUs than the servers started here."""
    if os.sched_getaffinity(server.pid) != {cpu}:
        note(f"{server.name} is not pinned to CPU {cpu}: start it with `taskset -c {cpu}` to compare it")
    return server


def remembered(bench: Bench, running: Sequence[Server]) -> Iterator[Row]:
    """Measure each case on all servers in turn, round after round; yield a row for each pair."""
    for case in chosen(bench, remembered_cases(bench.size)):
        asked = [s for s in running if case.realm in s.realms]
        fault = {s.name: "; ".join(check(bench, s, case)) for s in asked}
        sound = [s for s in asked if not fault[s.name]]
        samples: dict[str, list[Sample]] = {s.name: [] for s in sound}
        for index in range(bench.options.rounds):
            note(f"{case.name}: round {index + 1} of {bench.options.rounds}")
            for server in sound:
                samples[server.name].append(bench.sample(server, servers.as_asked(server, case)))
        for server in asked:
            if server in sound:
                yield summarise(case.name, server.name, samples[server.name])
            else:
                yield Row(case.name, server.name, fault=fault[server.name])


def check(bench: Bench, server: Server, case: Case) -> list[str]:
    """Ask everything in the case once, which also makes the server remember it; say what is wrong."""
    asked = servers.as_asked(server, case)
    return faults(server.address, asked, edns=bench.has_edns(asked))


def built(bench: Bench, running: Sequence[Server]) -> Iterator[Row]:
    """Measure kdns on names that it has never been asked, with a fresh process for each round."""
    starts = {KDNS: lambda: servers.start_kdns(bench.cluster, bench.cpu, bench.directory)}
    if bench.stage:
        starts[corefile.KDNS] = bench.stage.start_kdns
    asked = [server for server in running if server.name in starts]
    cases = chosen(bench, built_cases(bench.size))
    fault = {(c.name, s.name): "; ".join(check(bench, s, c)) for c in cases for s in asked}
    samples: dict[tuple[str, str], list[Sample]] = {pair: [] for pair in fault}
    for index in range(bench.options.rounds if cases else 0):
        note(f"built: round {index + 1} of {bench.options.rounds}")
        for server in asked:
            with starts[server.name]() as fresh:
                for case in cases:
                    if not fault[case.name, server.name]:
                        samples[case.name, server.name].append(bench.sample(fresh, case, once=True))
    for pair, wrong in fault.items():
        yield Row(*pair, fault=wrong) if wrong else summarise(*pair, samples[pair])


def chosen(bench: Bench, cases: list[Case]) -> list[Case]:
    """Return the cases that --cases asks for; all by default."""
    words = [word for word in bench.options.cases.split(",") if word]
    return [case for case in cases if not words or any(word in case.name for word in words)]


def note(text: str) -> None:
    """Tell the person who waits, on stderr, so that the table alone is on stdout."""
    print(text, file=sys.stderr, flush=True)


def report(options: argparse.Namespace, rows: Sequence[Row], cpus: tuple[int, int]) -> int:
    """Print table and warnings, write the JSON; return the exit status: 1 if a server was wrong."""
    machine = {"cores": os.cpu_count(), "model": cpu_model(), "server_cpu": cpus[0], "load_cpu": cpus[1]}
    print(
        f"{machine['cores']} cores, {machine['model']}; servers on CPU {cpus[0]}, load ({options.load}) "
        f"on CPU {cpus[1]}; {options.rounds} rounds of {options.seconds:g} s, EDNS "
        f"{'on' if options.edns else 'off'}; medians\n"
    )
    print(table.comparison(rows, NSD))
    if options.corefile:
        print("\n" + aims.report(remembered_cases(size_from(options)), rows))
    found = table.warnings(rows)
    if cpus[0] == cpus[1]:
        found.insert(0, "one CPU only: servers and load compete for it, qps means little")
    if found:
        print("\nWarnings:\n" + "\n".join(f"  {line}" for line in found))
    if options.json:
        machine |= {"load": options.load, "seconds": options.seconds, "edns": options.edns}
        options.json.write_text(table.as_json(machine, rows, NSD) + "\n", encoding="utf-8")
    return int(any(row.fault for row in rows))


def main() -> int:
    """Read the command line, run everything, print the table."""
    parser = arguments()
    options = parser.parse_args()
    options.load = options.load or ("dnsperf" if dnsperf.available() else "own")
    cpus = server_and_load_cpus()
    os.sched_setaffinity(0, {cpus[1]})
    with tempfile.TemporaryDirectory(prefix="kdns-bench-") as name, contextlib.ExitStack() as stack:
        directory, size = Path(name), size_from(options)
        stage = options.corefile and stack.enter_context(
            corefile.stage(options.corefile, size, cpus[0], directory)
        )
        bench = Bench(options, directory, cpus[0], directory / "cluster.json", size, stage)
        with bench.cluster.open("w", encoding="utf-8") as out:
            write_cluster(bench.size, out)
        running = start(bench, stack)
        rows = [*remembered(bench, running), *built(bench, running)]
    return report(options, rows, cpus)


if __name__ == "__main__":
    sys.exit(main())
