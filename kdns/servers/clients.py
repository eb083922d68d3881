"""Who sent a packet, for `respond` to ask if it wants to know (kdns.answering.clients.Client).

Reading an address costs more than most answers, so it is read when asked for and not before.
"""

import struct
from functools import lru_cache
from socket import AF_INET, AF_INET6, AddressFamily, inet_ntop, inet_pton

Peer = tuple[str, int] | tuple[str, int, int, int]

_IN = struct.Struct("!2xH4s")  # struct sockaddr_in: family, port, address
_IN6 = struct.Struct("!2xHI16s")  # struct sockaddr_in6: family, port, flow, address, and then
_SCOPE = struct.Struct("=I")  # the scope, alone in the byte order of the machine


def decode_peer(family: AddressFamily, sockaddr: bytes) -> Peer:
    """Read the kernel's form of an address: (text, port), for IPv6 (text, port, flow, scope)."""
    if family == AF_INET:
        port, packed = _IN.unpack_from(sockaddr)
        return inet_ntop(AF_INET, packed), port
    port, flow, packed = _IN6.unpack_from(sockaddr)
    return inet_ntop(AF_INET6, packed), port, flow, _SCOPE.unpack_from(sockaddr, 24)[0]


@lru_cache(maxsize=1024)
def _host(text: str) -> bytes:
    return inet_pton(AF_INET6, text.partition("%")[0]) if ":" in text else inet_pton(AF_INET, text)


class StreamClient:
    """The other end of a connection."""

    __slots__ = ("address", "is_stream", "kind")

    def __init__(self, address: tuple[str, int]) -> None:
        self.is_stream = True
        self.kind = 3 if ":" in address[0] else 1
        self.address = address

    @property
    def host(self) -> bytes:
        return _host(self.address[0])


class DatagramClient:
    """The sender of one datagram whose address has been read already."""

    __slots__ = ("_peer", "is_stream", "kind")

    def __init__(self, peer: Peer) -> None:
        self.is_stream = False
        self.kind = 2 if ":" in peer[0] else 0
        self._peer = peer

    @property
    def address(self) -> tuple[str, int]:
        return self._peer[0], self._peer[1]

    @property
    def host(self) -> bytes:
        return _host(self._peer[0])


class SlotClient:
    """The sender of whatever datagram is in a slot of a batch: one object, a new client each time."""

    __slots__ = ("_family", "_host", "_sockaddr", "is_stream", "kind")

    def __init__(self, family: AddressFamily, sockaddr: memoryview) -> None:
        self.is_stream = False
        self.kind = 2 if family == AF_INET6 else 0
        self._family = family
        self._sockaddr = sockaddr
        self._host = sockaddr[8:24] if family == AF_INET6 else sockaddr[4:8]

    @property
    def peer(self) -> Peer:
        """The whole address, to send to."""
        return decode_peer(self._family, self._sockaddr.tobytes())

    @property
    def address(self) -> tuple[str, int]:
        peer = self.peer
        return peer[0], peer[1]

    @property
    def host(self) -> bytes:
        return self._host.tobytes()
