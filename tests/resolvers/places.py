"""Places to ask from: network and mount namespaces, cables between them, and sockets inside them.

Everything in a place ends with it, and a place ends with these tests, however they end.
"""

import contextlib
import ctypes
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest

PATIENCE = 60
T = TypeVar("T")
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Place:
    """A network namespace, and a mount namespace with files of its own in /etc."""

    def __init__(self, pid: int, etc: Path) -> None:
        self._pid = pid
        self._etc = etc
        self.enter = ("nsenter", "-t", str(pid), "-n", "-m", "--")

    def run(self, *command: str | Path) -> str:
        """Return what a command prints here; what it complains of fails the test."""
        done = subprocess.run([*self.enter, *command], capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def write(self, name: str, text: str) -> None:
        """Say something else in one of the files of /etc that this place was made with."""
        (self._etc / name).write_text(text)

    def within(self, action: Callable[[], T]) -> T:
        """Do something in this network, in a thread of the process that tests.

        A socket stays where it was made.
        """

        def enter() -> T:
            with open(f"/proc/{self._pid}/ns/net") as namespace:
                if _libc.setns(namespace.fileno(), _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            return action()

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(enter).result()

    @contextlib.contextmanager
    def serving(self, log: Path, *command: str | Path) -> Iterator[None]:
        """Run kdns here, from when it serves."""
        with log.open("w") as output:
            process = subprocess.Popen([*self.enter, *command], stdout=output, stderr=output)
        try:
            end = time.monotonic() + PATIENCE
            while "Running configuration" not in log.read_text():
                assert process.poll() is None and time.monotonic() < end, log.read_text()
                time.sleep(0.02)
            yield
        finally:
            process.kill()  # gently, it would be lame for as long as the Corefile says
            process.wait(PATIENCE)

    def cable(self, end: "Place", near: str, *addresses: str) -> None:
        """Connect another place to this one's bridge. All on it are neighbours, whatever their address."""
        self._ip(
            f"link add {near} type veth peer name eth0 netns {end._pid}", f"link set {near} master br0 up"
        )
        end._ip("link set eth0 up", *_addressed("eth0", *addresses))

    def bridge(self, address: str) -> None:
        """Become the place in the middle."""
        self._ip("link add br0 type bridge", "link set br0 up", *_addressed("br0", address))

    def _ip(self, *lines: str) -> None:
        done = subprocess.run(
            [*self.enter, "ip", "-batch", "-"], input="\n".join(lines), capture_output=True, text=True
        )
        if done.returncode:
            pytest.skip(f"no network of its own: {done.stderr.strip()}")


def _addressed(device: str, *addresses: str) -> list[str]:
    return [f"addr add {each}/32 dev {device}" for each in addresses] + [f"route add default dev {device}"]


@contextlib.contextmanager
def place(folder: Path, etc: Mapping[str, str], network: Place | None = None) -> Iterator[Place]:
    """Make a place, or one in the network of another; skip where that is not allowed.

    Nothing ends what runs in it but its user; the place itself lasts as long as its holder has an input.
    """
    folder.mkdir()
    for name, text in etc.items():
        (folder / name).write_text(text)
    mounts = "".join(f"mount --bind {folder / name} /etc/{name} && " for name in etc)
    own = ["unshare", "-n", "-m"] if network is None else [*network.enter, "unshare", "-m"]
    script = f"ip link set lo up && {mounts}echo ready && exec cat"
    pipe = subprocess.PIPE
    with subprocess.Popen([*own, "sh", "-c", script], stdin=pipe, stdout=pipe, stderr=pipe) as holder:
        assert holder.stdin is not None and holder.stdout is not None and holder.stderr is not None
        try:
            if holder.stdout.readline() != b"ready\n":
                pytest.skip(f"no namespaces of its own: {holder.stderr.readline().decode().strip()}")
            yield Place(holder.pid, folder)
        finally:
            holder.stdin.close()
            holder.wait(PATIENCE)
