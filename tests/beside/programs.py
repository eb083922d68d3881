"""CoreDNS and kdns as processes that serve a Corefile with other ports than it has: those may be taken."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

COREDNS = "KDNS_TEST_COREDNS"
"""Names the binary of CoreDNS; otherwise the PATH is searched for `coredns`."""

PATIENCE = 60.0
"""Seconds after which a server will never be ready."""

DNS_PORT = 53


def find_coredns() -> Path | None:
    """Return the binary of CoreDNS, None if there is none."""
    found = os.environ.get(COREDNS) or shutil.which("coredns")
    return Path(found) if found else None


def need_coredns() -> Path:
    """Return the binary of CoreDNS; skip the test if there is none."""
    if (found := find_coredns()) is None:
        pytest.skip(f"no coredns on the PATH, and {COREDNS} is not set")
    return found


def free_port() -> int:
    """Return a port that nothing of 127.0.0.1 listens on, neither UDP nor TCP."""
    while True:
        with socket.socket() as stream, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            stream.bind(("127.0.0.1", 0))
            port: int = stream.getsockname()[1]
            with contextlib.suppress(OSError):
                datagrams.bind(("127.0.0.1", port))
                return port


class Ports(dict[int, int]):
    """The port in a Corefile → a free one, the same each time."""

    def __missing__(self, port: int) -> int:
        self[port] = free_port()
        return self[port]


_ADDRESS = re.compile(r"((?:\w+://)?(?:[^:\s]*|\[\S*\])):(\d+)(,?)")
_DEFAULTS = {"health": 8080, "ready": 8181, "prometheus": 9153}
_WITHOUT_ADDRESS = re.compile(rf"^(\s*)({'|'.join(_DEFAULTS)})(?=\s*(?:\{{|$))", re.MULTILINE)


def relocated(text: str, words: Mapping[str, str], ports: Ports) -> str:
    """Return a Corefile with these words and hosts replaced, and every other port by a free one."""
    text = _WITHOUT_ADDRESS.sub(lambda match: f"{match[0]} :{_DEFAULTS[match[2]]}", text)

    def replaced(match: re.Match[str]) -> str:
        word = match[0]
        if word in words:
            return words[word]
        if address := _ADDRESS.fullmatch(word):
            host = address[1]
            return f"{words.get(host, host)}:{ports[int(address[2])]}{address[3]}"
        return word

    return re.sub(r"\S+", replaced, text)


_KUBERNETES = re.compile(r"^([ \t]*kubernetes\b.*?)[ \t]*(\{)?[ \t]*$", re.MULTILINE)


def with_kubeconfig(text: str, kubeconfig: Path) -> str:
    """Return a Corefile whose `kubernetes` reads its objects from there, as CoreDNS wants to be told."""

    def completed(match: re.Match[str]) -> str:
        return f"{match[1]} {{\n    kubeconfig {kubeconfig}\n" + ("" if match[2] else "    }\n")

    return _KUBERNETES.sub(completed, text)


@dataclass(frozen=True)
class Program:
    """A running server; it answers at `ports[53]` of 127.0.0.1, and has printed what is in `log`."""

    process: subprocess.Popen[bytes]
    ports: Ports
    log: Path

    @property
    def port(self) -> int:
        return self.ports[DNS_PORT]


def coredns_command(binary: Path, corefile: Path, ports: Ports) -> list[str]:
    return [str(binary), "-conf", str(corefile), "-dns.port", str(ports[DNS_PORT])]


def kdns_command(corefile: Path, ports: Ports, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "kdns", "-conf", str(corefile), "-p", str(ports[DNS_PORT]), *arguments]


@contextlib.contextmanager
def program(
    command: Sequence[str],
    ports: Ports,
    log: Path,
    environment: Mapping[str, str] | None = None,
    port: int = DNS_PORT,
) -> Iterator[Program]:
    """Run a server until the block ends, with more variables; it answers at a `port` from the beginning."""
    with log.open("wb") as output:
        env = os.environ | (environment or {})
        process = subprocess.Popen(command, stdout=output, stderr=output, env=env)
    try:
        _wait(process, ports, port, log)
        yield Program(process, ports, log)
        assert process.poll() is None, log.read_text()
    finally:
        process.kill()  # in order it would take as long as `lameduck` says
        process.wait()


def _wait(process: subprocess.Popen[bytes], ports: Ports, port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not _is_ready(ports, port):
        assert process.poll() is None, f"{process.args!r} has ended: {log.read_text()}"
        assert time.monotonic() < deadline, f"{process.args!r} is not ready: {log.read_text()}"
        time.sleep(0.05)


def _is_ready(ports: Ports, port: int) -> bool:
    """Tell whether somebody listens where queries go, and `ready`, if there is such a page, says so too."""
    here = ("127.0.0.1", ports[port])
    try:
        with socket.create_connection(here, 5), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.connect(here)
            for _ in range(2):
                datagrams.send(b"")  # the second one is told if nobody has the first
        if ready := ports.get(_DEFAULTS["ready"]):
            urllib.request.urlopen(f"http://127.0.0.1:{ready}/ready", timeout=5).close()
    except OSError:
        return False
    return True
