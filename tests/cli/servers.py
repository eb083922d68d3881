"""kdns as a process of its own, the way a user starts it."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from kdns import __version__

KDNS = Path(sys.executable).parent / "kdns"
START_SECONDS = 60
_GREETING = f"\nkdns-{__version__}\n"


class Running(NamedTuple):
    """A running server and the port it listens on, UDP and TCP, on 127.0.0.1. `log` is all that it prints."""

    process: subprocess.Popen[str]
    port: int
    log: Path


@contextlib.contextmanager
def serving(directory: Path, *arguments: str | Path) -> Iterator[Running]:
    """Run `kdns serve` with these arguments on a free port; end it in order, which must succeed."""
    port = free_port()
    with running(directory, port, "serve", "--listen", f"127.0.0.1:{port}", *arguments) as server:
        yield server


@contextlib.contextmanager
def running(
    directory: Path,
    port: int,
    *words: str | Path,
    corefile: str = "",
    is_quiet: bool = False,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """Run `kdns` with these words, which make it listen on `port`; end it in order, which must succeed.

    `corefile` is what it reads from standard input; where it `is_quiet`, it does not greet.
    """
    log = directory / "kdns.log"
    given = directory / "stdin"
    given.write_text(corefile)
    with log.open("w") as output, given.open() as stdin:
        process = subprocess.Popen(
            [KDNS, *words],
            stdin=stdin,
            stdout=output,
            stderr=output,
            text=True,
            env={**os.environ, **(variables or {})},
        )
    try:
        _wait_until(lambda: _is_open(port) if is_quiet else _GREETING in log.read_text(), process, log)
        yield Running(process, port, log)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def free_port() -> int:
    """Return a port that is free for UDP and TCP on 127.0.0.1, and that nobody is given by chance."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind(("127.0.0.1", port))
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def _is_open(port: int) -> bool:
    with socket.socket() as tcp:
        return tcp.connect_ex(("127.0.0.1", port)) == 0


def _wait_until(is_serving: Callable[[], bool], process: subprocess.Popen[str], log: Path) -> None:
    for _ in range(START_SECONDS * 20):
        if is_serving():
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
            break
    raise AssertionError(f"kdns did not start: {log.read_text()}")
