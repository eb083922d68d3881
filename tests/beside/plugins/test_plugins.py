"""Each entry's questions are answered alike by CoreDNS and kdns, but for what the entry says; see README.md.

Where CoreDNS cannot be run, its recorded answers stand in for it; KDNS_TEST_RECORD=1 writes them down anew.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.beside import cluster, recorded
from tests.beside.asking import Client
from tests.beside.backstage import Backstage, backstage
from tests.beside.conftest import RECORD, RESOLV_CONF, Everything, own_address, version_of
from tests.beside.explained import Difference, explanation
from tests.beside.plugins.entries import Entry, Row, entries
from tests.beside.plugins.telling import Telling
from tests.beside.programs import (
    Ports,
    coredns_command,
    kdns_command,
    need_coredns,
    program,
    relocated,
    with_kubeconfig,
)
from tests.beside.test_beside import answers, differences, durations, report

pytestmark = pytest.mark.timeout(300)

each_entry = pytest.mark.parametrize("entry", entries(), ids=str)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backstage]:
    """The API server with the cluster, and an upstream that tells what it is asked."""
    objects = [*cluster.objects(), cluster.own_slice(own_address())]
    with backstage(tmp_path_factory.mktemp("stage"), objects, [Telling()]) as built:
        yield built


Runs = dict[str, Everything]
"""Entry → what a server answered; asked once for all tests."""


@pytest.fixture(scope="module")
def ours() -> Runs:
    return {}


@pytest.fixture(scope="module")
def theirs() -> Runs:
    return {}


def asked_kdns(entry: Entry, stage: Backstage, folder: Path, runs: Runs) -> Everything:
    if str(entry) not in runs:
        ports, corefile = Ports(), folder / "Corefile"
        corefile.write_text(_corefile(entry, stage, ports))
        words = "-kubeconfig", str(stage.kubeconfig), "-state-dir", str(folder / "state")
        runs[str(entry)] = _ask(entry, kdns_command(corefile, ports, *words), ports, folder)
    return runs[str(entry)]


def asked_coredns(entry: Entry, stage: Backstage, folder: Path, runs: Runs) -> Everything:
    binary = need_coredns()
    if str(entry) not in runs:
        ports, corefile = Ports(), folder / "Corefile-coredns"
        corefile.write_text(with_kubeconfig(_corefile(entry, stage, ports), stage.kubeconfig))
        runs[str(entry)] = _ask(entry, coredns_command(binary, corefile, ports), ports, folder)
    return runs[str(entry)]


def _corefile(entry: Entry, stage: Backstage, ports: Ports) -> str:
    (upstream,) = stage.upstreams
    return relocated(entry.corefile, {RESOLV_CONF: f"127.0.0.1:{upstream.port}"}, ports)


def _ask(entry: Entry, command: list[str], ports: Ports, folder: Path) -> Everything:
    environment = {"ENTRY": str(entry.folder)}
    with program(command, ports, folder / "log", environment) as running, Client(running.port) as client:
        return {str(batch): client.ask_batch(batch) for batch in entry.batches()}


def check(entry: Entry, found: Iterator[Difference]) -> set[Row]:
    """Fail if a difference is due to nothing; return the rows of the entry that others are due to."""
    rows, needed, unexplained = entry.rows(), set[Row](), list[Difference]()
    for each in found:
        row = next((row for row in rows if row.explains(each)), None)
        if row is not None:
            needed.add(row)
        elif explanation(each) is None:
            unexplained.append(each)
    assert not unexplained, report(unexplained)
    return needed


@each_entry
def test_recorded_answers_are_those_of_a_running_coredns(
    entry: Entry, stage: Backstage, tmp_path: Path, theirs: Runs
) -> None:
    found = asked_coredns(entry, stage, tmp_path, theirs)
    version, now = version_of(need_coredns()), answers(found)
    if os.environ.get(RECORD):
        recorded.write(entry.recorded, version, now)
    recorded_version, before = recorded.load(entry.recorded)
    if recorded_version != version:
        pytest.skip(f"{recorded_version} was recorded, this is {version}")
    assert before.keys() == now.keys(), f"other questions than those recorded: {RECORD}=1 records anew"
    changed = list(differences(entry.batches(), before, now, durations(found)))
    assert not changed, report(changed)


@each_entry
def test_answers_equal_those_recorded_of_coredns(
    entry: Entry, stage: Backstage, tmp_path: Path, ours: Runs
) -> None:
    before = recorded.load(entry.recorded)[1]
    found = asked_kdns(entry, stage, tmp_path, ours)
    needed = check(entry, differences(entry.batches(), before, answers(found), durations(found)))
    assert needed == {*entry.rows()}, "a row that explains nothing explains too much"


@each_entry
def test_answers_equal_those_of_a_running_coredns(
    entry: Entry, stage: Backstage, tmp_path: Path, ours: Runs, theirs: Runs
) -> None:
    first = asked_coredns(entry, stage, tmp_path, theirs)
    second = asked_kdns(entry, stage, tmp_path, ours)
    seconds = durations(first, second)
    check(entry, differences(entry.batches(), answers(first), answers(second), seconds))
