"""The load where dnsperf is missing: a closed loop of queries over a few UDP sockets, in plain Python.

It may be slower than the server that it loads: the CPU time a query is to be trusted, qps is not.
"""

import selectors
import time
from collections.abc import Iterator, Sequence
from itertools import cycle

from tests.benchmarks.dnsperf import Limits, LoadResult
from tests.benchmarks.packets import Question, build_query
from tests.benchmarks.probe import Address, udp_socket

SOCKETS = 8
WINDOW = 19
"""Outstanding queries on each: 152 in all surely fit into the buffer of the server's socket."""
STALL = 0.5
"""Seconds without any response after which all that is outstanding counts as lost."""


class _Flow:
    """One socket and how many of its queries are outstanding."""

    def __init__(self, address: Address) -> None:
        self.socket = udp_socket(address)
        self.socket.setblocking(False)
        self.outstanding = 0
        self._next_id = 0

    def fill(self, bodies: Iterator[bytes], window: int) -> None:
        """Send until `window` queries are outstanding, the kernel takes no more, or all have been sent."""
        while self.outstanding < window and (body := next(bodies, None)) is not None:
            self._next_id = (self._next_id + 1) & 0xFFFF
            try:
                self.socket.send(self._next_id.to_bytes(2, "big") + body)
            except (BlockingIOError, ConnectionRefusedError):
                return
            self.outstanding += 1

    def drain(self) -> int:
        """Return how many responses were waiting."""
        count = 0
        try:
            while self.outstanding > count:
                self.socket.recv(65535)
                count += 1
        except (BlockingIOError, ConnectionRefusedError):
            pass  # nothing more waits, or nobody listens: the outstanding ones will count as lost
        self.outstanding -= count
        return count


def run(address: Address, questions: Sequence[Question], limits: Limits) -> LoadResult:
    """Ask the questions in turn until a limit is reached."""
    packets = [build_query(question, 0, edns=limits.edns)[2:] for question in questions]
    bodies = iter(packets) if limits.once else cycle(packets)
    flows = [_Flow(address) for _ in range(SOCKETS)]
    with selectors.DefaultSelector() as selector:
        for flow in flows:
            selector.register(flow.socket, selectors.EVENT_READ, flow)
        try:
            return _drive(selector, flows, bodies, limits.seconds)
        finally:
            for flow in flows:
                flow.socket.close()


def _drive(
    selector: selectors.BaseSelector, flows: list[_Flow], bodies: Iterator[bytes], seconds: float
) -> LoadResult:
    """Send and receive until the time is over or nothing is left to send or to wait for."""
    completed = lost = 0
    begin = last = time.perf_counter()
    for flow in flows:
        flow.fill(bodies, WINDOW)
    while any(flow.outstanding for flow in flows):
        ready = selector.select(STALL)
        last = time.perf_counter() if ready else last
        sending: Iterator[bytes] = bodies if time.perf_counter() - begin < seconds else iter(())
        if not ready:
            lost += sum(flow.outstanding for flow in flows)
            for flow in flows:
                flow.outstanding = 0
        for flow in [key.data for key, _ in ready] or flows:
            completed += flow.drain()
            flow.fill(sending, WINDOW)
    return LoadResult(completed, lost, last - begin)
