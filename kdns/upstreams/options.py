"""How an upstream is talked to, as values: an address and the times and limits that hold for it.

Texts of the Corefile are read elsewhere; no name is looked up.
"""

import ipaddress
import socket
import ssl
from dataclasses import dataclass
from typing import NamedTuple

from kdns.wire.names import ROOT, Name

DNS_PORT, TLS_PORT = 53, 853


class Address(NamedTuple):
    """An IP address, an IPv6 one with its zone if it has one, and a port. Prints as Go prints it."""

    host: str
    port: int = DNS_PORT

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Endpoint(NamedTuple):
    """An address as the kernel takes it."""

    family: socket.AddressFamily
    sockaddr: tuple[str, int] | tuple[str, int, int, int]


def endpoint(address: Address) -> Endpoint:
    """Return the address as the kernel takes it. Raises ValueError for a host that is none, or whose
    zone is no interface of this machine."""
    try:
        ipaddress.ip_address(address.host)
        found = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)
    except (OSError, ValueError) as error:
        raise ValueError(f"{address.host!r} is no IP address of an upstream ({error})") from error
    family, _, _, _, sockaddr = found[0]
    # With the zone in its number only: a "%" sends asyncio to a thread that resolves names.
    host = str(sockaddr[0]).partition("%")[0]
    return Endpoint(family, (host, *sockaddr[1:]))


@dataclass(frozen=True, slots=True)
class Options:
    """Times in seconds. The defaults are CoreDNS's; where 0 is special it means "no limit".

    `max_fails`: probes that may fail in a row before the upstream is down; 0: it never is, nor is it probed.
    `expire`: how long a stream may be idle; 0: none is kept. `tls` and `server_name` matter to DoT only; an
    empty name is the address itself.
    """

    read_timeout: float = 2.0
    expire: float = 10.0
    max_age: float = 0.0
    max_idle_conns: int = 0
    source_address: str = ""
    tls: ssl.SSLContext | None = None
    server_name: str = ""
    max_fails: int = 2
    probe_interval: float = 0.5
    probe_timeout: float = 1.0
    probe_name: Name = ROOT
    probe_recursion: bool = True
    probe_over_tcp: bool = False
