"""Clients of a Service, each kind asking in its own way."""

import asyncio
import contextlib
import random
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence

from tests.rolling.exchanges import Streams, ask, close, exchange, outside_name, query
from tests.rolling.namespaces import Namespace
from tests.rolling.network import SERVICE
from tests.rolling.tally import Loss, Tally

INSIDE = "nginx-service.default.svc.cluster.local"

_PATIENCE = 3.0
_PIPELINED = 5
_WHERE = (SERVICE, 53)
_random = random.Random(6)


class Load:
    """Clients in one namespace, asking until told to stop."""

    def __init__(self, namespace: Namespace) -> None:
        self.tally = Tally()
        self._namespace = namespace
        self._is_over = False

    @contextlib.asynccontextmanager
    async def running(self, *clients: "Kind") -> AsyncIterator[Tally]:
        """Run so many of each kind; at the end each finishes the query that it is at."""
        async with asyncio.TaskGroup() as group:
            for count, client in clients:
                for _ in range(count):
                    group.create_task(client(self))
            try:
                yield self.tally
            finally:
                self._is_over = True

    async def fresh(self) -> None:
        """Ask from a new port each time, once."""
        while await self._pause(0.01):
            with self._udp() as sock:
                await self._once("fresh", sock, query(INSIDE))

    async def sticky(self) -> None:
        """Ask from one port for ever, so that conntrack sends all of it to one endpoint while it may."""
        with self._udp() as sock:
            while await self._pause(0.02):
                await self._once("sticky", sock, query(INSIDE))

    async def outside(self) -> None:
        """Ask, once each, for names that somebody else is asked for."""
        while await self._pause(0.02):
            with self._udp() as sock:
                await self._once("outside", sock, query(outside_name()))

    async def glibc(self) -> None:
        """Ask as resolv/res_send.c does with timeout:1 attempts:2.

        After a timeout the same socket sends again, after an error a new one.
        """
        while await self._pause(0.01):
            await self._attempts("glibc", query(INSIDE), connected=True)

    async def musl(self) -> None:
        """Ask as src/network/res_msend.c does with timeout:2 attempts:2: the socket never hears of errors."""
        while await self._pause(0.01):
            await self._attempts("musl", query(INSIDE), connected=False)

    async def single(self) -> None:
        """Ask one query on a connection of its own."""
        while await self._pause(0.03):
            await self._over_tcp("single", [query(INSIDE)])

    async def single_outside(self) -> None:
        """Ask on a connection of its own for what somebody else is asked for."""
        while await self._pause(0.03):
            await self._over_tcp("tcp outside", [query(outside_name())])

    async def persistent(self) -> None:
        """Ask several queries at once on a connection that is kept for as long as the server keeps it.

        What is not answered when it is closed is asked again on the next one (RFC 7766, 6.2.4); a reset
        counts as a loss, since it may take responses with it.
        """
        streams: Streams | None = None
        while await self._pause(0.02):
            if streams is None or streams[0].at_eof():
                close(streams)
                streams = None
            queries = [query(INSIDE) for _ in range(_PIPELINED)]
            begun = time.monotonic()
            try:
                async with asyncio.timeout(_PATIENCE):
                    streams = streams or await self._connect()
                    left = await exchange(streams, queries)
            except (OSError, TimeoutError) as error:
                self._lose("persistent", begun, error, len(queries))
                close(streams)
                streams = None
                continue
            self.tally.answered["persistent"] += len(queries) - len(left)
            if left:
                close(streams)
                streams = None
                self.tally.retried["persistent"] += len(left)
                await self._over_tcp("persistent", left)
        close(streams)

    async def _pause(self, seconds: float) -> bool:
        """Think for about so long; tell whether to go on."""
        await asyncio.sleep(seconds * _random.uniform(0.5, 1.5))
        return not self._is_over

    def _udp(self) -> socket.socket:
        sock = self._namespace.socket(socket.SOCK_DGRAM)
        sock.connect(_WHERE)
        return sock

    async def _once(self, kind: str, sock: socket.socket, packet: bytes) -> None:
        begun = time.monotonic()
        try:
            await ask(sock, packet, _PATIENCE)
        except (OSError, TimeoutError) as error:
            self._lose(kind, begun, error)
        else:
            self.tally.answered[kind] += 1

    async def _attempts(self, kind: str, packet: bytes, connected: bool) -> None:
        begun = time.monotonic()
        sock: socket.socket | None = None
        for attempt in range(2):
            if sock is None:
                sock = self._udp() if connected else self._namespace.socket(socket.SOCK_DGRAM)
            try:
                await ask(sock, packet, 1.0, None if connected else _WHERE)
            except TimeoutError as error:
                last: Exception = error
            except OSError as error:
                last = error
                sock.close()
                sock = None
            else:
                self.tally.answered[kind] += 1
                self.tally.retried[kind] += attempt
                break
        else:
            self._lose(kind, begun, last)
        if sock is not None:
            sock.close()

    async def _connect(self) -> "Streams":
        sock = self._namespace.socket(socket.SOCK_STREAM)
        try:
            await asyncio.get_running_loop().sock_connect(sock, _WHERE)
            return await asyncio.open_connection(sock=sock)
        except BaseException:
            sock.close()
            raise

    async def _over_tcp(self, kind: str, queries: Sequence[bytes]) -> None:
        begun = time.monotonic()
        streams: Streams | None = None
        try:
            async with asyncio.timeout(_PATIENCE):
                streams = await self._connect()
                if left := await exchange(streams, queries):
                    raise ConnectionError("closed without a response")
        except (OSError, TimeoutError) as error:
            self._lose(kind, begun, error, len(queries))
        else:
            self.tally.answered[kind] += len(queries) - len(left)
        finally:
            close(streams)

    def _lose(self, kind: str, begun: float, error: Exception, count: int = 1) -> None:
        reason = str(error) or "no response"
        self.tally.lost += [Loss(kind, begun, reason)] * count


Kind = tuple[int, Callable[[Load], Coroutine[None, None, None]]]
"""So many clients, and what each of them does."""

CLIENTS: Sequence[Kind] = (
    (4, Load.fresh),
    (8, Load.sticky),
    (2, Load.outside),
    (4, Load.glibc),
    (4, Load.musl),
    (2, Load.single),
    (2, Load.single_outside),
    (4, Load.persistent),
)
"""Of each kind some: about 2,000 queries a second in all on an idle machine."""
