"""Network namespaces: run commands in them, and open their sockets from this process."""

import asyncio
import contextlib
import ctypes
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

PATIENCE = 60
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """A network namespace of its own, with loopback. It ends with the process that holds it."""

    def __init__(self, name: str, holder: int) -> None:
        self.name = name
        self.holder = holder
        self.enter = ["nsenter", "-t", str(holder), "-n", "--"]

    async def run(self, *command: str, stdin: str = "") -> str:
        """Return what a command prints. Raises CalledProcessError."""
        process = await asyncio.create_subprocess_exec(
            *self.enter,
            *command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(stdin.encode()), PATIENCE)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode or 0, command, out, err)
        return out.decode()

    def socket(self, kind: socket.SocketKind) -> socket.socket:
        """Return a non-blocking IPv4 socket that is in this namespace wherever it is used."""
        with _entered(self.holder):
            made = socket.socket(socket.AF_INET, kind)
        made.setblocking(False)
        return made


@contextlib.contextmanager
def opened(name: str) -> Iterator[Namespace]:
    """Make a namespace; skip the test where that is not allowed."""
    holder = subprocess.Popen(
        ["unshare", "-n", "sh", "-c", "ip link set lo up && echo ready && exec sleep 3600"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert holder.stdout is not None and holder.stderr is not None
    try:
        if holder.stdout.readline() != b"ready\n":
            pytest.skip(f"no network namespace of its own: {holder.stderr.readline().decode().strip()}")
        yield Namespace(name, holder.pid)
    finally:
        holder.kill()
        holder.wait(PATIENCE)
        holder.stdout.close()
        holder.stderr.close()


@contextlib.contextmanager
def _entered(holder: int) -> Iterator[None]:
    """Have this thread open its sockets elsewhere; nothing may be awaited meanwhile."""
    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        there = os.open(Path("/proc", str(holder), "ns/net"), os.O_RDONLY)
        try:
            _set(there)
            yield
        finally:
            _set(here)
            os.close(there)
    finally:
        os.close(here)


def _set(namespace: int) -> None:
    if _libc.setns(namespace, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
