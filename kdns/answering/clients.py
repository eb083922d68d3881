"""What a server tells about whoever sent a packet, and the function it hands packets to."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol, TypeAlias


class Client(Protocol):
    """The sender of a packet. Valid until the call that got it returns; whoever waits copies what it needs.

    `kind` is 0 for UDP over IPv4, 1 for TCP over IPv4, 2 and 3 for the same over IPv6; `is_stream` tells TCP
    (a response may fill 65,535 octets) from UDP; `address` is (text, port), `host` the address's 4 or 16
    octets, which are cheaper to get.
    """

    kind: int
    is_stream: bool

    @property
    def address(self) -> tuple[str, int]: ...

    @property
    def host(self) -> bytes: ...


Answer: TypeAlias = bytes | Iterator[bytes] | None
"""A response, the messages of a zone transfer, or silence. Transfers go over TCP only; each `b""` in one is a
place to let others have their turn."""

Respond: TypeAlias = Callable[[bytes, Client], "Answer | Awaitable[Answer]"]
"""Gets one message (without TCP's length prefix) and gives the answer, or an awaitable of it. Never raises,
whatever the octets."""
