"""A UDP listener, whichever way it reads its socket: when it reads, what it counts, how it stops.

Its two subclasses know how: `udp_batched` through recvmmsg, `udp_plain` one datagram a call.
"""

import asyncio
import socket
from collections.abc import Awaitable

from kdns.answering.clients import Answer, Respond
from kdns.servers.awaited import Awaited, Failures
from kdns.servers.clients import Peer
from kdns.servers.counters import Counters, add_one, errno_name
from kdns.servers.limits import Quota
from kdns.servers.pktinfo import Control

Response = Answer | Awaitable[Answer]
"""What `respond` returns."""
_LAST_BATCHES = 64
MAX_RESPONSE_OCTETS = 65_507
"""The longest UDP payload over IPv4; kept for IPv6 too, whose own limit is 65,527."""


class UdpListener:
    """Serves one bound, non-blocking UDP socket, which it owns. `respond` may be replaced between batches."""

    protocol = "udp"

    def __init__(self, sock: socket.socket, respond: Respond, quota: Quota) -> None:
        self.respond = respond
        self.counters = Counters()
        self.family = sock.family
        self.address: tuple[str, int] = sock.getsockname()[:2]
        self._sock = sock
        self._failures = Failures(self.counters)
        self._awaited = Awaited(quota, self.counters, self._failures)
        self._reading: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Begin to serve, in the running event loop."""
        self._reading = asyncio.get_running_loop()
        self._reading.add_reader(self._sock.fileno(), self.serve_batch)

    async def drain(self, grace: float) -> None:
        """Serve what the socket has queued, let awaited responses finish within `grace` seconds, and close.

        What comes while those are awaited is served, too. Under load the queue refills for ever, so that half
        of the time at most goes to it.
        """
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while self._sock.fileno() >= 0 and self.serve_batch():
            if loop.time() >= begun + grace / 2:
                break
            await asyncio.sleep(0)  # others have their turn between batches
        await self._awaited.wait(begun + grace - loop.time())
        self._stop_reading()
        self._serve_last()
        await self._awaited.settle(begun + grace - loop.time())
        self._serve_last()  # what has come since, and nothing may come between this and the end
        self.close()

    def _serve_last(self) -> None:
        for _ in range(_LAST_BATCHES):
            if self._sock.fileno() < 0 or not self.serve_batch():
                break

    def close(self) -> None:
        """Stop at once. What is queued or awaited gets no response. May be called twice."""
        self._stop_reading()
        self._awaited.cancel()
        self._sock.close()

    def serve_batch(self) -> int:
        """Respond to what has come, one batch at most; return the number of datagrams. Raises nothing."""
        raise NotImplementedError

    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.remove_reader(self._sock.fileno())
            self._reading = None

    def _send_alone(self, response: bytes, control: Control, peer: Peer) -> None:
        """Send one response outside of any batch."""
        if len(response) > MAX_RESPONSE_OCTETS:
            add_one(self.counters.dropped, "overlong")
            return
        try:
            self._sock.sendmsg([response], control, 0, peer)
        except OSError as error:
            add_one(self.counters.dropped, errno_name(error.errno))
        else:
            self.counters.sent += 1

    def _send_later(self, response: Awaitable[Answer], control: Control, peer: Peer) -> None:
        """Send a response when it is there. `control` and `peer` must be the caller's own to give."""

        def deliver(awaited: Answer) -> None:
            if isinstance(awaited, bytes):
                self._send_alone(awaited, control, peer)

        self._awaited.add(response, deliver)
