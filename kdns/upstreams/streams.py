"""Exchanges over TCP and TLS (RFC 7766, 7858): which stream a query takes, and how streams are opened.

Streams are kept for further queries. Nothing here knows frames or ids.
"""

import asyncio
import socket
import ssl

from kdns.upstreams.counters import SocketCounters
from kdns.upstreams.errors import Closed, ConnectionLost, Unreachable, reason
from kdns.upstreams.options import Address, Options, endpoint
from kdns.upstreams.stream import Question, Stream
from kdns.upstreams.tasks import Tasks
from kdns.wire.replies import Reply, question_end

SPREAD = 8
"""Streams that are opened before queries begin to share one: many servers answer a stream's in order."""
MOST_WAITING = 64
"""Queries that wait in one stream at most."""
SERIAL_TIME = 60.0
"""Seconds for which streams are not shared, once a server has closed one with several queries unanswered."""

_SHUTDOWN_TIMEOUT = 1.0
"""Seconds that a server has to say goodbye (TLS close_notify)."""


class DialTimeout:
    """How long opening a stream may take: twice the moving average of what it took, within limits."""

    SHORTEST, LONGEST, WEIGHT = 1.0, 30.0, 4

    def __init__(self) -> None:
        self._average = self.SHORTEST

    @property
    def seconds(self) -> float:
        return min(max(2 * self._average, self.SHORTEST), self.LONGEST)

    def observe(self, seconds: float) -> None:
        """Take one more duration into account, of a success or a failure."""
        self._average += (seconds - self._average) / self.WEIGHT


class StreamTransport:
    """The streams of one upstream. With a TLS context they are encrypted, and the server's name checked."""

    def __init__(
        self, address: Address, options: Options, counters: SocketCounters, tls: ssl.SSLContext | None = None
    ) -> None:
        """Raises ValueError for an address that is none."""
        self._address = address
        self._endpoint = endpoint(address)
        self._options = options
        self._counters = counters
        self._tls = tls
        self._server_name = (options.server_name or self._endpoint.sockaddr[0]) if tls else None
        self._streams: set[Stream] = set()
        self._tasks = Tasks()
        self._dial_timeout = DialTimeout()
        self._serial_until = 0.0
        self._closed = False

    async def exchange(self, query: bytes, deadline: float) -> Reply:
        """See Transport. A query that an already open stream takes with it when it ends is asked once more,
        on one that is opened for that: the server may just have closed what was idle."""
        question = Question(query, question_end(query), deadline)
        stream = self._take(may_be_open=True)
        was_open = stream.is_open
        try:
            return await stream.ask(question)
        except ConnectionLost:
            if not was_open:
                raise
        return await self._take(may_be_open=False).ask(question)

    async def close(self) -> None:
        """See Transport."""
        self._closed = True
        streams = list(self._streams)
        for stream in streams:
            stream.fail(Closed())
        await self._tasks.close()
        if streams:
            await asyncio.wait([stream.lost for stream in streams])

    def _take(self, may_be_open: bool) -> Stream:
        """Return the stream with the fewest queries that still takes one, or a new one."""
        if self._closed:
            raise Closed
        now = asyncio.get_running_loop().time()
        limit = 1 if now < self._serial_until else MOST_WAITING
        fit = [
            stream
            for stream in self._streams
            if len(stream) < limit and stream.is_usable(now) and (may_be_open or not stream.is_open)
        ]
        best = min(fit, key=len, default=None)
        if best is None or (len(best) and len(self._streams) < SPREAD):
            self._counters.misses += 1
            return self._open()
        self._counters.hits += 1
        return best

    def _open(self) -> Stream:
        stream = Stream(self._address, self._options, self._counters, self._limit_idle, self._drop)
        self._streams.add(stream)
        self._tasks.start(self._dial(stream))
        return stream

    async def _dial(self, stream: Stream) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            async with asyncio.timeout(self._dial_timeout.seconds):
                await self._connect(stream)
        except OSError as error:  # TimeoutError and ssl.SSLError are OSErrors
            stream.fail(Unreachable(f"dial tcp {self._address}: {self._reason(error)}"))
        finally:
            if not stream.is_open:
                stream.fail(Closed())
        self._dial_timeout.observe(loop.time() - begun)

    async def _connect(self, stream: Stream) -> None:
        loop = asyncio.get_running_loop()
        sock = socket.socket(self._endpoint.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            if self._options.source_address:
                sock.bind((self._options.source_address, 0))
            await loop.sock_connect(sock, self._endpoint.sockaddr)
        except BaseException:
            sock.close()
            raise
        await loop.create_connection(
            lambda: stream,
            sock=sock,
            ssl=self._tls,
            server_hostname=self._server_name,
            ssl_shutdown_timeout=_SHUTDOWN_TIMEOUT if self._tls else None,
        )

    @staticmethod
    def _reason(error: OSError) -> str:
        plain = isinstance(error, TimeoutError | ssl.SSLError)
        return reason(error) if plain else f"connect: {reason(error)}"

    def _limit_idle(self, stream: Stream) -> None:
        limit = self._options.max_idle_conns
        if limit and sum(not len(other) for other in self._streams) > limit:
            stream.close()

    def _drop(self, stream: Stream) -> None:
        self._streams.discard(stream)
        if stream.unanswered > 1 and not self._closed:
            self._serial_until = asyncio.get_running_loop().time() + SERIAL_TIME
