"""`kdns -conf Corefile`: the command line of CoreDNS, so that kdns can stand in its image."""

import logging
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from os import environ, getpid
from pathlib import Path

from kdns.cli import corefiles
from kdns.cli.goflags import Flag, FlagError, Flags, HelpWanted, parse, usage
from kdns.cli.objects import Named, before, from_environment, path_or_none, sources_of
from kdns.cli.options import UsageError
from kdns.cli.running import serve_until_signal, version_lines
from kdns.plugins.registry import GROUP, SHIPPED

log = logging.getLogger("kdns")

FLAGS = (
    Flag("conf", 'Corefile to load, "stdin" to read it from there (default "Corefile")', "file"),
    Flag("dns.port", f'Default port (default "{corefiles.DNS_PORT}")', "port"),
    Flag("p", "Default port, as -dns.port", "port", sets="dns.port"),
    Flag("pidfile", "File to write the process id to", "file"),
    Flag("plugins", "List the plugins"),
    Flag("quiet", "Print nothing but the log"),
    Flag("version", "Show the version"),
)
"""Those of CoreDNS."""

OWN_FLAGS = (
    Flag("cluster", "Manifests to read objects from instead; may be repeated ($KDNS_CLUSTER)", "path"),
    Flag("context", "The kubeconfig's context ($KDNS_CONTEXT)", "name"),
    Flag(
        "kubeconfig", "Kubeconfig of the API server to read objects from instead ($KDNS_KUBECONFIG)", "file"
    ),
    Flag("service-cidr", "Where Services in manifests get ClusterIPs ($KDNS_SERVICE_CIDR)", "cidr"),
    Flag("state-dir", "Where to keep the cluster's last known state ($KDNS_STATE_DIR)", "dir"),
)
"""Those that only kdns has, each with its environment variable."""


def run(words: Sequence[str], print_help: Callable[[], None]) -> int:
    """Do what CoreDNS would do with this command line; return the exit status. Raises UsageError."""
    try:
        flags = parse(words, (*FLAGS, *OWN_FLAGS))
    except HelpWanted:
        print_help()
        return 0
    except FlagError as error:
        print(error, "Usage of kdns:", usage((*FLAGS, *OWN_FLAGS)), sep="\n", file=sys.stderr)
        return 2
    if flags.rest:
        raise UsageError(f"extra command line arguments: [{' '.join(flags.rest)}]")
    if flags.is_on("version"):
        print(*version_lines(), sep="\n")
    elif flags.is_on("plugins"):
        print(*plugin_names(), sep="\n")
    else:
        return _serve(flags)
    return 0


def _serve(flags: Flags) -> int:
    load = _loader(flags)
    sources = sources_of(before(_named(flags), from_environment(environ)))
    pidfile = path_or_none(flags.last("pidfile"))

    def greet(served: Sequence[str]) -> None:
        if not flags.is_on("quiet"):
            print(*served, *version_lines(), sep="\n", flush=True)
        if pidfile:
            _write_pid(pidfile)

    try:
        return serve_until_signal(load, sources, greet)
    finally:
        if pidfile:
            _remove_pid(pidfile)


def _loader(flags: Flags) -> corefiles.Load:
    try:
        port = corefiles.port_from_text(flags.last("dns.port") or corefiles.DNS_PORT)
    except ValueError as error:
        raise UsageError(f"-dns.port: {error}") from error
    conf = flags.last("conf") or ""
    return corefiles.from_stdin(port) if conf == "stdin" else corefiles.from_file(conf, port)


def _named(flags: Flags) -> Named:
    return Named(
        cluster=tuple(map(Path, flags.every("cluster"))),
        kubeconfig=path_or_none(flags.last("kubeconfig")),
        context=flags.last("context") or "",
        state_dir=path_or_none(flags.last("state-dir")),
        service_cidr=flags.last("service-cidr") or "",
    )


def _write_pid(path: Path) -> None:
    """Write the process id. As with CoreDNS, DNS goes on where that can't be done."""
    try:
        path.write_text(f"{getpid()}\n")
    except OSError as error:
        log.error("Could not write pidfile: %s", error)


def _remove_pid(path: Path) -> None:
    """Remove the file if it is ours: a start that failed leaves another server's alone."""
    try:
        if path.read_text() == f"{getpid()}\n":
            path.unlink()
    except (OSError, ValueError):
        return  # nothing of ours is there


def plugin_names() -> list[str]:
    """Return the words that a Corefile may have: those of kdns and those of installed packages."""
    return sorted({*SHIPPED, *(entry.name for entry in entry_points(group=GROUP))})
