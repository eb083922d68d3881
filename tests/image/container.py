"""The image while it runs: what it answers and says, and what the kernel knows of it.

It is built once a session and run by the scripts beside this module, each time in a network of its own.
"""

import contextlib
import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import find_tool

HERE = Path(__file__).parent
RUN = HERE / "run.sh"
PYTHON = "/usr/lib/kdns/bin/python"
PATIENCE = 90.0
"""Seconds after which what should have come never will."""
VARIABLE = "KDNS_TEST_IMAGE"

IMPORT_ALL = (
    "from importlib import import_module; from pkgutil import walk_packages; import kdns; "
    "[import_module(each.name) for each in walk_packages(kdns.__path__, 'kdns.') if 'main' not in each.name]"
)
"""A Python program that imports every module of kdns."""


def built() -> str:
    """Build the image, the first time, and return what the script prints: name, digest and size."""
    if not os.environ.get(VARIABLE):
        pytest.skip(f"{VARIABLE}=1 builds the image and runs it, as root, in some minutes")
    for tool in ("buildah", "debootstrap", "dig", "ip", "nsenter", "pkill", "setpriv", "unshare"):
        find_tool(tool)
    build = _build()
    assert build.returncode == 0, build.stderr
    return build.stdout


@functools.cache
def _build() -> subprocess.CompletedProcess[str]:
    return subprocess.run([HERE / "build.sh"], capture_output=True, text=True)


def once(*arguments: str, options: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Run the image to its end."""
    built()
    return subprocess.run([RUN, *options, "--", *arguments], capture_output=True, text=True)


def python(program: str, *options: str) -> str:
    """Return what a program prints that the image's interpreter runs instead of kdns."""
    ran = once("-c", program, options=["--entrypoint", PYTHON, *options])
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


@dataclass
class Container:
    """A running container: the process of the script, and the file that it prints to."""

    script: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        """The id of kdns, as seen from outside: the last one of the script's descendants."""
        pid = self.script.pid
        while children := Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            pid = int(children[-1])
        return pid

    @property
    def status(self) -> dict[str, str]:
        """What /proc/PID/status says."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return {name: " ".join(value.split()) for name, _, value in (line.partition(":") for line in lines)}

    @property
    def root(self) -> Path:
        """Its root file system, as it sees it itself."""
        return Path(f"/proc/{self.pid}/root")

    def _inside(self, *command: str) -> str:
        """Return what a program of this machine prints in the container's network."""
        inside = ["nsenter", "--net", f"--target={self.script.pid}", *command]
        return subprocess.run(inside, capture_output=True, text=True).stdout.strip()

    def ask(self, *words: str) -> str:
        """Return the data of the answers that `dig` gets on port 53, else the response's RCODE."""
        lines = self._inside("dig", "@127.0.0.1", "+noall", "+comments", "+answer", *words).splitlines()
        answers = [" ".join(line.split()[4:]) for line in lines if line and not line.startswith(";")]
        status = [line.split("status: ")[1].split(",")[0] for line in lines if "status: " in line]
        return " ".join(answers or status)

    def answers(self, expected: str, *words: str) -> None:
        """Wait until this is what is answered."""
        ends = time.monotonic() + PATIENCE
        while (found := self.ask(*words)) != expected:
            assert time.monotonic() < ends, (found, self.log.read_text())
            time.sleep(0.05)

    def page(self, port: int, path: str) -> str:
        """Return a page, "" if there is none."""
        get = f"from urllib.request import urlopen; print(urlopen('http://127.0.0.1:{port}{path}').read().decode())"
        return self._inside(sys.executable, "-c", get)

    def wait_for(self, text: str) -> None:
        """Wait until it has printed a text."""
        ends = time.monotonic() + PATIENCE
        while text not in self.log.read_text():
            assert self.script.poll() is None and time.monotonic() < ends, self.log.read_text()
            time.sleep(0.05)

    def stop(self) -> int:
        """Ask it to end, as a kubelet does; return its exit status."""
        os.kill(self.pid, signal.SIGTERM)
        return self.script.wait(PATIENCE)


@contextlib.contextmanager
def running(
    folder: Path, *arguments: str, options: Sequence[str] = (), own_network: bool = True
) -> Iterator[Container]:
    """Run the image until it greets; in `folder` is its log. It has stopped in the end."""
    built()
    network = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"] if own_network else []
    log = folder / "log"
    with log.open("wb") as output:
        script = subprocess.Popen(
            [*network, RUN, *options, "--", *arguments], stdout=output, stderr=subprocess.STDOUT
        )
    container = Container(script, log)
    try:
        container.wait_for("\nkdns-")
        yield container
    finally:
        script.terminate()
        script.wait(PATIENCE)
