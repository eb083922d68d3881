"""`kdns serve` as a process of its own, the way a user starts it."""

import contextlib
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

KDNS = Path(sys.executable).parent / "kdns"
START_SECONDS = 60


class Running(NamedTuple):
    """A running server and the port it listens on, UDP and TCP, on 127.0.0.1."""

    process: subprocess.Popen[str]
    port: int
    log: Path


@contextlib.contextmanager
def serving(directory: Path, *arguments: str | Path) -> Iterator[Running]:
    """Run `kdns serve` with these arguments on a free port; end it in order, which must succeed."""
    log = directory / "kdns.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [KDNS, "serve", "--listen", "127.0.0.1:0", *arguments],
            stderr=output,
            stdout=subprocess.DEVNULL,
            text=True,
        )
    try:
        yield Running(process, _port(process, log), log)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _port(process: subprocess.Popen[str], log: Path) -> int:
    """Wait until the log says where the server listens."""
    for _ in range(START_SECONDS * 20):
        if found := re.search(r"listening on 127\.0\.0\.1:(\d+)", log.read_text()):
            return int(found[1])
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
            break
    raise AssertionError(f"kdns serve did not start: {log.read_text()}")
