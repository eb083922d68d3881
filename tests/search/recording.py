"""Real stub resolvers: how they are built, and a namespace in which every question of theirs is recorded."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import find_tool, not_installed

PROGRAMS = Path(__file__).parent / "programs"
PATIENCE = 120
Build = Callable[[Path], list[str]]
"""Builds what asks into an empty folder and returns its command, a name to follow; skips if that can't be."""


class Lookup(NamedTuple):
    """A name, the resolv.conf's text, and what is answered to the first name that is asked and to others."""

    text: str
    name: str
    first: str = "NXDOMAIN"
    others: str = "NXDOMAIN"


class Recorded(NamedTuple):
    """The names in wire form, each time that an A record was asked for, and what was printed."""

    names: list[bytes]
    output: str


def build_c(compiler: str, source: str, *libraries: str) -> Build:
    def build(folder: Path) -> list[str]:
        command = [find_tool(compiler), "-O", "-w", "-o", folder / "lookup", PROGRAMS / source, *libraries]
        subprocess.run(command, check=True, capture_output=True)
        return [str(folder / "lookup")]

    return build


def build_c_ares(folder: Path) -> list[str]:
    """Build for the c-ares of the system, of whatever version."""
    gcc = find_tool("gcc")
    if subprocess.run([gcc, "-E", "-"], input=b"#include <ares.h>\n", capture_output=True).returncode:
        not_installed("libc-ares-dev", optional=True)
    return build_c("gcc", "lookup_cares.c", "-lcares")(folder)


def build_pycares(_: Path) -> list[str]:
    if find_spec("pycares") is None:
        not_installed("pycares")
    return [sys.executable, str(PROGRAMS / "lookup_pycares.py")]


def build_go(folder: Path) -> list[str]:
    settings = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOPROXY": "off", "GOFLAGS": ""}
    command = [find_tool("go", optional=True), "build", "-o", folder / "lookup", PROGRAMS / "lookup.go"]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | settings)
    return [str(folder / "lookup")]


def build_busybox(_: Path) -> list[str]:
    return [find_tool("busybox"), "nslookup", "-timeout=1", "-retry=1"]


class Laboratory:
    """Looks names up by a command, in a network namespace where nothing but the recorder is."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        for tool in ("unshare", "ip"):
            find_tool(tool)
        self._order = {"command": command, "path": str(folder / "resolv.conf")}
        files = {"resolv.conf": "", "nsswitch.conf": "hosts: files dns\n", "hosts": ""}
        for name, text in files.items():
            (folder / name).write_text(text)
        mounts = "".join(f"mount --bind {folder / name} /etc/{name} && " for name in files)
        recorder = f"exec {sys.executable} {PROGRAMS / 'record.py'}"
        self._enter = ["unshare", "-n", "-m", "sh", "-c", f"ip link set lo up && {mounts}{recorder}"]

    def look_up(self, lookups: Sequence[Lookup]) -> list[Recorded]:
        """Do one lookup after the other; skip where no namespace can be made."""
        listed = [{"text": text, "name": name, "answers": rest} for text, name, *rest in lookups]
        done = subprocess.run(
            self._enter,
            input=json.dumps(self._order | {"lookups": listed}),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        if done.stderr.startswith("unshare:"):
            pytest.skip(f"no network namespace of its own: {done.stderr.strip()}")
        assert done.returncode == 0, done.stderr
        return [
            Recorded([bytes.fromhex(name) for name in each["names"]], each["output"])
            for each in json.loads(done.stdout)
        ]
