"""Which objects have an address: the index that every kind of object with addresses has."""

from bisect import bisect_left
from collections.abc import Iterable


class Index(dict[str, tuple[tuple[str, str], ...]]):
    """Address → the sorted (namespace, name) keys that have it."""

    def add(self, address: str, key: tuple[str, str]) -> None:
        held = self.get(address, ())
        at = bisect_left(held, key)
        if held[at : at + 1] != (key,):
            self[address] = (*held[:at], key, *held[at:])

    def remove(self, address: str, key: tuple[str, str]) -> None:
        rest = tuple(held for held in self.get(address, ()) if held != key)
        if rest:
            self[address] = rest
        else:
            self.pop(address, None)

    def replace(self, key: tuple[str, str], before: Iterable[str], after: Iterable[str]) -> None:
        """Have a key at the addresses `after`, and no longer at those `before` that are not among them."""
        gone, there = set(before), set(after)
        for address in gone - there:
            self.remove(address, key)
        for address in there - gone:
            self.add(address, key)
