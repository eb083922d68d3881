"""Corefiles as distributions ship them and as people write them: what `kdns check` says of each, and what is
answered with it. CoreDNS, where it is at hand, must give the same answers.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from kdns.cli import main
from tests.beside.answers import Answer
from tests.beside.asking import Client
from tests.beside.backstage import Backstage, backstage
from tests.beside.programs import (
    Ports,
    Program,
    coredns_command,
    kdns_command,
    need_coredns,
    program,
    relocated,
    with_kubeconfig,
)
from tests.beside.questions import Way
from tests.corefiles.collection import CLUSTER, Case, cases, cluster_objects, upstreams
from tests.upstreams.certificates import make_certificate, serving

CASES = cases()
SERVED = [name for name, case in CASES.items() if not case.refused]
TAKEN = [name for name, case in CASES.items() if case.refused and case.coredns == "takes"]
REFUSED = [name for name, case in CASES.items() if case.coredns == "refuses"]

UDP, TCP = Way("udp"), Way("tcp", is_stream=True)

MENTIONED_FILES = (".override", ".server")
"""Files that a Corefile imports end so."""


@dataclass(frozen=True)
class Scene:
    """What all Corefiles are served with: a cluster, upstreams, and the authority that signed for them."""

    around: Backstage
    addresses: Mapping[str, str]
    """An upstream's name, with or without `tls://` before it → where it is."""
    authority: Path


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = make_certificate(tmp_path_factory.mktemp("corefiles"))
    named = upstreams(serving(folder))
    with backstage(folder, cluster_objects(), named.values()) as around:
        plain = {name: f"127.0.0.1:{each.port}" for name, each in named.items()}
        secure = {f"tls://{name}": f"tls://127.0.0.1:{each.tls_port}" for name, each in named.items()}
        yield Scene(around, plain | secure, folder / "cert.pem")


@dataclass(frozen=True)
class Place:
    """Where a case is served: a copy of its folder, in which ports and addresses are free ones."""

    corefile: Path
    ports: Ports
    environment: Mapping[str, str]


def prepare(case: Case, scene: Scene, folder: Path, *, is_coredns: bool) -> Place:
    """Copy a case into a folder, changed so that it can be served there."""
    ports = Ports()
    words = {word: _replacement(word, text, scene, folder) for word, text in case.words.items()}
    for path in case.folder.rglob("*"):
        target = folder / path.relative_to(case.folder)
        if path.is_dir():
            target.mkdir()
            continue
        text = path.read_text()
        if path.name == "Corefile" or path.suffix in MENTIONED_FILES:
            text = relocated(text, words, ports)
        if path.name == "Corefile" and is_coredns:
            text = with_kubeconfig(text, scene.around.kubeconfig)
        target.write_text(text)
    environment = {name: words.get(value, value) for name, value in case.environment.items()}
    return Place(folder / "Corefile", ports, environment | {"SSL_CERT_FILE": str(scene.authority)})


def _replacement(word: str, text: str, scene: Scene, folder: Path) -> str:
    scheme = "tls://" if word.startswith("tls://") else ""
    return scene.addresses.get(scheme + text) or text.format(folder=folder)


def serve(case: Case, scene: Scene, folder: Path, *, is_coredns: bool) -> AbstractContextManager[Program]:
    place = prepare(case, scene, folder, is_coredns=is_coredns)
    if is_coredns:
        command = coredns_command(need_coredns(), place.corefile, place.ports)
    else:
        command = kdns_command(place.corefile, place.ports, "--cluster", str(CLUSTER))
    return program(command, place.ports, folder / "log", place.environment, case.port)


def answered(answer: Answer) -> tuple[str, ...]:
    """Return an answer as expectations say it."""
    if answer.answer:
        return tuple(sorted(f"{each.ttl} {each.rtype} {each.rdata}" for each in answer.answer))
    return ("NODATA",) if answer.rcode == "NOERROR" else (answer.rcode,)


def check_answers(case: Case, running: Program) -> None:
    wrong = {}
    for question, expected in case.answers.items():
        name, rtype, *port = question.split()
        with Client(running.ports[int(port[0]) if port else case.port]) as client:
            found = [answered(client.ask(name, rtype, way)) for way in (UDP, TCP)]
        without_ttl = {tuple(sorted(line.split(maxsplit=1)[-1] for line in each)) for each in found}
        if found[0] != expected or len(without_ttl) > 1:
            wrong[question] = found
    assert not wrong, f"{wrong}\n{running.log.read_text()}"


@pytest.mark.parametrize("name", CASES)
def test_kdns_check_says(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[name]
    monkeypatch.chdir(case.folder)
    for variable, value in case.environment.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as exit:
        main(["check", "Corefile"])
    assert capsys.readouterr().out.splitlines() == list(case.check)
    assert exit.value.code == int(case.refused)


@pytest.mark.parametrize("name", SERVED)
def test_kdns_answers(name: str, scene: Scene, tmp_path: Path) -> None:
    with serve(CASES[name], scene, tmp_path, is_coredns=False) as running:
        check_answers(CASES[name], running)


@pytest.mark.parametrize("name", SERVED)
def test_coredns_answers_the_same(name: str, scene: Scene, tmp_path: Path) -> None:
    need_coredns()
    with serve(CASES[name], scene, tmp_path, is_coredns=True) as running:
        check_answers(CASES[name], running)


@pytest.mark.parametrize("name", TAKEN)
def test_coredns_takes_what_kdns_refuses_for_now(name: str, scene: Scene, tmp_path: Path) -> None:
    need_coredns()
    with serve(CASES[name], scene, tmp_path, is_coredns=True):
        pass


@pytest.mark.parametrize("name", REFUSED)
def test_coredns_refuses_it_too(name: str, scene: Scene, tmp_path: Path) -> None:
    need_coredns()
    with (
        pytest.raises(AssertionError, match="has ended"),
        serve(CASES[name], scene, tmp_path, is_coredns=True),
    ):
        pass
