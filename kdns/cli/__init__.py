"""The command line: one module a command, each with `add_parser(commands)` and a function that runs it.

Without a command it is that of CoreDNS (`kdns.cli.coredns`).
"""

import argparse
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from kdns.cli import check, coredns, env, export, query, resolvconf, serve
from kdns.cli.goflags import usage
from kdns.cli.options import UsageError

_COMMANDS = (serve, check, query, export, resolvconf, env)

_IN_COREDNS_PLACE = f"""\
in CoreDNS's place:
{usage(coredns.FLAGS)}

  and beside a Corefile, or in the environment:
{usage(coredns.OWN_FLAGS)}

These flags are read as CoreDNS reads its own: with one dash or two, the value after = or as the next word.
"""


def main(argv: Sequence[str] | None = None) -> None:
    """Run `kdns` with these arguments (those of the process by default). Exits with the command's status."""
    words = sys.argv[1:] if argv is None else argv
    parser = _parser()
    _prepare_stdout()
    try:
        if not words or words[0].startswith("-"):
            sys.exit(coredns.run(words, parser.print_help))
        arguments = parser.parse_args(words)
        status = arguments.run(arguments)
        sys.stdout.flush()
        sys.exit(status)
    except UsageError as error:
        sys.exit(f"kdns: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # whoever reads it has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except OSError as error:
        sys.exit(f"kdns: {error}")


def _prepare_stdout() -> None:
    """Let it take whatever is printed: names of others hold what not every terminal can show."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 -- for as long as the process lives
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kdns",
        usage="kdns -conf FILE [FLAG ...]\n       kdns COMMAND ...",
        description="A DNS server for Kubernetes clusters: CoreDNS's answers, prepared ahead.",
        epilog=_IN_COREDNS_PLACE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
    )
    commands = parser.add_subparsers(title="commands", prog="kdns", required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser
