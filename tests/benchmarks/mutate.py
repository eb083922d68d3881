"""Send a running server damaged packets by the ten thousand, and see whether it still answers, and how.

Seeded, bounded in rate, and usable as a library: `run` sends, its Summary says what came of it.

    python -m tests.benchmarks.mutate --udp 100000 --tcp 2000 127.0.0.1:1053
"""

import argparse
import sys
from random import Random

from tests.benchmarks.mutated_tcp import send_tcp
from tests.benchmarks.mutated_udp import send_udp
from tests.benchmarks.packets import QTYPES, Question
from tests.benchmarks.table import render
from tests.benchmarks.verdict import Control, Summary

CONTROL = Question("kubernetes.default.svc.cluster.local")


def run(
    host: str,
    port: int,
    *,
    udp: int = 100_000,
    tcp: int = 2_000,
    seed: int = 1,
    rate: float = 20_000,
    control: Question = CONTROL,
) -> Summary:
    """Send `udp` packets and `tcp` messages, `rate` a second at most, and return what came of them.

    Raises OSError if the server does not even answer the control query before it all begins. Ends early
    after so many faults that more would tell nothing.
    """
    summary = Summary()
    draw = Random(seed)
    checked = Control((host, port), control, summary)
    send_udp(checked, udp, draw, rate)
    send_tcp(checked, tcp, draw, rate)
    checked.ask()
    return summary


def report(summary: Summary) -> str:
    """Return the summary as text: a table, then the faults, a line each."""
    rows = [
        ("packets over UDP", f"{summary.udp:,}"),
        ("messages over TCP", f"{summary.tcp:,}"),
        ("responses", f"{summary.responses:,}"),
        *((f"  {rcode}", f"{count:,}") for rcode, count in summary.rcodes.most_common()),
        ("connections that the server reset", f"{summary.resets:,}"),
        ("control queries", f"{summary.controls:,}"),
        ("longest control query", f"{summary.worst_control * 1000:.1f} ms"),
        ("faults", f"{len(summary.faults)}{' or more' if summary.stopped else ''}"),
    ]
    return "\n".join([render(("what", "count"), rows, left=1), *summary.faults])


def main() -> int:
    """Read the command line, send, print; status 1 if there were faults."""
    parser = argparse.ArgumentParser(prog="mutate", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("server", metavar="HOST:PORT")
    parser.add_argument("--udp", type=int, default=100_000, help="packets over UDP (default 100,000)")
    parser.add_argument("--tcp", type=int, default=2_000, help="messages over TCP (default 2,000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=20_000, help="packets a second at most")
    parser.add_argument("--control", default=CONTROL.qname, metavar="NAME", help="what is asked in between")
    parser.add_argument("--control-type", default="A", choices=sorted(QTYPES))
    options = parser.parse_args()
    host, _, port = options.server.rpartition(":")
    control = Question(options.control, options.control_type)
    summary = run(
        host,
        int(port),
        udp=options.udp,
        tcp=options.tcp,
        seed=options.seed,
        rate=options.rate,
        control=control,
    )
    print(report(summary))
    return int(not summary.ok)


if __name__ == "__main__":
    sys.exit(main())
