"""In which order a query tries the upstreams: the Corefile's `policy`, as functions of the list."""

import random
from collections.abc import Callable, Sequence
from itertools import count
from typing import Protocol, TypeVar

T = TypeVar("T")


class Order(Protocol):
    """Puts upstreams in the order in which the next query tries them."""

    def __call__(self, upstreams: Sequence[T], /) -> Sequence[T]: ...


def shuffled(upstreams: Sequence[T]) -> Sequence[T]:
    """Return them in a random order."""
    return random.sample(upstreams, len(upstreams)) if len(upstreams) > 1 else upstreams


def as_written(upstreams: Sequence[T]) -> Sequence[T]:
    """Return them as they are."""
    return upstreams


def in_turn() -> Order:
    """Return an order that begins with the next one each time, the others following as written."""
    turns = count(1)

    def rotated(upstreams: Sequence[T]) -> Sequence[T]:
        first = next(turns) % len(upstreams)
        return [upstreams[first], *upstreams[:first], *upstreams[first + 1 :]]

    return rotated


POLICIES: dict[str, Callable[[], Order]] = {
    "random": lambda: shuffled,
    "round_robin": in_turn,
    "sequential": lambda: as_written,
}
"""The Corefile's word → what makes an order; each group has its own."""
