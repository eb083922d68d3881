"""Ask a server two questions at a steady pace and note what comes back and when.

Made for servers that are busy or not there yet: nothing that they do or fail to do stops the clock.
"""

import math
import select
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from tests.benchmarks.packets import Question, build_query, read_response
from tests.benchmarks.probe import Address, udp_socket

INTERVAL = 0.005
TARGET_EVERY = 5
"""The target is asked with every fifth probe only: it is watched for, not measured."""
GRACE = 2.0
"""Seconds that late responses are waited for at the end."""


class Probe(NamedTuple):
    """A question that was asked at `sent` (monotonic seconds).

    `outcome` is the rcode of the response, "refused" (nobody listens) or "unanswered"; `latency` is in
    seconds, None without a response.
    """

    sent: float
    outcome: str
    latency: float | None = None


class Target(NamedTuple):
    """A question, and when a response to it is the one that is waited for."""

    question: Question
    reached: Callable[[bytes], bool]


class Summary(NamedTuple):
    """What came of the probes of one phase; latencies are of all that were answered, in milliseconds."""

    probes: int
    right: int
    otherwise: int
    refused: int
    unanswered: int
    p50: float
    p99: float
    worst: float


class Prober:
    """Asks `known` every 5 ms; `probes` holds what came of it, in the order in which it was settled.

    `last_target` says what the last response to a target was, for a message about what should have come.
    """

    def __init__(self, address: Address, known: Question) -> None:
        self.probes: list[Probe] = []
        self.last_target = "no response"
        self._known = known
        self._socket = udp_socket(address)
        self._socket.setblocking(False)
        self._waiting: dict[int, float] = {}
        self._targets: set[int] = set()
        self._count = 0

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def watch(self, target: Target, timeout: float) -> float | None:
        """Probe until the target is reached and return when (monotonic), None if the time ran out."""
        begin = time.monotonic()
        due = begin
        while (now := time.monotonic()) < begin + timeout:
            if now >= due:
                due = max(due + INTERVAL, now)
                self._send(target.question if self._count % TARGET_EVERY == 0 else None)
            if self._receive(max(0.0, due - time.monotonic()), target):
                return time.monotonic()
        return None

    def watch_for(self, seconds: float) -> None:
        """Probe for so long, whatever comes."""
        self.watch(Target(self._known, lambda _: False), seconds)

    def finish(self) -> None:
        """Wait for late responses, then count the rest as unanswered."""
        deadline = time.monotonic() + GRACE
        while self._waiting and (left := deadline - time.monotonic()) > 0:
            self._receive(left, None)
        self.probes += (Probe(sent, "unanswered") for sent in self._waiting.values())
        self._waiting.clear()
        self._targets.clear()

    def _send(self, target: Question | None) -> None:
        self._count += 1
        self._send_one(self._known, is_target=False)
        if target is not None:
            self._count += 1
            self._send_one(target, is_target=True)

    def _send_one(self, question: Question, *, is_target: bool) -> None:
        query_id = self._count & 0xFFFF
        now = time.monotonic()
        try:
            self._socket.send(build_query(question, query_id))
        except (ConnectionRefusedError, BlockingIOError):
            if not is_target:
                self.probes.append(Probe(now, "refused"))
        else:
            if is_target:
                self._targets.add(query_id)
            else:
                self._waiting[query_id] = now

    def _receive(self, timeout: float, target: Target | None) -> bool:
        """Take what arrives within `timeout`, one response at most; say whether it is the target's."""
        if not select.select([self._socket], [], [], timeout)[0]:
            return False
        try:
            packet = self._socket.recv(65535)
        except ConnectionRefusedError:
            self._refuse()
            return False
        response = read_response(packet)
        if response.id in self._targets:
            self._targets.discard(response.id)
            self.last_target = response.describe()
            return target is not None and target.reached(packet)
        if (sent := self._waiting.pop(response.id, None)) is not None:
            self.probes.append(Probe(sent, response.rcode, time.monotonic() - sent))
        return False

    def _refuse(self) -> None:
        """Nobody listens: whatever is waited for will not come."""
        self.probes += (Probe(sent, "refused") for sent in self._waiting.values())
        self._waiting.clear()
        self._targets.clear()


def summarise(probes: Iterable[Probe], begin: float, end: float) -> Summary:
    """Return the summary of the probes that were sent between two moments (monotonic seconds)."""
    held = [probe for probe in probes if begin <= probe.sent < end]
    latencies = sorted(probe.latency * 1000 for probe in held if probe.latency is not None)
    count = {name: sum(p.outcome == name for p in held) for name in ("NOERROR", "refused", "unanswered")}
    return Summary(
        len(held),
        count["NOERROR"],
        len(latencies) - count["NOERROR"],
        count["refused"],
        count["unanswered"],
        percentile(latencies, 0.5),
        percentile(latencies, 0.99),
        percentile(latencies, 1.0),
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` of the values do not exceed; NaN if there are none."""
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
