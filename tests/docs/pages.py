"""The repository's pages, and what is in them that a test can hold against the truth: links, blocks, tables.

Enough of Markdown to read these pages, as GitHub shows them; not more.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^( *)```(\S*)\n(.*?)^\1```$", re.S | re.M)
_CODE = re.compile(r"(`+)(.+?)\1", re.S)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.M)
_PROGRAM = re.compile(r"(\S*/)?kdns")
_OPERATORS = frozenset({"|", "&&", "||", ";", "&", "(", ")"})
_REDIRECTIONS = frozenset({"<", ">", ">>", ">&", "<<"})


class Block(NamedTuple):
    """A fenced block: `line` is that of its fence, `language` is "" if there is none."""

    line: int
    language: str
    text: str


class Page(NamedTuple):
    """A Markdown file. `name` is its path in the repository."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def text(self) -> str:
        return self.path.read_text()

    @property
    def prose(self) -> str:
        """Everything but the fenced blocks."""
        return _FENCE.sub("", self.text)

    def blocks(self, *languages: str) -> Iterator[Block]:
        """Yield the fenced blocks of these languages, without their indentation."""
        text = self.text
        for found in _FENCE.finditer(text):
            indent, language, content = found.groups()
            if language in languages:
                plain = re.sub(rf"^{indent}", "", content, flags=re.M)
                yield Block(text.count("\n", 0, found.start()) + 1, language, plain)

    def links(self) -> list[str]:
        return _LINK.findall(_CODE.sub("", self.prose))

    def code(self) -> list[str]:
        """Return what stands between backquotes in the text."""
        return [" ".join(found[2].split()) for found in _CODE.finditer(self.prose)]

    def anchors(self) -> set[str]:
        """Return the fragments by which headings are linked to: a second one of a text has -1 behind it."""
        found: set[str] = set()
        for heading in _HEADING.findall(self.prose):
            plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
            slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
            number = 0
            while (unique := slug if not number else f"{slug}-{number}") in found:
                number += 1
            found.add(unique)
        return found

    def rows(self, heading: str) -> list[list[str]]:
        """Return the cells of the tables below a heading, up to the next one of any level."""
        _, found, below = self.prose.partition(f"# {heading}\n")
        assert found, f"{self.name} has no heading {heading!r}"
        section = re.split(r"^#", below, maxsplit=1, flags=re.M)[0]
        lines = [line for line in section.splitlines() if line.startswith("|")]
        rules = [number for number, line in enumerate(lines) if "---" in line and set(line) <= set("|:- ")]
        rows = [line for number, line in enumerate(lines) if not {number, number + 1} & {*rules}]
        return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip()[1:-1])] for row in rows]


def pages() -> list[Page]:
    """Return every Markdown file that belongs to the repository."""
    found = sorted(ROOT.rglob("*.md"))
    return [Page(path) for path in found if not _is_foreign(path.relative_to(ROOT))]


def page(name: str) -> Page:
    return Page(ROOT / name)


def commands(block: Block) -> Iterator[list[str]]:
    """Yield the words that kdns is given in a block of shell commands, each time it is called there."""
    text = block.text.replace("\\\n", " ")
    lines = text.splitlines()
    if block.language == "console":
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    for line in lines:
        yield from _calls(line)


def _calls(line: str) -> Iterator[list[str]]:
    words = shlex.shlex(line, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    call: list[str] = []
    calls, is_file = [call], False
    for word in words:
        if word in _OPERATORS:
            call = []
            calls.append(call)
        elif word in _REDIRECTIONS:
            is_file = True
        elif is_file:
            is_file = False
        else:
            call.append(word)
    for each in calls:
        started = each[each.index("--") + 1 :] if "--" in each else each  # kubectl exec POD -- kdns
        if started and _PROGRAM.fullmatch(started[0]):
            yield started[1:]


def _is_foreign(path: Path) -> bool:
    """Tell whether a path is not the repository's own: caches, environments, what was built."""
    return any(part.startswith(".") or part in ("dist", "build", "node_modules") for part in path.parts)
