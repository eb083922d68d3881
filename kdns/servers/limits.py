"""How much one process takes on: the limits, and what of them is in use over all its listeners.

The numbers and who has to go when they are reached; no sockets and no clocks.
"""

import math
from dataclasses import dataclass
from typing import Literal, Protocol

from kdns.servers.transfers import Transfers

Phase = Literal["incomplete", "idle", "busy", "slow"]
"""What a connection is waiting for: the rest of a message, the next one, us, or for the client to read."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Times are seconds, the rest are counts."""

    waiting: int = 4096
    """Responses that are awaited at once, over all listeners; a query beyond is dropped."""
    connections: int = 1000
    """Open connections, over all listeners; one more and the one that has been idle longest goes."""
    pipelined: int = 128
    """Awaited responses of one connection; with so many nothing more is read from it."""
    transfers: int = 16
    """Zone transfers under way at once, over all listeners; others wait until one of them is done."""
    idle: float = 10.0
    """A connection that asks nothing for so long is closed."""
    message: float = 3.0
    """From a message's first octet to its last; from the connection to the end of its first message."""
    write: float = 5.0
    """How long a client may take to read what it was sent, once the buffers are full."""
    queries: float = math.inf
    """How many queries one connection may bring; then it is closed."""
    sweep: float = 1.0
    """How often connections are checked, and so the grain of the three times above."""

    def patience(self, phase: Phase) -> float:
        """Return how long a connection may be in a phase. Whoever made an awaitable bounds that."""
        times = {"incomplete": self.message, "idle": self.idle, "slow": self.write}
        return times.get(phase, math.inf)


class Evictable(Protocol):
    """A connection, as the quota sees it."""

    @property
    def idle_since(self) -> float | None:
        """When it last was busy, None if it is now."""

    def end(self, reason: str) -> None:
        """Close it and count why."""


class Quota:
    """What is in use of the limits. One for the whole process, shared by its listeners."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.waiting = 0
        self.transfers = Transfers(self.limits.transfers)
        self.connections: set[Evictable] = set()

    def admit(self, connection: Evictable) -> bool:
        """Take a new connection in, if need be at the cost of the one that has been idle longest.

        An idle connection is worth less than a client that has something to ask: whoever keeps one must be
        ready to find it closed (RFC 7766, section 6.2.3), whereas a refused client gets no answer at all,
        and anyone could lock everyone out by holding on to connections. Only if all are busy is the new one
        refused: False.
        """
        if len(self.connections) >= self.limits.connections:
            idle = [(since, other) for other in self.connections if (since := other.idle_since) is not None]
            if not idle:
                return False
            victim = min(idle, key=lambda pair: pair[0])[1]
            self.connections.discard(victim)
            victim.end("evicted")
        self.connections.add(connection)
        return True
