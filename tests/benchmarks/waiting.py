"""Processes that ask a server the same question all the time, until the answer is the one that is waited for.

Each has a server of its own and begins before the change is made: it sees the old answer first, so that the
new one is the change's doing, and no start-up time is measured.
"""

import multiprocessing
import os
import socket
import time
from multiprocessing.connection import Connection
from typing import NamedTuple

from tests.benchmarks.packets import Question, answer_data, read_response
from tests.benchmarks.probe import Address, ask, udp_socket

PAUSE = 0.0001
"""Seconds between an answer and the next question; the kernel makes 0.15 ms of it."""
UNANSWERED = 0.05
"""Seconds after which a question is asked again."""
PATIENCE = 5.0


class Expected(NamedTuple):
    """An answer: its rcode, and the values of its records of the question's type; None for whatever."""

    rcode: str
    values: frozenset[str] | None = None

    def fits(self, packet: bytes, question: Question) -> bool:
        """Tell whether this response has this answer."""
        if read_response(packet).rcode != self.rcode:
            return False
        found = answer_data(packet, question.qtype)
        return bool(found) if self.values is None else self.values == frozenset(found)


class Watched(NamedTuple):
    """A question, and the answer that is waited for."""

    question: Question
    expected: Expected


class Waiter:
    """One process, one server."""

    def __init__(self, address: Address, cpu: int) -> None:
        self._pipe, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("fork")
        self._process = context.Process(target=_work, args=(address, cpu, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def close(self) -> None:
        """End the process, whatever it waits for."""
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def begin(self, watched: Watched) -> bool:
        """Begin to ask. False if 5 s bring the expected answer only, or none: then it has ended already."""
        self._pipe.send(watched)
        return self._pipe.recv() is not None

    def result(self) -> float | None:
        """Return when the expected answer came (monotonic seconds), None if it did not in 5 s."""
        moment: float | None = self._pipe.recv()
        return moment


def _work(address: Address, cpu: int, pipe: Connection) -> None:
    """Take questions until the other side goes; for each, send when the first and the right answer came."""
    os.sched_setaffinity(0, {cpu})
    with udp_socket(address) as sock:
        sock.settimeout(UNANSWERED)
        while True:
            try:
                watched: Watched = pipe.recv()
            except EOFError:
                return
            before = wait(sock, watched, is_there=False)
            pipe.send(before)
            if before is not None:
                pipe.send(wait(sock, watched, is_there=True))


def wait(sock: socket.socket, watched: Watched, *, is_there: bool) -> float | None:
    """Ask until the expected answer is there (or is not); return when, None after 5 s."""
    deadline = time.monotonic() + PATIENCE
    query_id = time.monotonic_ns() & 0x7FFF
    while time.monotonic() < deadline:
        query_id = (query_id + 1) & 0xFFFF
        try:
            packet = ask(sock, watched.question, query_id)
        except OSError:
            continue
        moment = time.monotonic()
        if watched.expected.fits(packet, watched.question) == is_there:
            return moment
        time.sleep(PAUSE)
    return None
