"""Networks: read in CIDR notation, and found by an address in a step for each length of prefix."""

import re
from collections.abc import Iterable
from ipaddress import ip_network
from typing import NamedTuple

from kdns.corefile.errors import unexpected
from kdns.corefile.values import Word

_CIDR = re.compile(r"[0-9a-fA-F:.]+/[0-9]{1,9}", re.ASCII)


class Network(NamedTuple):
    """Addresses of `length` octets whose bits under `mask` are `number`."""

    number: int
    mask: int
    length: int


EVERYWHERE = Network(0, 0, 4), Network(0, 0, 16)


def network(word: Word) -> Network:
    """Read a network in CIDR notation; bits behind the prefix may be set."""
    try:
        found = ip_network(word.text, strict=False) if _CIDR.fullmatch(word.text) else None
    except ValueError:
        found = None
    if found is None:
        raise unexpected(word, "a network such as 10.0.0.0/8")
    return Network(int(found.network_address), int(found.netmask), found.max_prefixlen // 8)


class Networks:
    """A set of addresses, as octets. Equal ones have equal networks."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self.networks = frozenset(networks)
        self._numbers: dict[int, dict[int, set[int]]] = {}
        for each in self.networks:
            self._numbers.setdefault(each.length, {}).setdefault(each.mask, set()).add(each.number)

    def __contains__(self, octets: bytes) -> bool:
        number = int.from_bytes(octets, "big")
        masks = self._numbers.get(len(octets), {})
        return any(number & mask in numbers for mask, numbers in masks.items())
