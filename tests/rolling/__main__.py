"""Prints what a rolling restart costs: `python -m tests.rolling [--coredns PATH] [--lameduck 5s] …`."""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.rolling import pods
from tests.rolling.conftest import NAMES, running
from tests.rolling.load import CLIENTS
from tests.rolling.plane import Timing

HOSTS = "hosts {\n       10.96.10.10 nginx-service.default.svc.cluster.local\n       fallthrough\n    }"
"""For a server that reads no manifests."""


async def restart(words: argparse.Namespace, folder: Path) -> None:
    """Restart each Pod in turn under load, and print the tally."""
    timing = Timing(words.delay, words.period, words.failures, not words.forgets_terminating)
    command = pods.kdns
    if words.coredns:

        def command(path: Path) -> Sequence[str]:
            return [words.coredns, "-conf", str(path)]

    text = pods.corefile(words.lameduck, HOSTS if words.coredns else pods.KUBERNETES)
    async with running(folder, text, timing, command) as cluster:
        async with cluster.load.running(*CLIENTS) as tally:
            await asyncio.sleep(1)
            for name in NAMES:
                if words.crash:
                    await cluster.plane.crash(name)
                else:
                    print(name, "ended with", await cluster.plane.end(name))
                    await cluster.plane.settled(name)
                await cluster.plane.begin(name)
            await asyncio.sleep(1)
        print(*tally.lines(cluster.network.flushes), sep="\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.rolling", description=__doc__)
    parser.add_argument("--coredns", metavar="PATH", help="run this instead of kdns")
    parser.add_argument("--lameduck", default="5s")
    parser.add_argument("--delay", type=float, default=0.5, help="seconds until rules follow an endpoint")
    parser.add_argument("--period", type=float, default=0.5, help="the readiness probe's, in seconds")
    parser.add_argument("--failures", type=int, default=1, help="the readiness probe's failureThreshold")
    parser.add_argument("--forgets-terminating", action="store_true", help="as kube-proxy did before 1.32")
    parser.add_argument("--crash", action="store_true", help="kill instead of ending in order")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(restart(parser.parse_args(), Path(folder)))


if __name__ == "__main__":
    main()
