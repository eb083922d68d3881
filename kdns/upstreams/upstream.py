"""One upstream: an address, the ways to it, its health and its counters.

Decides between UDP and streams; which upstream a query goes to is the group's business.
"""

import asyncio
import struct
from functools import cached_property
from typing import Literal

from kdns.upstreams.counters import Counters, SocketCounters
from kdns.upstreams.errors import BadReply, Closed, UpstreamError
from kdns.upstreams.health import Health
from kdns.upstreams.options import Address, Options
from kdns.upstreams.streams import StreamTransport
from kdns.upstreams.tls import client_context
from kdns.upstreams.transport import Transport
from kdns.upstreams.udp import UdpTransport
from kdns.wire import codes
from kdns.wire.replies import Reply

Scheme = Literal["dns", "tls"]


class Upstream:
    """Exchanges queries with one address: over UDP and TCP ("dns") or over TLS alone ("tls")."""

    def __init__(self, address: Address, scheme: Scheme = "dns", options: Options | None = None) -> None:
        """Raises ValueError for an address that is none."""
        self.address = address
        self.counters = Counters()
        self._options = options or Options()
        self._tls = (self._options.tls or client_context()) if scheme == "tls" else None
        self._streams = self._stream_transport(self._options, self.counters)
        self._udp: UdpTransport | None = None
        if scheme == "dns":
            udp = self.counters.sockets["udp"] = SocketCounters()
            self._udp = UdpTransport(address, self._options, udp)
        self.health = Health(self._options, self.counters, self._probe)

    @property
    def is_down(self) -> bool:
        return self.health.is_down

    async def exchange(
        self, query: bytes, *, force_tcp: bool = False, prefer_udp: bool = False, deadline: float
    ) -> Reply:
        """Return the upstream's reply, under the query's id. `deadline` is by the event loop's clock.

        Over UDP, unless `force_tcp` or DoT; with `prefer_udp` a truncated reply is asked for again over TCP.
        Raises UpstreamError, after which the upstream is probed; Malformed for octets that are no query.
        """
        if force_tcp or self._udp is None:
            return await self._ask(self._streams, query, deadline)
        reply = await self._ask(self._udp, query, deadline)
        if reply.is_truncated and prefer_udp:
            return await self._ask(self._streams, query, deadline)
        return reply

    async def close(self) -> None:
        """Fail what waits with Closed, and leave no socket or task behind."""
        await self.health.close()
        if self._udp is not None:
            await self._udp.close()
        await self._streams.close()

    async def _ask(self, transport: Transport, query: bytes, deadline: float) -> Reply:
        now = asyncio.get_running_loop().time
        begun = now()
        health = self.health
        health.asked(begun)
        try:
            reply = await transport.exchange(query, deadline)
        except Closed:
            raise
        except UpstreamError:
            health.failed()
            raise
        except BaseException:
            health.withdrawn()
            raise
        health.answered()
        self.counters.answered(reply.rcode, now() - begun)
        return reply

    async def _probe(self) -> bool:
        """Ask as CoreDNS does, in a socket opened for it; tell whether anything at all came back."""
        counters, options = Counters(), self._options
        transport: Transport
        if self._udp is None or options.probe_over_tcp:
            transport = self._stream_transport(options, counters)
        else:
            transport = UdpTransport(self.address, options, SocketCounters())
        try:
            deadline = asyncio.get_running_loop().time() + options.probe_timeout
            await transport.exchange(self._probe_query, deadline)
        except BadReply:
            return True
        except UpstreamError:
            return False
        finally:
            await transport.close()
        return True

    @cached_property
    def _probe_query(self) -> bytes:
        flags = 0x0100 if self._options.probe_recursion else 0
        header = struct.pack("!HHHHHH", 0, flags, 1, 0, 0, 0)
        return header + self._options.probe_name + struct.pack("!HH", codes.NS, codes.IN)

    def _stream_transport(self, options: Options, counters: Counters) -> StreamTransport:
        proto = "tcp" if self._tls is None else "tcp-tls"
        sockets = counters.sockets[proto] = SocketCounters()
        return StreamTransport(self.address, options, sockets, self._tls)
