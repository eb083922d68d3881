"""One round of load on one server: queries a second, the server's CPU time, and how quiet the machine was.

Takes the load as a function, so that it does not matter what produced it; keeps nothing between rounds.
"""

import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple, TypeAlias

from tests.benchmarks.dnsperf import LoadResult
from tests.benchmarks.processes import cpu_seconds, machine_time, tree

Load: TypeAlias = Callable[[], LoadResult]


class Sample(NamedTuple):
    """One round. `steal` and `others` are shares (0 to 1) of the server's CPU while it lasted.

    `lost_share` is that of the queries without a response in time. `steal` went to other virtual machines,
    `others` to processes on this one that are not the server.
    """

    qps: float
    cpu_us: float
    lost_share: float
    steal: float
    others: float


class Row(NamedTuple):
    """A line of the table: the medians of all rounds of one case on one server.

    `fault` says why it was not measured; then the figures are None.
    """

    case: str
    server: str
    qps: float | None = None
    cpu_us: float | None = None
    samples: tuple[Sample, ...] = ()
    fault: str = ""


def measure(pid: int, cpu: int, load: Load) -> Sample:
    """Run `load` and say what the process tree of `pid`, which runs on `cpu`, spent on each answer.

    Raises RuntimeError if not one answer came.
    """
    pids = tree(pid)
    before, used = machine_time(cpu), cpu_seconds(pids)
    result = load()
    time.sleep(0.05)  # the kernel may still charge the last tick
    after, spent = machine_time(cpu), cpu_seconds(pids) - used
    if not result.completed:
        raise RuntimeError("the server answered nothing")
    total = max(after.total - before.total, 1e-9)
    return Sample(
        qps=result.completed / max(result.seconds, 1e-9),
        cpu_us=spent / result.completed * 1e6,
        lost_share=result.lost / (result.completed + result.lost),
        steal=(after.steal - before.steal) / total,
        others=max(0.0, after.busy - before.busy - spent) / total,
    )


def summarise(case: str, server: str, samples: list[Sample]) -> Row:
    """Return the row of the medians. Raises StatisticsError without a sample."""
    return Row(
        case,
        server,
        qps=median(sample.qps for sample in samples),
        cpu_us=median(sample.cpu_us for sample in samples),
        samples=tuple(samples),
    )
