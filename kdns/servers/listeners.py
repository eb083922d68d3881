"""From an address to running listeners; the door through which the rest of kdns enters this room.

Chooses between implementations, which behave alike, and starts what `binding` has opened.
"""

import socket
from typing import Protocol

from kdns.answering.clients import Respond
from kdns.servers import mmsg
from kdns.servers.addresses import ListenAddress
from kdns.servers.binding import bind_all
from kdns.servers.counters import Counters
from kdns.servers.limits import Quota
from kdns.servers.tcp import TcpListener
from kdns.servers.udp import UdpListener
from kdns.servers.udp_batched import BatchedUdpListener
from kdns.servers.udp_plain import PlainUdpListener


class Listener(Protocol):
    """One socket being served. `respond` may be replaced at any time: no batch sees two of them."""

    respond: Respond
    counters: Counters
    protocol: str
    family: socket.AddressFamily
    address: tuple[str, int]

    async def start(self) -> None: ...

    async def drain(self, grace: float) -> None: ...

    def close(self) -> None: ...


async def open_listeners(
    address: ListenAddress,
    respond: Respond,
    *,
    quota: Quota | None = None,
    reuse_port: bool = False,
    batched: bool | None = None,
) -> list[Listener]:
    """Serve an address over UDP and TCP, all on one port, also if that is 0: any free one.

    Give every call the same `quota`: it is the process that has limits, not the address. `batched` picks how
    UDP is read, None the better one that works here. Raises ListenError; then nothing is left open.
    """
    quota = quota or Quota()
    udp: type[UdpListener] = PlainUdpListener
    if batched or (batched is None and mmsg.is_available()):
        udp = BatchedUdpListener
    listeners: list[Listener] = [
        (udp if sock.type == socket.SOCK_DGRAM else TcpListener)(sock, respond, quota)
        for sock in bind_all(address, reuse_port)
    ]
    for listener in listeners:
        await listener.start()
    return listeners
