"""Work done on the event loop a little at a time, so that no query waits for it."""

import asyncio
import time

SLICE_SECONDS = 0.002


class Slices:
    """Counts the time since the loop last had its turn."""

    def __init__(self) -> None:
        self._until = time.perf_counter() + SLICE_SECONDS

    async def give_way(self) -> None:
        """Let everything else on the loop have its turn, if a slice of time is used up."""
        if time.perf_counter() >= self._until:
            await asyncio.sleep(0)
            self._until = time.perf_counter() + SLICE_SECONDS
