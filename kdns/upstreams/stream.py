"""One stream to an upstream, over which many queries wait at once (RFC 7766, section 6.2.1.1).

Knows frames, ids and its own state; who opens it, and which query goes over which, is `streams`'.
"""

import asyncio
import math
from collections.abc import Callable
from typing import NamedTuple, cast

from kdns.upstreams.counters import SocketCounters
from kdns.upstreams.errors import BadReply, ConnectionLost, NoReply, UpstreamError, reason
from kdns.upstreams.ids import random_ids
from kdns.upstreams.options import Address, Options
from kdns.wire.compression import Malformed
from kdns.wire.replies import Mismatch, Reply, read_reply

_next_id = random_ids().__next__


class Question(NamedTuple):
    """A query, where its question ends, and until when it may wait, by the event loop's clock."""

    query: bytes
    end: int
    deadline: float


class _Waiting:
    """A question on its way: as it was sent, when, and who waits for the reply."""

    __slots__ = ("future", "question", "sent", "sent_at", "timer")

    def __init__(self, question: Question, id: bytes, future: asyncio.Future[Reply]) -> None:
        self.question, self.future = question, future
        self.sent = id + question.query[2:]
        self.sent_at = math.inf
        self.timer: asyncio.TimerHandle | None = None


class Stream(asyncio.Protocol):
    """A stream that is being opened, open, or over. Questions may be asked before it is open.

    `on_idle` is called when the last reply has come, `on_lost` once, when it is over; `unanswered` then says
    how many questions the other side left behind.
    """

    def __init__(
        self,
        address: Address,
        options: Options,
        counters: SocketCounters,
        on_idle: "Callable[[Stream], None]",
        on_lost: "Callable[[Stream], None]",
    ) -> None:
        self._address, self._options, self._counters = address, options, counters
        self._on_idle, self._on_lost = on_idle, on_lost
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._waiting: dict[bytes, _Waiting] = {}
        self._inbox = b""
        self._opened_at = self._heard_at = self._idle_since = self._loop.time()
        self._expiring: asyncio.TimerHandle | None = None
        self._is_ending = False
        self.unanswered = 0
        self.lost: asyncio.Future[None] = self._loop.create_future()

    def __len__(self) -> int:
        """Return how many questions wait."""
        return len(self._waiting)

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    def is_usable(self, now: float) -> bool:
        """Tell whether one more question may be asked."""
        max_age = self._options.max_age
        return not self._is_ending and (not max_age or now - self._opened_at < max_age)

    async def ask(self, question: Question) -> Reply:
        """Send the query, as soon as the stream is open, and return the reply. Raises UpstreamError."""
        id = _next_id()
        while id in self._waiting:
            id = _next_id()
        waiting = self._waiting[id] = _Waiting(question, id, self._loop.create_future())
        if self._transport is not None:
            self._send(id, waiting)
        else:
            waiting.timer = self._loop.call_at(question.deadline, self._time_out, id)
        try:
            return await waiting.future
        finally:
            self._forget(id)

    def fail(self, error: UpstreamError) -> None:
        """End every wait, and the stream."""
        self._is_ending = True
        self._disappoint(error)
        if self._transport is not None:
            self._transport.abort()
        else:
            self._end()

    def close(self) -> None:
        """Take no more questions, and end once the last has its reply."""
        self._is_ending = True
        if not self._waiting and self._transport is not None:
            self._transport.close()

    # Called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._opened_at = self._idle_since = self._loop.time()
        self._local = Address(*transport.get_extra_info("sockname")[:2])
        if self._is_ending:
            self._transport.abort()
            return
        for id, waiting in self._waiting.items():
            self._send(id, waiting)
        if not self._waiting:
            self._rest()

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        octets, begin = self._inbox + data, 0
        while len(octets) - begin >= 2:
            end = begin + 2 + int.from_bytes(octets[begin : begin + 2], "big")
            if end > len(octets):
                break
            self._receive(octets[begin + 2 : end])
            begin = end
        self._inbox = octets[begin:]

    def connection_lost(self, exc: Exception | None) -> None:
        what = f"read: {reason(exc)}" if isinstance(exc, OSError) else "EOF"
        self.unanswered = sum(not waiting.future.done() for waiting in self._waiting.values())
        self._disappoint(ConnectionLost(f"{self._path()}: {what}"))
        self._end()

    # Inside

    def _send(self, id: bytes, waiting: _Waiting) -> None:
        now = waiting.sent_at = self._loop.time()
        if waiting.timer is not None:
            waiting.timer.cancel()
        until = min(waiting.question.deadline, now + self._options.read_timeout)
        waiting.timer = self._loop.call_at(until, self._time_out, id)
        transport = cast(asyncio.Transport, self._transport)
        transport.write(len(waiting.sent).to_bytes(2, "big") + waiting.sent)

    def _receive(self, octets: bytes) -> None:
        waiting = self._waiting.get(octets[:2])
        if waiting is None or waiting.future.done():
            self._counters.wrong += 1
            return
        query, end, _ = waiting.question
        try:
            waiting.future.set_result(read_reply(octets, waiting.sent, end, query[:2]))
        except Mismatch:
            self._counters.wrong += 1
        except Malformed as error:
            waiting.future.set_exception(BadReply(f"{self._path()}: {error}"))

    def _time_out(self, id: bytes) -> None:
        waiting = self._waiting[id]
        if waiting.future.done():
            return
        if not self.is_open:
            waiting.future.set_exception(NoReply(f"dial tcp {self._address}: i/o timeout"))
            return
        waiting.future.set_exception(NoReply(f"{self._path()}: i/o timeout"))
        if self._heard_at < waiting.sent_at:
            # Nothing at all came since: the stream is dead, and the others need not wait for it.
            self.fail(ConnectionLost(f"{self._path()}: i/o timeout"))

    def _forget(self, id: bytes) -> None:
        """Drop a question that has its reply, or that nobody waits for any more."""
        timer = self._waiting.pop(id).timer
        if timer is not None:
            timer.cancel()
        if not self._waiting and self._transport is not None:
            self._rest()

    def _rest(self) -> None:
        """Nothing waits: be kept for the next question, or end."""
        self._idle_since = self._loop.time()
        if not self.is_usable(self._idle_since):
            self.close()
            return
        if self._expiring is None:
            self._expiring = self._loop.call_later(self._options.expire, self._expire)
        self._on_idle(self)

    def _expire(self) -> None:
        """Close if idle for long enough; else look again when it might be."""
        self._expiring = None
        due = self._idle_since + self._options.expire
        if self._waiting:
            return
        if due <= self._loop.time():
            self.close()
        else:
            self._expiring = self._loop.call_at(due, self._expire)

    def _disappoint(self, error: UpstreamError) -> None:
        for waiting in self._waiting.values():
            if not waiting.future.done():
                waiting.future.set_exception(error)

    def _end(self) -> None:
        self._is_ending = True
        if self._expiring is not None:
            self._expiring.cancel()
        if not self.lost.done():
            self.lost.set_result(None)
            self._on_lost(self)

    def _path(self) -> str:
        return f"read tcp {self._local}->{self._address}"
