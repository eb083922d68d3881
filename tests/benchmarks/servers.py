"""Start the servers that are compared, each on a free port of 127.0.0.1 and each as a context manager.

How a server is configured is told here and nowhere else; what is asked of it is told in cases.py.
"""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks import plan
from tests.benchmarks.cases import CACHED_A, Case, Expected, Realm
from tests.benchmarks.packets import Question, Response
from tests.benchmarks.probe import Address, wait_until_right
from tests.benchmarks.processes import running, settle
from tests.beside.programs import free_port

KDNS = "kdns"
NSD = "NSD"
ECHO = "C echo"
ECHO_BATCHED = "C echo (batched)"
STAND_IN = f"{KDNS}, {CACHED_A.name}"

NSD_CONFIG = """
server:
    server-count: 1
    ip-address: 127.0.0.1@{port}
    do-ip6: no
    username: ""
    chroot: ""
    reuseport: no
    rrl-ratelimit: 0
    minimal-responses: yes
    ipv4-edns-size: 4096
    database: ""
    zonesdir: "{directory}"
    pidfile: "{directory}/nsd.pid"
    xfrdfile: "{directory}/xfrd.state"
    xfrdir: "{directory}"
    zonelistfile: "{directory}/zone.list"
remote-control:
    control-enable: no
zone:
    name: "{zone}"
    zonefile: "{zonefile}"
"""


class Server(NamedTuple):
    """A server that runs: its name in the table, where it listens, its (root) process, which names it has."""

    name: str
    address: Address
    pid: int
    realms: frozenset[Realm] = frozenset({Realm.CLUSTER})

    @property
    def answers(self) -> bool:
        """Whether it gives DNS answers; the echoes give the question back."""
        return self.name not in (ECHO, ECHO_BATCHED)


ECHOED = Expected(Question("bench.invalid"), "NOERROR", 0)


def stand_in(kdns: Server) -> Server:
    """Return kdns as a server of names outside, which it does not know without a Corefile.

    It is asked a cached A whenever others are asked for such names: what that costs in the same rounds.
    """
    return kdns._replace(name=STAND_IN, realms=frozenset({Realm.OUTSIDE}))


def as_asked(server: Server, case: Case) -> Case:
    """Return what this server is asked in this case, with the answers that it must give.

    An echo has no answers, whatever is asked.
    """
    if server.name == STAND_IN:
        return CACHED_A
    if server.answers:
        return case
    return case._replace(expected=tuple(ECHOED._replace(question=each.question) for each in case.expected))


def is_loaded(response: Response) -> bool:
    """Tell whether this is the answer of a server that knows the cluster."""
    return response.rcode == "NOERROR" and response.answers == 1


def _echoed(response: Response) -> bool:
    return response.rcode == "NOERROR" and response.answers == 0


@contextlib.contextmanager
def started(
    name: str,
    command: list[str],
    port: int,
    cpu: int,
    right: Callable[[Response], bool],
    directory: Path,
    *beyond: Realm,
) -> Iterator[Server]:
    """Run a server and hand it out once it answers right and is done with its start-up work."""
    address = ("127.0.0.1", port)
    log = directory / f"{name.replace(' ', '-')}.log"
    question = Question(plan.WEB.host)
    with running(command, cpu=cpu, log=log) as process:
        try:
            wait_until_right(address, question, right, process=process)
        except Exception as error:
            error.add_note(f"{name} ({' '.join(command)}) wrote:\n{log.read_text(errors='replace')[-2000:]}")
            raise
        settle(process.pid)
        yield Server(name, address, process.pid, frozenset({Realm.CLUSTER, *beyond}))


def kdns_command(cluster: Path, port: int) -> list[str]:
    """Return the command that serves a cluster file with the kdns of this Python."""
    return [sys.executable, "-m", "kdns", "serve", "--cluster", str(cluster), "--listen", f"127.0.0.1:{port}"]


def start_kdns(cluster: Path, cpu: int, directory: Path) -> contextlib.AbstractContextManager[Server]:
    """Serve the cluster with kdns."""
    port = free_port()
    return started(KDNS, kdns_command(cluster, port), port, cpu, is_loaded, directory, Realm.REVERSE)


def start_echo(name: str, cpu: int, directory: Path) -> contextlib.AbstractContextManager[Server]:
    """Compile echo.c into `directory` (once) and run it, plain or batched by its name."""
    port = free_port()
    mode = "batched" if name == ECHO_BATCHED else "plain"
    command = [str(_compiled(directory)), "127.0.0.1", str(port), mode]
    return started(name, command, port, cpu, _echoed, directory)


def _compiled(directory: Path) -> Path:
    program = directory / "echo"
    if not program.exists():
        source = Path(__file__).with_name("echo.c")
        subprocess.run(["cc", "-O2", "-o", str(program), str(source)], check=True)
    return program


def start_nsd(zonefile: Path, cpu: int, directory: Path) -> contextlib.AbstractContextManager[Server]:
    """Serve the exported zone with NSD: one worker, no rate limit, no remote control."""
    port = free_port()
    config = directory / "nsd.conf"
    text = NSD_CONFIG.format(port=port, directory=directory, zone=plan.ZONE, zonefile=zonefile)
    config.write_text(text, encoding="utf-8")
    return started(NSD, [nsd_path() or "nsd", "-d", "-c", str(config)], port, cpu, is_loaded, directory)


def nsd_path() -> str | None:
    """Return where NSD is, also where /usr/sbin is not on the PATH."""
    return shutil.which("nsd") or shutil.which("nsd", path="/usr/sbin:/usr/local/sbin")


def export_zone(cluster: Path, zonefile: Path) -> None:
    """Write the cluster zone as `kdns export` prints it. Raises CalledProcessError if it fails."""
    with zonefile.open("wb") as out:
        command = [sys.executable, "-m", "kdns", "export", "--cluster", str(cluster)]
        subprocess.run(command, stdout=out, check=True)


def peer(text: str) -> Server:
    """Read NAME=HOST:PORT:PID, a server that somebody else has started. Raises ValueError."""
    name, _, rest = text.partition("=")
    host, port, pid = rest.rsplit(":", 2)
    if not name or not host:
        raise ValueError("NAME and HOST are needed")
    return Server(name, (host, int(port)), int(pid))
