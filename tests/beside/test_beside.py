"""kdns and CoreDNS with the same Corefile (kubeadm's), cluster and upstream answer the same questions alike.

Where CoreDNS cannot be run, its recorded answers stand in for it; KDNS_TEST_RECORD=1 writes them down anew.
"""

import os
from collections.abc import Iterator, Mapping

import pytest

from tests.beside import recorded
from tests.beside.answers import Answer, alike
from tests.beside.conftest import RECORD, Everything, version_of
from tests.beside.explained import ROWS, Difference, explanation
from tests.beside.programs import need_coredns
from tests.beside.questions import Batch

pytestmark = pytest.mark.timeout(600)

SHOWN = 40
"""How many differences are printed in full."""


def differences(
    asked: list[Batch], theirs: recorded.Answers, ours: recorded.Answers, seconds: Mapping[str, float]
) -> Iterator[Difference]:
    """Give what is not alike. `seconds` are how long batches took: so much may a TTL have counted down."""
    for batch in asked:
        slack = 1 + int(seconds[str(batch)] + 0.5)
        for way, first, second in zip(batch.ways, theirs[str(batch)], ours[str(batch)], strict=True):
            if not alike(first, second, slack):
                yield Difference(batch.name, batch.rtype, way, first, second)


def answers(found: Everything) -> dict[str, tuple[Answer, ...]]:
    return {batch: asked.answers for batch, asked in found.items()}


def durations(*runs: Everything) -> dict[str, float]:
    return {batch: max(run[batch].seconds for run in runs) for batch in runs[0]}


def report(found: list[Difference]) -> str:
    """Return differences for people to read, those with the same answers once."""
    lines: dict[str, list[str]] = {}
    for each in found:
        theirs, ours = ("\n".join(f"      {line}" for line in side.lines()) for side in each[3:])
        text = f"    CoreDNS:\n{theirs}\n    kdns:\n{ours}"
        lines.setdefault(text, []).append(f"  {each.name} {each.rtype} ({each.way.label})")
    blocks = ["\n".join([*names, text]) for text, names in lines.items()]
    return "\n".join([f"{len(found)} differences that no row explains", *blocks[:SHOWN]])


def check(found: Iterator[Difference]) -> set[str]:
    """Fail if a difference is due to no row; return the rows that others are due to."""
    rows: dict[str | None, list[Difference]] = {}
    for each in found:
        rows.setdefault(explanation(each), []).append(each)
    unexplained = rows.pop(None, [])
    assert not unexplained, report(unexplained)
    return {row for row in rows if row is not None}


@pytest.mark.skipif(not recorded.PATH.exists(), reason="nothing is recorded")
def test_answers_equal_those_recorded_of_coredns(
    asked: list[Batch], kdns_answers: Everything, recorded_answers: recorded.Answers
) -> None:
    found = differences(asked, recorded_answers, answers(kdns_answers), durations(kdns_answers))
    assert check(found) == ROWS, "a rule that explains nothing explains too much"


def test_answers_equal_those_of_a_running_coredns(
    asked: list[Batch], coredns_answers: Everything, kdns_answers: Everything
) -> None:
    seconds = durations(coredns_answers, kdns_answers)
    check(differences(asked, answers(coredns_answers), answers(kdns_answers), seconds))


def test_recorded_answers_are_those_of_a_running_coredns(
    asked: list[Batch], coredns_answers: Everything
) -> None:
    version, now = version_of(need_coredns()), answers(coredns_answers)
    if os.environ.get(RECORD):
        recorded.write(recorded.PATH, version, now)
    recorded_version, before = recorded.load(recorded.PATH)
    if recorded_version != version:
        pytest.skip(f"{recorded_version} was recorded, this is {version}")
    assert before.keys() == now.keys(), f"other questions than those recorded: {RECORD}=1 records anew"
    found = list(differences(asked, before, now, durations(coredns_answers)))
    assert not found, report(found)
