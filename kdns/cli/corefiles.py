"""Which Corefile a command is about: a file, standard input or ./Corefile; and the port it need not name."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from kdns.cli.options import UsageError
from kdns.corefile.errors import CorefileError
from kdns.corefile.files import decoded
from kdns.corefile.keys import SCHEMES
from kdns.corefile.parsing import parse_corefile, read_corefile
from kdns.corefile.values import Corefile, Position

DEFAULT = "Corefile"
DNS_PORT = str(SCHEMES["dns"])
_STDIN = "/dev/stdin"

_INSTEAD = (
    "CoreDNS would serve its `whoami`, which kdns does not have yet; to see kdns at work: kdns serve --demo"
)


Load: TypeAlias = Callable[[], Corefile]
"""Reads a Corefile. Raises CorefileError, also for one that serves nothing."""


def from_file(path: str, port: int) -> Load:
    """Return what reads the Corefile at `path`, "" = ./Corefile, anew each time. Raises UsageError."""
    if not path and not os.path.lexists(DEFAULT):
        raise UsageError(
            f"no ./{DEFAULT} here, and none named with -conf FILE. {_INSTEAD}; all commands: kdns --help"
        )
    return lambda: _serving_something(read_corefile(Path(path or DEFAULT), os.environ, port))


def from_stdin(port: int) -> Load:
    """Return what gives the Corefile on standard input, which is read once, now. Raises UsageError."""
    if sys.stdin.isatty():
        raise UsageError("standard input is a terminal, not a Corefile: give kdns one with < or |")
    text = decoded(sys.stdin.buffer.read())
    return lambda: _serving_something(parse_corefile(text, _STDIN, os.environ, port))


def _serving_something(corefile: Corefile) -> Corefile:
    if not corefile.blocks:
        expected = f"a server block. {_INSTEAD}"
        raise CorefileError(Position(corefile.files[0], 1, 1), "nothing to serve", expected)
    return corefile


def port_from_text(text: str) -> int:
    """Read the port of zones that name none. Raises ValueError."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 0xFFFF):
        raise ValueError(f"{text!r} is no port, a number from 0 to 65535")
    return int(text)
