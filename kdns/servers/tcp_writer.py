"""Frames on their way to one client: each message behind its length, together as long as they are few.

Knows the transport and nothing of queries; the messages of a transfer come through `put` one by one.
"""

import asyncio

from kdns.servers.counters import Counters, add_one

_FLUSH_OCTETS = 16_384
_MAX_MESSAGE_OCTETS = 65_535
_LINGER_SECONDS = 1.0  # a client's next query may be on its way when we have finished


class FrameWriter:
    """Collects the responses of one turn and writes them at once; `is_blocked` is for the protocol to set."""

    def __init__(self, transport: asyncio.Transport, counters: Counters) -> None:
        self._transport = transport
        self._counters = counters
        self._frames: list[bytes] = []
        self._octets = 0
        self.is_blocked = False
        self._has_finished = False

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be sent, and nothing more will come."""
        return self._has_finished and not self._transport.get_write_buffer_size()

    def put(self, message: bytes) -> None:
        """Add one message, to be written at the next `flush` or when there are many octets already."""
        octets = len(message)
        if octets > _MAX_MESSAGE_OCTETS:
            add_one(self._counters.dropped, "overlong")
            return
        self._counters.sent += 1
        self._frames += octets.to_bytes(2, "big"), message
        self._octets += octets
        if self._octets >= _FLUSH_OCTETS:
            self.flush()

    def flush(self) -> None:
        """Hand over what has been put; the transport says, before this returns, if it is too much."""
        if self._frames:
            octets = b"".join(self._frames)
            self._frames.clear()
            self._octets = 0
            self._transport.write(octets)

    def finish(self) -> None:
        """Say that nothing more will come; close after a while, in which the client should do so."""
        self._has_finished = True
        try:
            self._transport.write_eof()
        except OSError:  # the client has reset the connection, and nobody has read that yet
            self._transport.abort()
            return
        asyncio.get_running_loop().call_later(_LINGER_SECONDS, self._transport.close)
