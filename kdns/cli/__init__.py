"""The command line: one module a command, each with `add_parser(commands)` and a function that runs it."""

import argparse
import sys
from collections.abc import Sequence

from kdns import __version__
from kdns.cli import export, query, serve
from kdns.cli.options import UsageError


def main(argv: Sequence[str] | None = None) -> None:
    """Run `kdns` with these arguments (those of the process by default). Exits with the command's status."""
    parser = argparse.ArgumentParser(
        prog="kdns", description="A DNS server for Kubernetes clusters: CoreDNS's answers, prepared ahead."
    )
    parser.add_argument("--version", action="version", version=f"kdns {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (serve, query, export):
        command.add_parser(commands)
    arguments = parser.parse_args(argv)
    try:
        sys.exit(arguments.run(arguments))
    except UsageError as error:
        sys.exit(f"kdns: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
