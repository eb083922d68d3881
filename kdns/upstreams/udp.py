"""Exchanges over UDP: each query in a socket that holds no other, with a random id, judged strictly.

Sockets are connected, so that the kernel drops what comes from elsewhere and reports an absent listener
at once; their ports are the kernel's random choice, and short-lived.

Why a port serves more than one query: one for each costs three times the CPU, and leaves an entry for each
in every connection table on the way, for 30 s at least: at 5,000 queries a second more than many hold. Why
not for long: who forges a reply must hit port and id together while the query waits. So a port is given up
after a second, after 64 queries, or when anything wrong arrives at it, whichever is first: at low rates,
where a forger has the most time for each query, nearly every query has a port of its own.
"""

import asyncio
import socket
from collections import deque

from kdns.upstreams.counters import SocketCounters
from kdns.upstreams.datagram import LIFETIME, UdpSocket, connected
from kdns.upstreams.errors import Closed, Unreachable, reason
from kdns.upstreams.options import Address, Options, endpoint
from kdns.wire.replies import Reply


class UdpTransport:
    """The sockets of one upstream."""

    def __init__(self, address: Address, options: Options, counters: SocketCounters) -> None:
        """Raises ValueError for an address that is none."""
        self._address = address
        self._endpoint = endpoint(address)
        self._options = options
        self._counters = counters
        self._idle: deque[UdpSocket] = deque()
        self._busy: set[UdpSocket] = set()
        self._sweeping: asyncio.TimerHandle | None = None
        self._closed = False

    async def exchange(self, query: bytes, deadline: float) -> Reply:
        """See Transport. The socket is given up unless its query was answered and nothing else came."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        sock = self._take(loop, now)
        try:
            return await sock.ask(query, min(deadline, now + self._options.read_timeout))
        finally:
            self._busy.discard(sock)
            if sock.is_fit(now) and not self._closed:
                self._idle.append(sock)
                if self._sweeping is None:
                    self._sweeping = loop.call_later(LIFETIME, self._sweep)
            else:
                sock.close()

    async def close(self) -> None:
        """See Transport."""
        self._closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
        for sock in (*self._busy, *self._idle):
            sock.fail(Closed())
            sock.close()
        self._idle.clear()

    def _take(self, loop: asyncio.AbstractEventLoop, now: float) -> UdpSocket:
        if self._closed:
            raise Closed
        sock = None
        while self._idle and sock is None:
            # The one that rested longest: queries spread over all ports.
            sock = self._idle.popleft()
            if not sock.is_fit(now):
                sock.close()
                sock = None
        if sock is None:
            self._counters.misses += 1
            sock = UdpSocket(loop, self._open(), self._address, self._counters)
        else:
            self._counters.hits += 1
        self._busy.add(sock)
        return sock

    def _open(self) -> socket.socket:
        try:
            return connected(self._endpoint, self._options.source_address)
        except OSError as error:
            raise Unreachable(f"dial udp {self._address}: connect: {reason(error)}") from error

    def _sweep(self) -> None:
        """Close what is idle and too old; come again while there is any."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for _ in range(len(self._idle)):
            sock = self._idle.popleft()
            if sock.is_fit(now):
                self._idle.append(sock)
            else:
                sock.close()
        self._sweeping = loop.call_later(LIFETIME, self._sweep) if self._idle else None
