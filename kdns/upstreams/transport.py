"""The shape of a way to an upstream: `udp` and `streams` are two of it, and an upstream holds one of each."""

from typing import Protocol

from kdns.wire.replies import Reply


class Transport(Protocol):
    """Exchanges with one address over one protocol."""

    async def exchange(self, query: bytes, deadline: float) -> Reply:
        """Send the query under an id of its own; return the reply under the query's.

        `deadline` is by the event loop's clock; the read timeout may end the wait earlier. Raises
        UpstreamError; Malformed for octets that are no query.
        """
        ...

    async def close(self) -> None:
        """Fail what waits with Closed and leave no socket or task behind."""
        ...
