"""A TCP listener: accepts, looks at every connection's deadline once a second, stops in good order.

What a connection does with its octets is in `tcp_connection`, how many there may be in `limits`.
"""

import asyncio
import contextlib
import socket

from kdns.answering.clients import Respond
from kdns.servers.awaited import Failures
from kdns.servers.binding import BACKLOG
from kdns.servers.counters import Counters
from kdns.servers.limits import Limits, Quota
from kdns.servers.tcp_connection import Connection
from kdns.servers.tcp_shared import Shared

_ACCEPTED_AT_ONCE = 64  # connections that are accepted in one turn of the loop, before others have theirs
_TURNS_TO_READ = 4  # of the loop, from when it accepts a connection until it has read what is there already


class TcpListener:
    """Serves one bound, listening TCP socket, which it owns. `respond` may be replaced between messages."""

    protocol = "tcp"

    def __init__(self, sock: socket.socket, respond: Respond, quota: Quota) -> None:
        self.counters = Counters()
        self.family = sock.family
        self.address: tuple[str, int] = sock.getsockname()[:2]
        self._sock = sock
        self._server: asyncio.Server | None = None
        self._sweeping: asyncio.TimerHandle | None = None
        self._shared = Shared(respond, quota, quota.limits, self.counters, Failures(self.counters))

    @property
    def respond(self) -> Respond:
        """What messages are handed to."""
        return self._shared.respond

    @respond.setter
    def respond(self, respond: Respond) -> None:
        self._shared.respond = respond

    @property
    def limits(self) -> Limits:
        """What connections may do. Counts over all listeners are the quota's."""
        return self._shared.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._shared.limits = limits

    async def start(self) -> None:
        """Begin to accept, in the running event loop."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, sock=self._sock, backlog=_ACCEPTED_AT_ONCE)
        self._sock.listen(BACKLOG)  # asyncio takes its `backlog` for the kernel's queue, too
        self._sweeping = loop.call_later(self._shared.limits.sweep, self._sweep, loop)

    async def drain(self, grace: float) -> None:
        """Serve who has connected already, send what clients wait for within `grace` seconds, and close.

        A connection is closed when it is idle; one that has not brought its first message yet, or not all of
        one, may still do that in the time that it has anyway.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + grace
        if self._sock.fileno() >= 0:
            loop.remove_reader(self._sock.fileno())
        await _reading()
        waiting = _accept_waiting(self._sock)
        self._stop_accepting()
        self._shared.finishing = True
        # A few at a time, so that none has to go, for want of room, before it has been read from.
        while waiting:
            few, waiting = waiting[:_ACCEPTED_AT_ONCE], waiting[_ACCEPTED_AT_ONCE:]
            await asyncio.gather(*(loop.connect_accepted_socket(self._connection, each) for each in few))
            await _reading()
        connections = list(self._shared.connections)
        for connection in connections:
            connection.finish()
        if connections:
            lost = [connection.lost for connection in connections]
            await asyncio.wait(lost, timeout=max(end - loop.time(), 0.0))
        self.close()

    def close(self) -> None:
        """Stop at once; clients that wait for something lose their connection. May be called twice."""
        self._shared.stopping = True
        self._stop_accepting()
        for connection in list(self._shared.connections):
            connection.abort()
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None

    def _connection(self) -> Connection:
        return Connection(self._shared)

    def _stop_accepting(self) -> None:
        if self._server is not None:
            self._server.close()
        self._sock.close()

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """End the connections whose deadline has passed: one timer for all of them."""
        now = loop.time()
        for connection in list(self._shared.connections):
            if connection.deadline <= now:
                connection.expire()
        self._sweeping = loop.call_later(self._shared.limits.sweep, self._sweep, loop)


async def _reading() -> None:
    """Let connections that were just accepted read what is there already."""
    for _ in range(_TURNS_TO_READ):
        await asyncio.sleep(0)


def _accept_waiting(sock: socket.socket) -> list[socket.socket]:
    """Accept who is in the kernel's queue still: closing `sock` would reset them."""
    accepted = []
    with contextlib.suppress(OSError):  # there is nobody any more, most often
        for _ in range(BACKLOG):
            accepted.append(sock.accept()[0])
            accepted[-1].setblocking(False)
    return accepted
