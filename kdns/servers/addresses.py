"""Where to listen, as people write it: ADDR:PORT, [ADDR]:PORT, :PORT, *:PORT or ADDR.

Text in, a value out; no socket is opened here and no name is looked up.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import AF_INET, AF_INET6, AddressFamily

DNS_PORT = 53
EVERY_ADDRESS = {AF_INET: "0.0.0.0", AF_INET6: "::"}

_BRACKETED = re.compile(r"\[(?P<host>[^]]*)\](?::(?P<port>.*))?")
_PLAIN = re.compile(r"(?P<host>[^:]*)(?::(?P<port>[^:]*))?")


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """An address and a port. Host "" is every address, in both families; port 0 is any free one."""

    host: str
    port: int

    def by_family(self) -> list[tuple[AddressFamily, str]]:
        """Return one (family, host) for each socket that is needed; one socket serves one family only."""
        if not self.host:
            return list(EVERY_ADDRESS.items())
        return [(AF_INET6 if ":" in self.host else AF_INET, self.host)]

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_listen(text: str, default_port: int = DNS_PORT) -> ListenAddress:
    """Read an address to listen on; ":53" and "*:53" mean every address in both families.

    Raises ValueError with a sentence that says what is wrong. An IPv6 address needs its brackets:
    without them "::1:53" is an address too.
    """
    match = (_BRACKETED if text.startswith("[") else _PLAIN).fullmatch(text)
    if match is None or not text:
        raise ValueError(
            f"cannot read {text!r} as an address to listen on: expected ADDR:PORT, [IPV6]:PORT or :PORT"
            + ("; an IPv6 address is written in brackets, [::1]:53" if text.count(":") > 1 else "")
        )
    host, port = match["host"], match["port"]
    bracketed = text.startswith("[")
    return ListenAddress(_host(host, text, bracketed), default_port if port is None else _port(port, text))


def is_wildcard(host: str) -> bool:
    """Tell whether a socket bound to `host` receives what is sent to any address of the machine."""
    return host in EVERY_ADDRESS.values()


def _host(host: str, text: str, bracketed: bool) -> str:
    if host in ("", "*") and not bracketed:
        return ""
    try:
        address: IPv4Address | IPv6Address = ip_address(host)
    except ValueError:
        hint = f"; did you mean :{host}?" if host.isdigit() else ""
        raise ValueError(f"cannot listen on {text!r}: {host!r} is not an IP address{hint}") from None
    if bracketed != (address.version == 6):
        raise ValueError(f"cannot listen on {text!r}: brackets are for IPv6 addresses, and only for them")
    return str(address)


def _port(port: str, text: str) -> int:
    if not (port.isascii() and port.isdigit() and int(port) <= 65535):
        raise ValueError(f"cannot listen on {text!r}: {port!r} is not a port, a number from 0 to 65535")
    return int(port)
