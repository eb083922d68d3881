"""The TO words of `forward`: each is an upstream's address, or a resolv.conf that names some.

Files are read here; no name is looked up.
"""

import ipaddress
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from kdns.corefile.errors import CorefileError, nearest, shown, unexpected
from kdns.corefile.values import Word
from kdns.upstreams.options import DNS_PORT, TLS_PORT, Address, endpoint
from kdns.upstreams.resolvconf import NoNameServers, name_servers
from kdns.upstreams.upstream import Scheme
from kdns.wire.names import BadName, from_text

log = logging.getLogger("kdns.plugins.forward")

MOST = 15
"""How many TOs a directive may have. A file is one, whatever it names."""

_SCHEMES: dict[str, tuple[Scheme, int]] = {"dns": ("dns", DNS_PORT), "tls": ("tls", TLS_PORT)}
_NOT_YET = {"https": "DNS over HTTPS"}
_EXPECTED = "an IP address, IP:port, tls://IP%servername, or a file such as /etc/resolv.conf"
_PORT = re.compile(r"[0-9]{1,5}")


class To(NamedTuple):
    """An upstream. `server_name` is what its certificate has to be for, "" is its address."""

    address: Address
    scheme: Scheme = "dns"
    server_name: str = ""


def upstreams(words: Sequence[Word], server_name: str = "") -> tuple[To, ...]:
    """Return the upstreams that these words name, each address once, in order.

    `server_name` is that of all that are reached over TLS; none of them may have another. A file that names
    nobody is passed over, as long as there is somebody.
    """
    if len(words) > MOST:
        raise unexpected(words[MOST], f"at most {MOST} upstreams")
    found: dict[Address, To] = {}
    for word in words:
        for to in _read(word, server_name):
            found.setdefault(to.address, to)
    if not found:
        raise CorefileError(
            words[0].position, f"{shown(words[0].text)}, which names no name server", _EXPECTED
        )
    return tuple(found.values())


def read_server_name(word: Word, text: str) -> str:
    """Return the name of a server as TLS has it, without a final dot. `word` is where it stands."""
    name = text.removesuffix(".")
    try:
        from_text(name)
    except BadName as error:
        raise CorefileError(word.position, f"{shown(text)} ({error})", "the name of a server") from error
    return name


def _read(word: Word, server_name: str) -> tuple[To, ...]:
    prefix, rest = _split_scheme(word)
    scheme, default_port = _SCHEMES[prefix]
    host, port = _split_port(rest)
    # After the "%" is a server's name, or the zone of an IPv6 address (RFC 4007).
    host, _, after = host.partition("%")
    if not _is_ip(host):
        return _name_servers(word, rest, scheme)
    number = default_port if port is None else _port_number(word, port)
    if scheme == "dns":
        return (To(_zoned(host, after, number)),)
    if after and server_name:
        found = f"{shown(word.text)} beside the tls_servername {shown(server_name)}"
        raise CorefileError(word.position, found, "one name for this server")
    return (To(Address(host, number), scheme, read_server_name(word, after or server_name)),)


def _split_scheme(word: Word) -> tuple[str, str]:
    """Return the scheme, one of `_SCHEMES`, and what follows it."""
    prefix, separator, rest = word.text.partition("://")
    if not separator:
        return "dns", word.text
    if prefix in _NOT_YET:
        found = f"{shown(word.text)}: {_NOT_YET[prefix]}, which kdns does not have yet"
        raise CorefileError(word.position, found, "dns:// or tls://")
    if prefix not in _SCHEMES or not rest:
        meant = nearest(prefix, _SCHEMES) if rest else None
        raise CorefileError(word.position, shown(word.text), _EXPECTED, meant and f"{meant}://{rest}")
    return prefix, rest


def _split_port(text: str) -> tuple[str, str | None]:
    """Split host:port or [host]:port, where only the latter may be an IPv6 address, as in Go."""
    if text.startswith("["):
        host, bracket, after = text[1:].partition("]")
        if bracket and after.startswith(":"):
            return host, after[1:]
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, port
    return text.strip("[]"), None


def _port_number(word: Word, text: str) -> int:
    if not _PORT.fullmatch(text) or not 0 < int(text) < 1 << 16:
        raise unexpected(word, "a port from 1 to 65535 after the colon")
    return int(text)


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _zoned(host: str, zone: str, port: int = DNS_PORT) -> Address:
    """Return the address with its IPv6 zone, unless that is no interface of this machine."""
    if not zone or ":" not in host:
        return Address(host, port)
    address = Address(f"{host}%{zone}", port)
    try:
        endpoint(address)
    except ValueError:
        log.warning("%s: this machine has no such interface; the address is used without it", address.host)
        return Address(host, port)
    return address


def _name_servers(word: Word, path: str, scheme: Scheme) -> tuple[To, ...]:
    """Return the name servers of the resolv.conf that a word must be if it is no address."""
    path = path.strip("[]")
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        found = f"{shown(word.text)}, which is neither an IP address nor a file ({reason})"
        raise CorefileError(word.position, found, f"{_EXPECTED}; host names are not looked up yet") from error
    if scheme != "dns":
        found = f"{shown(word.text)}, a file, whose name servers are not asked over TLS"
        raise CorefileError(word.position, found, "the file without a scheme, or tls:// and an IP address")
    try:
        servers = name_servers(text)
    except NoNameServers as error:
        log.warning("%s: %s", path, error)
        return ()
    for complaint in servers.complaints:
        log.warning("%s: %s", path, complaint)
    split = (address.partition("%") for address in servers.addresses)
    return tuple(To(_zoned(host, zone)) for host, _, zone in split)
