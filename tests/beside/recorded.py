"""CoreDNS's answers in a file, for where CoreDNS is not.

Gzip of JSON: `version` is CoreDNS's own, `answers` are all that occur, `batches` name those of each batch by
their places in that list.
"""

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.beside.answers import Answer, Record

PATH = Path(__file__).parent / "coredns-answers.json.gz"

Answers = Mapping[str, Sequence[Answer]]
"""Batch, as text → its answers, one a way."""


def write(path: Path, version: str, found: Answers) -> None:
    places: dict[Answer, int] = {}
    batches = {
        batch: [places.setdefault(each, len(places)) for each in answers] for batch, answers in found.items()
    }
    tree = {"version": version, "answers": list(places), "batches": batches}
    text = json.dumps(tree, separators=(",", ":"))
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def load(path: Path) -> tuple[str, Answers]:
    """Return CoreDNS's version and its answers."""
    tree = json.loads(gzip.decompress(path.read_bytes()))
    answers = [_answer(each) for each in tree["answers"]]
    found = {batch: [answers[place] for place in places] for batch, places in tree["batches"].items()}
    return tree["version"], found


def _answer(tree: list[Any]) -> Answer:
    head, *sections, counts = tree
    return Answer(head, *(tuple(Record(*each) for each in section) for section in sections), tuple(counts))
