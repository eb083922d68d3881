"""Where a Corefile comes in, from a file or a text, and goes out as a value or as a CorefileError.

Nothing is kept between two Corefiles, and nothing is served here.
"""

from collections.abc import Mapping
from pathlib import Path

from kdns.corefile.environment import Environment
from kdns.corefile.errors import CorefileError
from kdns.corefile.files import Disk, Files
from kdns.corefile.grammar import Grammar
from kdns.corefile.imports import WordStream
from kdns.corefile.keys import SCHEMES
from kdns.corefile.lexer import lex
from kdns.corefile.values import Corefile, Notice, Position


def read_corefile(
    path: Path, environ: Mapping[str, str], default_port: int = SCHEMES["dns"], files: Files | None = None
) -> Corefile:
    """Read a Corefile and all that it imports. Raises CorefileError, also where it cannot be opened."""
    files = files or Disk()
    try:
        text = files.read(str(path))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CorefileError(Position(str(path), 1, 1), f"no file to read ({reason})", "a Corefile") from error
    return parse_corefile(text, str(path), environ, default_port, files)


def parse_corefile(
    text: str,
    name: str,
    environ: Mapping[str, str],
    default_port: int = SCHEMES["dns"],
    files: Files | None = None,
) -> Corefile:
    """Read the text of a Corefile. `name` is its path: messages show it, imports are relative to it.

    What is read from a pipe has the name "/dev/stdin", as with CoreDNS. Raises CorefileError, nothing else.
    """
    notices: list[Notice] = []
    environment = Environment(environ, notices)
    words = WordStream(lex(text, name), environment, files or Disk(), notices)
    blocks = tuple(Grammar(words, environment, default_port, notices).blocks())
    return Corefile(blocks, (name, *words.read), tuple(notices))
