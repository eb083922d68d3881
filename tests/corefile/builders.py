"""Corefiles for tests: from a text, with files that exist in memory only; and values without their places."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from kdns.corefile.parsing import parse_corefile
from kdns.corefile.values import Corefile, Directive
from kdns.wire.names import to_text


class MemoryFiles:
    """Files in a mapping from their paths to their texts; a text of None cannot be read."""

    def __init__(self, texts: Mapping[str, str | None]) -> None:
        self._texts = texts

    def find(self, pattern: str) -> list[str]:
        return sorted(path for path in self._texts if fnmatchcase(path, pattern))

    def read(self, path: str) -> str:
        text = self._texts.get(path)
        if text is None:
            raise PermissionError(13, "Permission denied")
        return text


def corefile(
    text: str, files: Mapping[str, str | None] | None = None, environ: Mapping[str, str] | None = None
) -> Corefile:
    """Read a text as /etc/coredns/Corefile, whose other files and environment are these."""
    return parse_corefile(text, "/etc/coredns/Corefile", environ or {}, 53, MemoryFiles(files or {}))


def said(read: Corefile) -> list[Any]:
    """Return what a Corefile says: of each block the keys, then the directives as nested lists of texts."""
    return [
        [" ".join(map(str, block.keys)), *(directive_said(each) for each in block.directives)]
        for block in read.blocks
    ]


def directive_said(directive: Directive) -> list[Any]:
    """Return name and arguments, then the block's lines in a list where there is a block."""
    words = " ".join(word.text for word in (directive.name, *directive.arguments))
    return [words] if directive.block is None else [words, [directive_said(each) for each in directive.block]]


def zones_of(read: Corefile) -> list[str]:
    """Return the zones of all keys, in order."""
    return [to_text(key.zone) for block in read.blocks for key in block.keys]
