"""The name servers that an /etc/resolv.conf names (resolv.conf(5)): text in, addresses and complaints out.

Reads nothing else from it: search paths and options are the pods', not ours. No file is opened here.
"""

import ipaddress
from typing import NamedTuple

_COMMENT = ("#", ";")


class NameServers(NamedTuple):
    """Addresses in the order of the file, each once, IPv6 ones with their zone; and for each line that
    names none a sentence that says so."""

    addresses: tuple[str, ...]
    complaints: tuple[str, ...]


class NoNameServers(ValueError):
    """A resolv.conf that names no name server."""


def name_servers(text: str) -> NameServers:
    """Return the name servers of a resolv.conf. Raises NoNameServers, which repeats the complaints."""
    addresses: list[str] = []
    complaints: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        keyword, *words = line.split() or [""]
        if keyword != "nameserver":
            continue
        word = words[0] if words and not words[0].startswith(_COMMENT) else ""
        try:
            addresses.append(_address(word))
        except ValueError:
            complaints.append(
                f"line {number}: found {word or 'nothing'} after nameserver, expected an IP address"
            )
    if not addresses:
        raise NoNameServers("; ".join(["no nameservers found", *complaints]))
    return NameServers(tuple(dict.fromkeys(addresses)), tuple(complaints))


def _address(word: str) -> str:
    """Return an address as `ipaddress` writes it. Raises ValueError."""
    return str(ipaddress.ip_address(word))
