"""Pages over HTTP that can be changed while they are served. One listener for each address.

They are said as Go says CoreDNS's: at their path and nowhere else, whatever the method.
"""

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from kdns.answering.plugin import PLAIN_TEXT, Address, Page, Pages

if TYPE_CHECKING:
    from aiohttp import web

MOST_CONNECTIONS = 128
"""About so many to one address. Another one ends the oldest: who asks nothing must not use up descriptors."""

_IDLE_SECONDS = 5.0
_CLOSING_SECONDS = 1.0
_NOT_FOUND = Page(HTTPStatus.NOT_FOUND, PLAIN_TEXT, b"404 page not found\n")


class PagesError(Exception):
    """An address that can't be listened on; the message says why."""


class Prepared(NamedTuple):
    """Pages whose listeners are open. `take_over` serves them instead of all others, at once."""

    take_over: Callable[[], None]


class PageServers:
    """The pages of a process. Whoever takes over, an address that stays is never closed meanwhile."""

    def __init__(self) -> None:
        self._servers: dict[Address, _PageServer] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def prepare(self, wanted: Mapping[Address, Pages]) -> Prepared:
        """Open the addresses that are new. Raises PagesError, and then nothing has changed.

        Host "" is every address, a name its first one, IPv4 before IPv6. Who connects to a new address waits
        until `take_over` is called, which has to be done.
        """
        new: dict[Address, _PageServer] = {}
        ours = {port for _, port in self._servers}
        try:
            for address in wanted:
                if address not in self._servers:
                    new[address] = await _PageServer.open(address, shares_port=address[1] in ours)
        except BaseException:
            for server in new.values():
                self._close(server)
            raise

        def take_over() -> None:
            for address in self._servers.keys() - wanted.keys():
                self._close(self._servers.pop(address))
            self._servers |= new
            for address, pages in wanted.items():
                self._servers[address].serve(pages)

        return Prepared(take_over)

    async def close(self) -> None:
        """Close every address. Responses under way get a second."""
        for server in self._servers.values():
            self._close(server)
        self._servers.clear()
        if self._closing:
            await asyncio.wait(self._closing)

    def _close(self, server: "_PageServer") -> None:
        server.stop()
        task = asyncio.create_task(server.drain())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


class _PageServer:
    """The pages of one address. Every request waits for the first `serve`."""

    def __init__(self) -> None:
        # Imported here: it costs memory that a process without pages should not pay.
        from aiohttp import web

        self._pages: Pages = {}
        self._is_served = asyncio.Event()
        self._http = web.Server(self._respond, access_log=None, keepalive_timeout=_IDLE_SECONDS)
        self._response = web.Response
        self._listener: asyncio.Server

    @classmethod
    async def open(cls, address: Address, shares_port: bool) -> "_PageServer":
        """Listen on an address; `shares_port`: the process has its port already. Raises PagesError."""
        server = cls()
        if not shares_port:  # then nobody else may have it
            (await _listening(address, reuse_port=False)).close()
        sock = await _listening(address, reuse_port=address[1] != 0)
        server._listener = await asyncio.get_running_loop().create_server(server._connection, sock=sock)
        return server

    def serve(self, pages: Pages) -> None:
        """Serve these from now on."""
        self._pages = pages
        self._is_served.set()

    def stop(self) -> None:
        """Take no more connections, and no more requests on those that are there."""
        self._listener.close()
        self._http.pre_shutdown()

    async def drain(self) -> None:
        """Wait a second for responses under way."""
        await self._http.shutdown(_CLOSING_SECONDS)

    def _connection(self) -> asyncio.BaseProtocol:
        connections = self._http.connections
        for oldest in connections[: max(len(connections) + 1 - MOST_CONNECTIONS, 0)]:
            oldest.force_close()
        return self._http()

    async def _respond(self, request: "web.BaseRequest") -> "web.Response":
        await self._is_served.wait()
        page = self._pages.get(request.path, lambda: _NOT_FOUND)()
        headers = {"Content-Type": page.content_type, "Server": "kdns"}
        return self._response(status=page.status, body=page.body, headers=headers)


async def _listening(address: Address, reuse_port: bool) -> socket.socket:
    """Return a socket that listens. Raises PagesError."""
    host, port = address
    try:
        if not host:
            both = socket.has_dualstack_ipv6()
            family = socket.AF_INET6 if both else socket.AF_INET
            return socket.create_server(
                (host, port), family=family, dualstack_ipv6=both, reuse_port=reuse_port
            )
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, _, _, _, place = min(found, key=lambda each: each[0] != socket.AF_INET)
        return socket.create_server(place, family=family, reuse_port=reuse_port)
    except (OSError, UnicodeError) as error:
        number = 0 if isinstance(error, socket.gaierror | UnicodeError) else error.errno
        where = f"[{host}]" if ":" in host else host or "*"
        reason = os.strerror(number) if number else str(error)
        raise PagesError(f"cannot serve HTTP on {where}:{port}: {reason}") from error
