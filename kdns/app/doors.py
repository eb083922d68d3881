"""The sockets for queries: one door for each address, which stays open from one Corefile to the next."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Mapping

from kdns.answering.plugin import Address, Connections
from kdns.answering.responder import Responder
from kdns.app.errors import StartError
from kdns.servers.addresses import ListenAddress
from kdns.servers.binding import ListenError, bind_all
from kdns.servers.limits import Limits, Quota
from kdns.servers.listeners import Listener, open_listeners
from kdns.servers.tcp import TcpListener

log = logging.getLogger("kdns")

DRAIN_SECONDS = 5.0
"""How long a door that closes waits for answers that are under way (CoreDNS's grace period)."""


class Doors:
    """The listeners of a process, by address."""

    def __init__(self) -> None:
        self._open: dict[Address, list[Listener]] = {}
        self._quota = Quota()

    def listeners(self) -> list[Listener]:
        """Return all that are open."""
        return [listener for listeners in self._open.values() for listener in listeners]

    async def open(self, responders: Mapping[Address, Responder]) -> None:
        """Open the addresses that are not open yet. Raises StartError; then it is as it was before."""
        ours = {port for _, port in self._open}
        new = {address: ListenAddress(*address) for address in responders if address not in self._open}
        async with contextlib.AsyncExitStack() as on_failure:
            for listen in new.values():
                if listen.port not in ours:
                    _check_is_free(listen)
            for address, listen in new.items():
                try:
                    opened = await open_listeners(
                        listen,
                        responders[address].respond,
                        quota=self._quota,
                        reuse_port=listen.port != 0,
                    )
                except ListenError as error:
                    raise StartError(str(error)) from error
                self._open[address] = opened
                for host, port in dict.fromkeys(listener.address for listener in opened):
                    log.info("listening on %s, UDP and TCP", ListenAddress(host, port))
                on_failure.callback(self._close, address)
            on_failure.pop_all()

    def hand_over(
        self, responders: Mapping[Address, Responder], connections: Mapping[Address, Connections]
    ) -> None:
        """Have these answer from now on: no batch of queries sees two of them."""
        for address, responder in responders.items():
            limits = _limited(connections[address])
            for listener in self._open[address]:
                listener.respond = responder.respond
                if isinstance(listener, TcpListener):
                    listener.limits = limits

    async def close_others(self, addresses: Iterable[Address]) -> None:
        """Close what is open beside these, after what clients wait for."""
        kept = set(addresses)
        closing = [self._open.pop(each) for each in list(self._open) if each not in kept]
        drains = [listener.drain(DRAIN_SECONDS) for listeners in closing for listener in listeners]
        await asyncio.gather(*drains, return_exceptions=True)

    def _close(self, address: Address) -> None:
        for listener in self._open.pop(address):
            listener.close()


def _limited(connections: Connections) -> Limits:
    queries, read, write, idle = connections
    said = {"message": read, "write": write, "idle": idle, "queries": None if queries == -1 else queries}
    return Limits(**{name: value for name, value in said.items() if value is not None})  # type: ignore[arg-type]


def _check_is_free(address: ListenAddress) -> None:
    """Raise StartError if somebody else has the address.

    Ours share their port with each other (SO_REUSEPORT), so that an address can be exchanged for a wider or
    narrower one without a gap; but to share it with another program by mistake would be worse than to fail.
    """
    try:
        sockets = bind_all(address)
    except ListenError as error:
        raise StartError(str(error)) from error
    for sock in sockets:
        sock.close()
