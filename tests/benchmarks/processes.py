"""Start processes on a chosen CPU, read what they cost from /proc, and end them: those started here only.

Linux only. A process counts together with its descendants, because NSD forks its workers.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

TICK = 1 / os.sysconf("SC_CLK_TCK")
"""Seconds in the unit of /proc/PID/stat, 10 ms as a rule."""

STOP_TIMEOUT = 5.0


class MachineTime(NamedTuple):
    """Seconds that one CPU has spent since boot, from its line in /proc/stat."""

    total: float
    busy: float
    steal: float


def server_and_load_cpus() -> tuple[int, int]:
    """Return the CPU for servers and the one for the load; the same one twice where there is but one."""
    cpus = sorted(os.sched_getaffinity(0))
    return cpus[0], cpus[min(1, len(cpus) - 1)]


@contextlib.contextmanager
def running(command: Sequence[str], *, cpu: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` pinned to `cpu`, its output in `log`, and end it with its children on leaving.

    The process gets a group of its own: SIGTERM first, SIGKILL for the group if that does not help.
    """
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {cpu}),
        )
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the process's group. The group is signalled only while it surely is the one started here."""
    members = tree(process.pid)
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if any(_group(pid) == process.pid for pid in members[1:]):
        os.killpg(process.pid, signal.SIGKILL)


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def tree(root: int) -> list[int]:
    """Return the process and all of its living descendants, the root first; [] if it is gone."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root] if _stat(root) else []
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat behind the command's name; [] if the process is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the user and system time that these processes have used so far; none for those that are gone."""
    used = (_stat(pid)[11:13] for pid in pids)
    return sum(int(field) for fields in used for field in fields) * TICK


def settle(pid: int, *, timeout: float = 30.0) -> None:
    """Wait until the process tree uses hardly any CPU (start-up work is over), at most `timeout` seconds."""
    deadline = time.monotonic() + timeout
    before = cpu_seconds(tree(pid))
    while time.monotonic() < deadline:
        time.sleep(0.3)
        now = cpu_seconds(tree(pid))
        if now - before <= TICK:
            return
        before = now


def machine_time(cpu: int) -> MachineTime:
    """Return what `cpu` has done since boot; idle and iowait are not busy, nor is stolen time."""
    for line in Path("/proc/stat").read_text(encoding="ascii").splitlines():
        name, *fields = line.split()
        if name == f"cpu{cpu}":
            user, nice, system, idle, iowait, irq, softirq, steal = (int(f) * TICK for f in fields[:8])
            busy = user + nice + system + irq + softirq
            return MachineTime(busy + idle + iowait + steal, busy, steal)
    raise LookupError(f"/proc/stat has no cpu{cpu}")


def cpu_model() -> str:
    """Return the processor's name as /proc/cpuinfo gives it, "unknown" where it gives none."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return "unknown"
