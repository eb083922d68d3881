"""What the connections of one TCP listener have in common."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kdns.answering.clients import Respond
from kdns.servers.awaited import Failures
from kdns.servers.counters import Counters
from kdns.servers.limits import Limits, Quota

if TYPE_CHECKING:
    from kdns.servers.tcp_connection import Connection

READ_OCTETS = 16_384
"""Read at once, for all connections into one buffer: what asyncio reads it hands over at once."""


@dataclass(slots=True, eq=False)
class Shared:
    """What the connections of one listener have in common."""

    respond: Respond
    quota: Quota
    limits: Limits
    counters: Counters
    failures: Failures
    connections: "set[Connection]" = field(default_factory=set)
    finishing: bool = False
    """Connections are closed as soon as they are idle."""
    stopping: bool = False
    """No connection is taken on any more."""
    buffer: memoryview = field(default_factory=lambda: memoryview(bytearray(READ_OCTETS)))
