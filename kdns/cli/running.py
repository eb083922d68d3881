"""Runs a server until a signal ends it, whatever command has asked for it, and says which kdns it is."""

import asyncio
import platform
import sys
from collections.abc import Callable, Sequence

from kdns import __version__
from kdns.app import Sources, StartError, serve
from kdns.cli.corefiles import Load
from kdns.cli.options import UsageError
from kdns.observability import logs


def serve_until_signal(load: Load, sources: Sources, on_serving: Callable[[Sequence[str]], None]) -> int:
    """Serve the Corefile; return the exit status. Raises UsageError if it can't be served."""
    logs.set_up(sys.stdout)
    try:
        asyncio.run(serve(load, sources, on_serving))
    except StartError as error:
        raise UsageError(str(error)) from error
    return 0


def version_lines() -> tuple[str, str]:
    """Return the lines that end a greeting, and that `-version` prints: kdns's, and the system's."""
    machine = platform.machine()
    system = f"{platform.system().lower()}/{_GO_MACHINES.get(machine, machine)}"
    return f"kdns-{__version__}", f"{system}, python {platform.python_version()}"


_GO_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
