"""Work done on the event loop a little at a time, so that no query waits for it."""

import asyncio
import time
from typing import ClassVar

SLICE_SECONDS = 0.002
"""For all such work together, between two looks at the sockets."""


class Slices:
    """Counts the time since the loop last had its turn; whoever else is at work has an equal share of it."""

    _waiting: ClassVar[int] = 0

    def __init__(self) -> None:
        self._until = time.perf_counter() + SLICE_SECONDS

    async def give_way(self) -> None:
        """Let everything else on the loop have its turn, if a slice of time is used up."""
        if time.perf_counter() < self._until:
            return
        Slices._waiting += 1
        try:
            await asyncio.sleep(0)
        finally:
            sharers = Slices._waiting
            Slices._waiting -= 1
        self._until = time.perf_counter() + SLICE_SECONDS / sharers
