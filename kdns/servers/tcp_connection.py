"""One DNS connection: frames in, frames out, and what a client may make us wait for (RFC 1035 4.2.2, 7766).

Knows its own state only. Who may connect and when deadlines are looked at is the listener's business.
"""

import asyncio
import math
from collections.abc import Awaitable
from typing import cast

from kdns.answering.clients import Answer
from kdns.servers.awaited import Awaited
from kdns.servers.clients import StreamClient
from kdns.servers.counters import add_one
from kdns.servers.limits import Phase
from kdns.servers.tcp_shared import Shared
from kdns.servers.tcp_writer import FrameWriter

WRITE_OCTETS = 65_536
"""Unsent octets with which a connection counts as slow, and nothing more is read from it."""


class Connection(asyncio.BufferedProtocol):
    """Serves one client. Responses leave in the order in which they are ready, each in one piece.

    After the client has finished sending (half-close), it still gets what it asked for. A frame of length
    zero holds no message and never will: the connection is closed. What is asked after a zone transfer is
    answered after it. Where we are the one who finishes, what still comes is read and dropped: a reset might
    take away responses that the client has not read yet.
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._awaited = Awaited(shared.quota, shared.counters, shared.failures)
        self._inbox = b""
        self._left = shared.limits.queries
        self._reading_paused = self._transferring = self._half_closed = self._ending = self._closing = False
        self._phase: Phase = "incomplete"
        self._phase_since = 0.0
        self.deadline = math.inf

    # Called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._writer = FrameWriter(self._transport, self._shared.counters)
        self._loop = asyncio.get_running_loop()
        self._transport.set_write_buffer_limits(high=WRITE_OCTETS)
        peer = transport.get_extra_info("peername")
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self._shared.connections.add(self)
        if peer is None or self._shared.stopping or not self._shared.quota.admit(self):
            add_one(self._shared.counters.closed, "refused")
            self._closing = True
            self._transport.abort()
            return
        self._shared.counters.opened += 1
        self._client = StreamClient(peer[:2])
        self._enter("incomplete")

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._shared.buffer

    def buffer_updated(self, nbytes: int) -> None:
        if not self._closing:
            self._serve(self._inbox + self._shared.buffer[:nbytes].tobytes())

    def eof_received(self) -> bool:
        self._ending = self._half_closed = True
        self._settle(progressed=False)
        return not self._closing  # the transport stays open for what is still due

    def pause_writing(self) -> None:
        self._writer.is_blocked = True

    def resume_writing(self) -> None:
        self._writer.is_blocked = False
        self._shared.quota.transfers.resume(self)
        self._serve(self._inbox)

    def connection_lost(self, exc: Exception | None) -> None:
        self._closing = True
        self._inbox = b""
        self._awaited.cancel()
        self._shared.quota.transfers.drop(self)
        self._shared.quota.connections.discard(self)
        self._shared.connections.discard(self)
        self.lost.set_result(None)

    # Called by the listener and the quota

    @property
    def idle_since(self) -> float | None:
        if self._writer.is_over:
            return -math.inf  # it goes before all that may still ask
        is_idle = self._phase not in ("busy", "slow") or self._shared.quota.transfers.is_waiting(self)
        return self._phase_since if is_idle else None

    def expire(self) -> None:
        """Close because `deadline` has passed; abort what does not read, or would not even be closed."""
        if self._phase == "slow":
            add_one(self._shared.counters.closed, "slow")
            self._transport.abort()
            self.deadline = math.inf
        else:
            self.end(self._phase)

    def finish(self) -> None:
        """Close if the client waits for nothing, now that the listener is finishing; or later, by itself."""
        self._settle(progressed=False)

    def end(self, reason: str) -> None:
        """Close as soon as what was sent is with the client; count why."""
        if not self._closing:
            add_one(self._shared.counters.closed, reason)
            self._give_up()
        self._transport.close()

    def abort(self) -> None:
        """Close at once, whatever is lost."""
        self._transport.abort()

    # Called by the transfers

    @property
    def is_blocked(self) -> bool:
        return self._writer.is_blocked

    def take(self, message: bytes) -> None:
        self._writer.put(message)
        self._writer.flush()

    def paused(self) -> None:
        self._settle(progressed=True)

    def transferred(self, error: Exception | None) -> None:
        self._transferring = False
        if error is not None:
            self._shared.failures.note()
            self.abort()  # half a zone must not look like a whole one
        else:
            self._serve(self._inbox)

    # Frames in

    def _serve(self, octets: bytes) -> None:
        """Respond to each whole message in `octets` while the client keeps up, and hold on to the rest."""
        begin, end = 0, len(octets)
        while end - begin >= 2 and not self._is_full() and not self._closing:
            length = octets[begin] << 8 | octets[begin + 1]
            if not length:
                self._writer.flush()
                self.end("empty frame")
                return
            stop = begin + 2 + length
            if stop > end:
                break
            self._respond(octets[begin + 2 : stop])
            self._left -= 1
            begin = stop
        self._inbox = octets[begin:] if self._left else b""
        self._writer.flush()
        self._settle(progressed=begin > 0)

    def _is_full(self) -> bool:
        most = self._shared.limits.pipelined
        is_busy = self._transferring or self._writer.is_blocked or len(self._awaited) >= most
        return is_busy or not self._left

    def _respond(self, packet: bytes) -> None:
        shared = self._shared
        shared.counters.received += 1
        try:
            response = shared.respond(packet, self._client)
        except Exception:  # noqa: BLE001 - whatever it was, only this one query may suffer; note() logs it
            shared.failures.note()
            return
        if isinstance(response, Awaitable):
            self._awaited.add(response, self._deliver)
        else:
            self._send(response)

    def _send(self, answer: Answer) -> None:
        if isinstance(answer, bytes):
            self._writer.put(answer)
        elif answer is not None and self._transferring:  # both had to be waited for
            self.end("two transfers")
        elif answer is not None:
            self._transferring = True
            self._shared.quota.transfers.add(self, answer)

    def _deliver(self, answer: Answer) -> None:
        """Send an answer that had to be waited for, and serve what its place kept waiting."""
        if self._closing:
            return
        self._send(answer)
        self._serve(self._inbox)

    # State

    def _settle(self, progressed: bool) -> None:
        """Conclude from what has just happened whether to read, to close, and how long to wait."""
        if self._closing:
            return
        phase = self._next_phase(progressed)
        is_last = self._ending or not self._left
        if (is_last and phase not in ("busy", "slow")) or (self._shared.finishing and phase == "idle"):
            self._close()
            return
        self._pause_reading(self._is_full())
        # A message that trickles in, or a buffer that stays full, gets no more time by staying as it is.
        if phase != self._phase or (progressed and phase != "slow"):
            self._enter(phase)

    def _next_phase(self, progressed: bool) -> Phase:
        if self._writer.is_blocked:
            return "slow"
        if self._awaited or self._transferring:
            return "busy"
        if self._inbox or (self._phase == "incomplete" and not progressed):
            return "incomplete"
        return "idle"

    def _pause_reading(self, pause: bool) -> None:
        if pause != self._reading_paused and not self._ending:
            self._reading_paused = pause
            if pause:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def _enter(self, phase: Phase) -> None:
        self._phase = phase
        self._phase_since = self._loop.time()
        self.deadline = self._phase_since + self._shared.limits.patience(phase)

    def _close(self) -> None:
        """Have it end with the last octets of ours."""
        self._give_up()
        if self._half_closed:
            self._transport.close()
        else:
            self._writer.finish()
            self._transport.resume_reading()

    def _give_up(self) -> None:
        self._closing = True
        self._awaited.cancel()
        self._shared.quota.transfers.drop(self)
        self._enter("slow")  # the last octets have to be read in time, too
