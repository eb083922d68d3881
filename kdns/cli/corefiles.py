"""Which Corefile a command is about: a file, standard input or ./Corefile; and the port it need not name."""

import logging
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from kdns.cli.options import UsageError
from kdns.corefile.files import decoded
from kdns.corefile.keys import SCHEMES
from kdns.corefile.parsing import parse_corefile, read_corefile
from kdns.corefile.values import Corefile, Notice, Position

DEFAULT = "Corefile"
DNS_PORT = str(SCHEMES["dns"])
_STDIN = "/dev/stdin"

_WHOAMI = ".:{port} {{\n    whoami\n    log\n}}\n"
"""What is served where no Corefile says anything else, as by CoreDNS: clients are told their addresses."""

_INSTEAD = "serving whoami and log, as CoreDNS does; to see more of kdns: kdns serve --demo, kdns --help"

Load: TypeAlias = Callable[[], Corefile]
"""Reads a Corefile that serves something. Raises CorefileError."""

log = logging.getLogger("kdns")


def from_file(path: str, port: int) -> Load:
    """Return what reads the Corefile at `path`, "" = ./Corefile if it is there, anew each time."""

    def load() -> Corefile:
        if not path and not os.path.lexists(DEFAULT):
            log.warning("no ./%s here, and none named with -conf FILE: %s", DEFAULT, _INSTEAD)
            return _whoami(DEFAULT, port)
        return _serving_something(read_corefile(Path(path or DEFAULT), os.environ, port), port)

    return load


def from_stdin(port: int) -> Load:
    """Return what gives the Corefile on standard input, which is read once, now. Raises UsageError."""
    if sys.stdin.isatty():
        raise UsageError("standard input is a terminal, not a Corefile: give kdns one with < or |")
    text = decoded(sys.stdin.buffer.read())
    return lambda: _serving_something(parse_corefile(text, _STDIN, os.environ, port), port)


def _serving_something(corefile: Corefile, port: int) -> Corefile:
    if corefile.blocks:
        return corefile
    file = corefile.files[0]
    log.warning("%s has no server block: %s", file, _INSTEAD)
    notice = Notice(Position(file, 1, 1), "no server block, so that whoami and log are served")
    instead = _whoami(file, port)
    return replace(instead, files=corefile.files, notices=(*corefile.notices, notice))


def _whoami(file: str, port: int) -> Corefile:
    return parse_corefile(_WHOAMI.format(port=port), file, {}, port)


def port_from_text(text: str) -> int:
    """Read the port of zones that name none. Raises ValueError."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 0xFFFF):
        raise ValueError(f"{text!r} is no port, a number from 0 to 65535")
    return int(text)
