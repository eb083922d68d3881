"""How much memory a process tree holds, now and at its worst, as /proc tells it.

Pages of a mapped file count as resident but can be taken back at any time; anonymous ones cannot, and they
are what a container is killed for. So both are looked at.
"""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.processes import tree

SAMPLE_EVERY = 0.02


class Memory(NamedTuple):
    """MiB of a process tree: resident and anonymous now, and the sum of each member's resident maximum."""

    resident: float = 0.0
    anonymous: float = 0.0
    peak: float = 0.0


def memory(root: int) -> Memory:
    """Return VmRSS, RssAnon and VmHWM of the process tree (zero if it is gone)."""
    return _sum(tree(root))


def forget_peak(pid: int) -> None:
    """Have the process's resident maximum begin anew, from what it holds now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def _sum(pids: list[int]) -> Memory:
    totals = {"VmRSS": 0, "RssAnon": 0, "VmHWM": 0}
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
                key, _, value = line.partition(":")
                if key in totals:
                    totals[key] += int(value.split()[0])
    return Memory(*(kib / 1024 for kib in totals.values()))


class Watch:
    """The most anonymous memory in MiB that was seen of a process and its children."""

    def __init__(self) -> None:
        self.worst = 0.0

    def look(self, pids: list[int]) -> None:
        """Take one more sample."""
        self.worst = max(self.worst, _sum(pids).anonymous)


@contextlib.contextmanager
def watching(root: int) -> Iterator[Watch]:
    """Sample the process tree every 20 ms in a thread of its own, until the block is left."""
    watch, over = Watch(), threading.Event()

    def sample() -> None:
        rounds = 0
        pids = [root]
        while not over.wait(SAMPLE_EVERY):
            if rounds % 10 == 0:
                pids = tree(root)
            rounds += 1
            watch.look(pids)

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()
