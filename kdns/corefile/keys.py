"""The keys of a server block: [scheme://]zone[:port], where the zone may be a network (10.96.0.0/12).

They are read as CoreDNS reads them, which takes nearly any text for a zone; what was hardly meant as one
is noticed. Which schemes are served is for others to say.
"""

import re
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from kdns.corefile.errors import CorefileError, nearest, shown, unexpected
from kdns.corefile.values import Key, Notice, Word
from kdns.wire.names import BadName, Name, fold, from_text

SCHEMES = {"dns": 53, "tls": 853, "https": 443, "https3": 443, "grpc": 443, "quic": 853}
"""The default port of each; of dns another may be chosen on the command line."""

_PORT = re.compile(r"[+-]?[0-9]+")
_NETWORK = re.compile(r"([0-9a-fA-F.:]+)/([0-9]{1,9})")
_ODD = re.compile(r"[\s\[\](){},:]")
_LABEL_BITS = {4: 8, 6: 4}


def read_keys(word: Word, default_port: int, notices: list[Notice]) -> tuple[Key, ...]:
    """Read a key; a network may be several. Raises CorefileError."""
    scheme, address = _scheme(word)
    address, port = split_port(word, address)
    if port is None:
        port = default_port if scheme == "dns" else SCHEMES[scheme]
    if _is_odd(address):
        notices.append(Notice(word.position, f"{shown(word.text)} is read as the zone {shown(address)}"))
    zones = zones_from_text(word, address)
    return tuple(Key(scheme, zone, port, word.text, word.position) for zone in zones)


def _scheme(word: Word) -> tuple[str, str]:
    scheme, separator, address = word.text.partition("://")
    if not separator:
        return "dns", word.text
    if scheme in SCHEMES and "://" not in address:
        return scheme, address
    expected = "one of " + ", ".join(f"{each}://" for each in SCHEMES) + " and a zone"
    meant = nearest(scheme, SCHEMES) if scheme not in SCHEMES else None
    raise CorefileError(word.position, shown(word.text), expected, meant and f"{meant}://")


def split_port(word: Word, address: str) -> tuple[str, int | None]:
    """Split off the port where there is one: what follows the last colon, if it is a number."""
    zone, colon, port = address.rpartition(":")
    if not address or address.endswith(":"):
        raise unexpected(word, "a zone, or zone:port")
    if not colon or not _PORT.fullmatch(port):
        return address, None
    if len(port) > 9 or not 0 <= int(port) <= 65535:
        raise unexpected(word, "a port up to 65535 after the colon")
    if not zone:
        raise unexpected(word, f"a zone before the port, '.:{port}' for all names")
    return zone, int(port)


def zones_from_text(word: Word, address: str) -> tuple[Name, ...]:
    """Return the zone that an address is, or the reverse zones of a network. Raises CorefileError.

    `word` is where it was found, for the message.
    """
    network = _network(address)
    if network is None:
        return (_zone(word, address),)
    if network.version == 6 and address[0] in ":0":
        raise unexpected(word, "a network that begins with a digit other than 0")
    return tuple(_reverse_zones(network))


def _is_odd(address: str) -> bool:
    """Tell whether this was hardly meant as a zone. RFC 2317's names have slashes in them."""
    if _network(address) is not None:
        return False
    return _ODD.search(address) is not None or _is_address(address.partition("/")[0])


def _zone(word: Word, address: str) -> Name:
    try:
        return fold(from_text("@." if address == "@" else address))  # no origin is known here
    except BadName as error:
        found = f"{shown(word.text)} ({error})"
        raise CorefileError(word.position, found, "a domain name or network") from error


def _network(address: str) -> IPv4Network | IPv6Network | None:
    """Return the network in CIDR notation that this is. Bits behind the prefix may be set."""
    match = _NETWORK.fullmatch(address)
    if match is None or not _is_address(match[1]):
        return None
    base, prefix = ip_address(match[1]), int(match[2])
    return ip_network((base, prefix), strict=False) if prefix <= base.max_prefixlen else None


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _reverse_zones(network: IPv4Network | IPv6Network) -> Iterator[Name]:
    """Yield the zones that together are a network: it is split where its prefix ends within a label."""
    bits = _LABEL_BITS[network.version]
    prefix = -(-network.prefixlen // bits) * bits
    labels_left = (network.max_prefixlen - prefix) // bits
    for part in network.subnets(new_prefix=prefix):
        labels = part.network_address.reverse_pointer.split(".")
        yield from_text(".".join(labels[labels_left:]) + ".")
