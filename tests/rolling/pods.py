"""A Pod with a DNS server in it, started and ended as a container runtime does it."""

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kdns.demo import DEMO_PATH
from tests.rolling.namespaces import PATIENCE, Namespace
from tests.rolling.network import OUTSIDE

KDNS = Path(sys.executable).parent / "kdns"
PROBE_SECONDS = 1.0

COREFILE = """\
.:53 {{
    errors
    health {{
       lameduck {lameduck}
    }}
    ready
    {cluster}
    prometheus :9153
    forward . {outside} {{
       max_concurrent 1000
    }}
    cache 30 {{
       disable success cluster.local
       disable denial cluster.local
    }}
    loop
    reload
    loadbalance
}}
"""
"""kubeadm's. Only the upstream is named, and what `cluster` has."""

KUBERNETES = """\
kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }"""


def corefile(lameduck: str, cluster: str = KUBERNETES) -> str:
    return COREFILE.format(lameduck=lameduck, cluster=cluster, outside=OUTSIDE)


def kdns(path: Path) -> Sequence[str]:
    """Return the command that serves a Corefile on the demo's cluster."""
    return [str(KDNS), "-conf", str(path), "-cluster", str(DEMO_PATH)]


@dataclass
class Pod:
    """A place for one server at a time. Its log goes on from one to the next."""

    name: str
    namespace: Namespace
    address: str
    command: Sequence[str]
    node: Namespace
    log: Path
    _process: subprocess.Popen[bytes] | None = None
    ended: float = 0.0

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [*self.namespace.enter, *self.command], stdout=output, stderr=output
            )

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    async def exited(self) -> int:
        """Wait for the end of the process and return its exit status."""
        assert self._process is not None
        end = time.monotonic() + PATIENCE
        while (status := self._process.poll()) is None:
            assert time.monotonic() < end, self.log.read_text()
            await asyncio.sleep(0.005)
        self.ended = time.monotonic()
        return status

    def kill(self) -> None:
        """Leave nothing behind."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)

    async def is_ready(self) -> bool:
        """Ask for /ready as kubelet does: from the node, on a connection of its own."""
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(PROBE_SECONDS):
                with self.node.socket(socket.SOCK_STREAM) as sock:
                    loop = asyncio.get_running_loop()
                    await loop.sock_connect(sock, (self.address, 8181))
                    await loop.sock_sendall(sock, b"GET /ready HTTP/1.0\r\n\r\n")
                    return b" 200 " in (await loop.sock_recv(sock, 4096)).partition(b"\n")[0]
        return False
