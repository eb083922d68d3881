"""Zone transfers of the whole process: one slice of one of them in each turn of the event loop.

However many there are, queries and events wait for two milliseconds at the most. Knows no sockets and no DNS.
"""

import asyncio
import time
from collections.abc import Iterator
from typing import Protocol

SLICE_SECONDS = 0.002


class Receiver(Protocol):
    """Who a transfer is for. `is_blocked`: it can take nothing more at the moment."""

    @property
    def is_blocked(self) -> bool: ...

    def take(self, message: bytes) -> None:
        """Send one message."""

    def paused(self) -> None:
        """Learn that it is somebody else's turn."""

    def transferred(self, error: Exception | None) -> None:
        """Learn that all has been taken, or what has ended it before that."""


class Transfers:
    """The transfers, each by its receiver, who has one at most. `limit` are under way at once; others wait.

    A message is asked for when the one before it has been taken and the receiver is not blocked, so that what
    is not sent yet takes no memory.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._begun: dict[Receiver, Iterator[bytes]] = {}
        self._waiting: dict[Receiver, Iterator[bytes]] = {}
        self._ready: dict[Receiver, None] = {}
        self._turn: asyncio.Handle | None = None

    def add(self, receiver: Receiver, messages: Iterator[bytes]) -> None:
        """Begin a transfer as soon as there is room for it; b"" among the messages only takes its time."""
        self._waiting[receiver] = messages
        self._begin_others()

    def resume(self, receiver: Receiver) -> None:
        """Go on with a receiver that was blocked; does nothing for one without a transfer under way."""
        if receiver in self._begun:
            self._ready[receiver] = None
            self._take_turns()

    def drop(self, receiver: Receiver) -> None:
        """Forget a receiver and its transfer, if it has one."""
        messages = self._begun.pop(receiver, None)
        self._waiting.pop(receiver, None)
        self._ready.pop(receiver, None)
        if messages is not None:
            _close(messages)
            self._begin_others()

    def is_waiting(self, receiver: Receiver) -> bool:
        """Tell whether a receiver waits for others to be done."""
        return receiver in self._waiting

    def _begin_others(self) -> None:
        while self._waiting and len(self._begun) < self._limit:
            receiver = next(iter(self._waiting))
            self._begun[receiver] = self._waiting.pop(receiver)
            self._ready[receiver] = None
        self._take_turns()

    def _take_turns(self) -> None:
        if self._ready and self._turn is None:
            self._turn = asyncio.get_running_loop().call_soon(self._step)

    def _step(self) -> None:
        """Give the receiver that has waited longest its slice."""
        self._turn = None
        if self._ready:
            receiver = next(iter(self._ready))
            del self._ready[receiver]
            self._serve(receiver)
            self._take_turns()

    def _serve(self, receiver: Receiver) -> None:
        until = time.perf_counter() + SLICE_SECONDS
        try:
            while not receiver.is_blocked:
                if message := next(self._begun[receiver], None):
                    receiver.take(message)
                elif message is None:
                    self._end(receiver, None)
                    return
                if time.perf_counter() >= until:
                    self._ready[receiver] = None
                    break
        except Exception as error:  # noqa: BLE001 - only this transfer may suffer; its receiver logs it
            self._end(receiver, error)
        else:
            receiver.paused()

    def _end(self, receiver: Receiver, error: Exception | None) -> None:
        self.drop(receiver)
        receiver.transferred(error)


def _close(messages: Iterator[bytes]) -> None:
    """Let a generator clean up after itself."""
    close = getattr(messages, "close", None)
    if close is not None:
        close()
