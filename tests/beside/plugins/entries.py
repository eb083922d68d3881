"""What is asked of a plugin, from the files of its folder, and which differences are meant."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from tests.beside.answers import Answer
from tests.beside.explained import Difference
from tests.beside.questions import RARE_WAYS, WAYS, Batch

HERE = Path(__file__).parent

BY_LABEL = {way.label: way for way in (*WAYS, *RARE_WAYS)}
USUAL = ("udp", "udp-mixed", "udp-edns", "tcp", "udp")
"""The last one is remembered, if it may be."""


@dataclass(frozen=True)
class Row:
    """A difference on purpose. All but `reason` are patterns; `theirs` and `ours` are of `shown` answers."""

    reason: str
    theirs: str
    ours: str
    names: str = "*"
    types: str = "*"
    ways: str = "*"

    def explains(self, found: Difference) -> bool:
        return (
            fnmatchcase(found.name, self.names)
            and fnmatchcase(found.rtype, self.types)
            and fnmatchcase(found.way.label, self.ways)
            and fnmatchcase(shown(found.theirs), self.theirs)
            and fnmatchcase(shown(found.ours), self.ours)
        )


def shown(answer: Answer) -> str:
    """Return an answer on one line."""
    return " | ".join(answer.lines())


@dataclass(frozen=True)
class Entry:
    folder: Path

    def __str__(self) -> str:
        return self.folder.name

    @property
    def corefile(self) -> str:
        return (self.folder / "Corefile").read_text()

    @property
    def recorded(self) -> Path:
        return self.folder / "coredns-answers.json.gz"

    def batches(self) -> list[Batch]:
        """Return what is asked, in order; the same name and type a second time adds nothing."""
        found: dict[str, Batch] = {}
        for line in (self.folder / "questions").read_text().splitlines():
            if words := line.partition("#")[0].split():
                for batch in _batches(*words):
                    found.setdefault(str(batch), batch)
        return list(found.values())

    def rows(self) -> list[Row]:
        path = self.folder / "differences.yaml"
        return [Row(**each) for each in yaml.safe_load(path.read_text())] if path.exists() else []


def _batches(names: str, types: str, ways: str = ",".join(USUAL)) -> Iterator[Batch]:
    put = tuple(BY_LABEL[label] for label in ways.split(","))
    for name in names.split(","):
        for rtype in types.split(","):
            yield Batch(name, rtype, put)


def entries() -> list[Entry]:
    return [Entry(path.parent) for path in sorted(HERE.glob("*/Corefile"))]
