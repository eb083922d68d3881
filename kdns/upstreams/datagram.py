"""One UDP socket to an upstream, and the one query that waits in it, if any.

Knows its own state only; which query gets it, and when it is given up for good, is `udp`'s business.
"""

import asyncio
import socket

from kdns.upstreams.counters import SocketCounters
from kdns.upstreams.errors import BadReply, NoReply, Unreachable, UpstreamError, reason
from kdns.upstreams.ids import random_ids
from kdns.upstreams.options import Address, Endpoint
from kdns.wire.compression import Malformed
from kdns.wire.replies import Mismatch, Reply, question_end, read_reply

LIFETIME = 1.0
"""Seconds for which a port takes queries."""
MOST_QUERIES = 64
"""Queries that a port takes."""
MOST_WRONG = 20
"""Wrong replies after which a query is given up: somebody has found its port and guesses its id."""

_BUFFER = memoryview(bytearray(65_535))
"""Holds any datagram whole, so that none is ever cut off; one for all sockets, read at once."""

_next_id = random_ids().__next__


class UdpSocket:
    """One connected socket, and the one query that waits in it, if any."""

    __slots__ = (
        "_address",
        "_client_id",
        "_counters",
        "_end",
        "_is_fit",
        "_loop",
        "_queries",
        "_retires",
        "_sent",
        "_socket",
        "_timer",
        "_waiting",
        "_wrong",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        address: Address,
        counters: SocketCounters,
    ) -> None:
        self._loop, self._socket, self._address, self._counters = loop, sock, address, counters
        self._retires = loop.time() + LIFETIME
        self._queries = 0
        self._wrong = 0
        self._is_fit = True
        self._waiting: asyncio.Future[Reply] | None = None
        self._timer: asyncio.TimerHandle | None = None
        loop.add_reader(sock, self._read)

    def ask(self, query: bytes, deadline: float) -> asyncio.Future[Reply]:
        """Send the query and return what will hold the reply. One at a time. Raises UpstreamError."""
        self._queries += 1
        self._is_fit = False  # until the reply is there
        self._end = question_end(query)
        self._client_id = query[:2]
        self._sent = _next_id() + query[2:]
        try:
            self._socket.send(self._sent)
        except OSError as error:
            raise Unreachable(f"{self._path('write')}: write: {reason(error)}") from error
        self._waiting = self._loop.create_future()
        self._timer = self._loop.call_at(deadline, self._time_out)
        return self._waiting

    def is_fit(self, now: float) -> bool:
        """Tell whether one more query may be asked."""
        return self._is_fit and now < self._retires and self._queries < MOST_QUERIES

    def fail(self, error: UpstreamError) -> None:
        """End the wait, if there is one."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)

    def close(self) -> None:
        """Give up port and query; does nothing the second time."""
        self._is_fit = False
        if self._timer is not None:
            self._timer.cancel()
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()

    def _read(self) -> None:
        try:
            octets = bytes(_BUFFER[: self._socket.recv_into(_BUFFER)])
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._is_fit = False
            self.fail(Unreachable(f"{self._path('read')}: read: {reason(error)}"))
            return
        waiting = self._waiting
        if waiting is None or waiting.done():
            self._note_wrong()
            return
        try:
            reply = read_reply(octets, self._sent, self._end, self._client_id)
        except Mismatch:
            self._note_wrong()
        except Malformed as error:
            self.fail(BadReply(f"{self._path('read')}: {error}"))
        else:
            self._is_fit = not self._wrong
            self._timer.cancel()  # type: ignore[union-attr]  # whoever waits has a timer
            waiting.set_result(reply)

    def _note_wrong(self) -> None:
        self._counters.wrong += 1
        self._wrong += 1
        self._is_fit = False
        if self._waiting is None or self._waiting.done():
            self._loop.remove_reader(self._socket)
        elif self._wrong > MOST_WRONG:
            self.fail(BadReply(f"{self._path('read')}: {self._wrong} replies to other queries"))

    def _time_out(self) -> None:
        self.fail(NoReply(f"{self._path('read')}: i/o timeout"))

    def _path(self, verb: str) -> str:
        local = Address(*self._socket.getsockname()[:2])
        return f"{verb} udp {local}->{self._address}"


def connected(to: Endpoint, source: str) -> socket.socket:
    """Return a non-blocking socket that sends to and hears from this endpoint only. Raises OSError."""
    sock = socket.socket(to.family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        if source:
            sock.bind((source, 0))
        sock.connect(to.sockaddr)
    except OSError:
        sock.close()
        raise
    return sock
