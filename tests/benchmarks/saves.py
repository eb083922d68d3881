"""See from outside when snapshots are being written, by the files that appear in their folder."""

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path


class Saves:
    """When snapshots were being written in a folder: begin and end (monotonic seconds), in `spans`.

    `first` is when there was one. What takes less than 5 ms may not be seen.
    """

    def __init__(self, folder: Path) -> None:
        self.spans: list[tuple[float, float]] = []
        self.first: float | None = None
        self._folder = folder

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Look every 5 ms, in a thread of its own, until the block is left."""
        over = threading.Event()

        def look() -> None:
            begin: float | None = None
            while not over.wait(0.005):
                names = [each.name for each in self._folder.iterdir()]
                is_writing = any(name.endswith(".new") for name in names)
                if self.first is None and "cluster.snapshot" in names:
                    self.first = time.monotonic()
                if is_writing and begin is None:
                    begin = time.monotonic()
                elif begin is not None and not is_writing:
                    self.spans.append((begin, time.monotonic()))
                    begin = None

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
