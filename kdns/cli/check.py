"""`kdns check`: read a Corefile as a start would, and say what is wrong with it, without serving."""

import argparse
from collections.abc import Iterable, Sequence

from kdns import app
from kdns.cli import corefiles
from kdns.corefile.errors import CorefileError
from kdns.corefile.values import Notice


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "check",
        help="say what is wrong with a Corefile",
        description="Read a Corefile with all that it imports, as a start would, and print what is wrong "
        "with it: where, what was found, what was expected. Prints nothing if all is well.",
        epilog="Exits with 1 if a server would not start with it. Notes are about what was hardly meant so.",
    )
    parser.add_argument(
        "file",
        nargs="?",
        default=corefiles.DEFAULT,
        metavar="FILE",
        help="default: ./%(default)s; - is standard input",
    )
    parser.add_argument(
        "--explain",
        action="store_true",
        help="print the chain of plugins that each zone's queries take, in order",
    )
    parser.add_argument(
        "-p",
        "-dns.port",
        "--port",
        dest="port",
        type=_port,
        default=corefiles.DNS_PORT,
        help="the port of zones that name none (default: %(default)s)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print problems and notes, or the chains if they are asked for; return 1 if there are problems."""
    try:
        corefile = _load(arguments.file, arguments.port)()
    except CorefileError as error:
        print(error)
        return 1
    problems = app.check(corefile)
    lines = report(problems, corefile.notices)
    if arguments.explain and not problems:
        lines += explained(app.chains(corefile))
    for line in lines:
        print(line)
    return int(bool(problems))


def _load(file: str, port: int) -> corefiles.Load:
    return corefiles.from_stdin(port) if file == "-" else corefiles.from_file(file, port)


def report(problems: Iterable[CorefileError], notices: Iterable[Notice]) -> list[str]:
    """Return a line for each, in the order of the files and of the places in them."""
    lines = [(problem.position, str(problem)) for problem in problems]
    lines += [(notice.position, f"{notice.position}: note: {notice.text}") for notice in notices]
    return [line for _, line in sorted(lines)]


def explained(chains: Iterable[tuple[Sequence[str], Sequence[str]]]) -> list[str]:
    """Return a line for each zone and port, its plugins in the order in which they see a query."""
    rows = [(key, " → ".join(plugins)) for keys, plugins in chains for key in keys]
    width = max((len(key) for key, _ in rows), default=0)
    return [f"{key:{width}}  {plugins}".rstrip() for key, plugins in rows]


def _port(text: str) -> int:
    try:
        return corefiles.port_from_text(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
