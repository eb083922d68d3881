"""Sockets made and bound, and what to tell people when that fails.

The only place that sets socket options; nothing is read or written here.
"""

import contextlib
import errno
import socket
from collections.abc import Iterator
from socket import SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET, AddressFamily, SocketKind

from kdns.servers.addresses import ListenAddress, is_wildcard
from kdns.servers.pktinfo import PKTINFO

BACKLOG = 1024
_RECEIVE_BUFFER = 4 << 20  # for the moments in which the loop is elsewhere; the kernel caps it (rmem_max)
_PORT_ATTEMPTS = 32
_NO_SUCH_FAMILY = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)

_HINTS = {
    errno.EADDRINUSE: "another program has this port; `ss -lnptu` shows which",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.EAFNOSUPPORT: "this machine has no IPv6",
}


class ListenError(Exception):
    """An address cannot be listened on; the text is a sentence for whoever chose it. `errno` is the cause."""

    def __init__(self, address: ListenAddress, kind: SocketKind, error: OSError) -> None:
        reason = _HINTS.get(error.errno or 0, error.strerror or str(error))
        if error.errno == errno.EACCES and 0 < address.port < 1024:
            reason = (
                f"port {address.port} needs CAP_NET_BIND_SERVICE, as all below 1024 do; "
                "grant it, or choose a port such as 1053"
            )
        super().__init__(f"cannot listen on {address} ({_PROTOCOLS[kind]}): {reason}")
        self.errno = error.errno


_PROTOCOLS = {SOCK_DGRAM: "UDP", SOCK_STREAM: "TCP"}


def bind_all(address: ListenAddress, reuse_port: bool = False) -> list[socket.socket]:
    """Open the sockets of an address: UDP and TCP, in each of its families, all on one port.

    Where every address is meant and the machine has no IPv6, those of IPv4 are enough. Raises ListenError.
    """
    for attempt in range(_PORT_ATTEMPTS):
        try:
            return _bind_once(address, reuse_port)
        except ListenError as error:
            # With port 0 the kernel chose for the first socket a port that another one cannot have.
            again = address.port == 0 and error.errno == errno.EADDRINUSE and attempt < _PORT_ATTEMPTS - 1
            if not again:
                raise
    raise AssertionError("the last attempt returns or raises")


def _bind_once(address: ListenAddress, reuse_port: bool) -> list[socket.socket]:
    port = address.port
    with contextlib.ExitStack() as opened:
        sockets: list[socket.socket] = []
        for family, kind, host in _wanted(address):
            try:
                sock = _bind(family, kind, host, port, reuse_port)
            except OSError as error:
                if sockets and not address.host and error.errno in _NO_SUCH_FAMILY:
                    continue
                raise ListenError(ListenAddress(host, port), kind, error) from error
            opened.enter_context(sock)
            port = sock.getsockname()[1]
            sockets.append(sock)
        opened.pop_all()
        return sockets


def _wanted(address: ListenAddress) -> Iterator[tuple[AddressFamily, SocketKind, str]]:
    for family, host in address.by_family():
        for kind in (SOCK_DGRAM, SOCK_STREAM):
            yield family, kind, host


def _bind(family: AddressFamily, kind: SocketKind, host: str, port: int, reuse_port: bool) -> socket.socket:
    with contextlib.ExitStack() as on_failure:
        sock = on_failure.enter_context(socket.socket(family, kind))
        sock.setblocking(False)
        if family == socket.AF_INET6:
            # One socket, one family: the address of a client is never an IPv4 address in IPv6 clothes.
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if reuse_port:
            sock.setsockopt(SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if kind == SOCK_DGRAM:
            # Never SO_REUSEADDR here: for UDP it lets another socket of this user take the port over.
            sock.setsockopt(SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            if is_wildcard(host):
                sock.setsockopt(PKTINFO[family].level, PKTINFO[family].option, 1)
        else:
            sock.setsockopt(SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(socket.getaddrinfo(host, port, family, kind, flags=socket.AI_NUMERICHOST)[0][4])
        if kind == SOCK_STREAM:
            sock.listen(BACKLOG)
        on_failure.pop_all()
        return sock
