"""What Dockerfile, .dockerignore and the lock files promise, without building anything."""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kdns.app import check
from kdns.corefile.parsing import parse_corefile
from tests.image.container import IMPORT_ALL
from tests.image.lock import MACHINES, PYTHONS, ROOT, requirements

LOCKS = list(requirements())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
LINES = [line for line in re.sub(r"\\\n", " ", DOCKERFILE).splitlines() if line and not line.startswith("#")]

LEFT_OUT = (
    *(
        "curses",
        "dbm",
        "ensurepip",
        "idlelib",
        "lib2to3",
        "pydoc_data",
        "sqlite3",
        "test",
        "tkinter",
        "turtledemo",
    ),
    *("kubernetes_asyncio.client.api", "kubernetes_asyncio.client.models"),
)
"""Packages that are not in the image."""


def of(word: str) -> list[str]:
    """Return what the Dockerfile says after `word`, once for each line that begins so."""
    return [line.partition(" ")[2].strip() for line in LINES if line.startswith(f"{word} ")]


def pins(lock: Path) -> dict[str, tuple[str, Sequence[str]]]:
    """Return versions and hashes by normalized name."""
    found = {}
    for line in re.sub(r"\\\n", " ", lock.read_text()).splitlines():
        if not line.startswith("#"):
            pin, *hashes = line.split()
            name, _, version = pin.partition("==")
            found[canonicalize_name(name)] = version, hashes
    return found


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_satisfies_what_pyproject_asks_for(lock: Path) -> None:
    _, wanted = requirements()[lock]
    for requirement in map(Requirement, wanted):
        version, _ = pins(lock)[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), requirement


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_has_one_wheel_for_all_or_one_for_each_python_and_machine(lock: Path) -> None:
    for name, (_, hashes) in pins(lock).items():
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each) for each in hashes), name
        assert len(hashes) in (1, len(MACHINES), len(MACHINES) * len(PYTHONS)), name


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_names_no_address(lock: Path) -> None:
    assert not re.search(r"://|^--?(i|f|index|extra-index|find-links)\b", lock.read_text(), re.M)


def test_whatever_pip_fetches_is_in_a_lock_and_a_wheel() -> None:
    commands = [
        each for run in of("RUN") for each in run.split("&&") if re.search(r"\bpip .*(install|wheel)", each)
    ]
    assert len(commands) == 4
    for command in commands:
        assert ("--require-hashes" in command and "--only-binary :all:" in command) or "--no-index" in command


def test_the_base_is_an_argument_and_the_image_begins_with_nothing() -> None:
    assert LINES[0].startswith("ARG BASE=")
    assert of("FROM") == ["${BASE} AS build", "scratch"]


def test_the_image_takes_the_arguments_of_coredns_without_a_shell_as_a_numeric_user() -> None:
    assert of("ENTRYPOINT") == ['["/usr/bin/kdns"]']
    assert of("CMD") == []
    assert of("USER") == ["65532:65532"]
    assert of("WORKDIR")[-1] == "/"
    assert of("STOPSIGNAL") == ["SIGTERM"]


def test_what_the_build_copies_is_there_and_nothing_else_is_sent_to_it() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    let_in = [line[1:] for line in lines if line.startswith("!")]
    assert all(list(ROOT.glob(pattern)) for pattern in let_in)
    assert {"kdns", "zonefiles", "pyproject.toml", "README.md", "LICENSE"} <= {*let_in}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_the_image_leaves_out_what_the_list_says(name: str) -> None:
    assert re.search(rf"[ /]{name.replace('.', '/')}[ ;]", " ".join(of("RUN")))


def test_kdns_imports_nothing_that_the_image_leaves_out() -> None:
    command = [sys.executable, "-c", f"{IMPORT_ALL}; import sys; print(*sys.modules)"]
    imported = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout.split()
    assert "kdns.cli.serve" in imported
    assert [name for name in imported if f"{name}.".startswith(tuple(f"{each}." for each in LEFT_OUT))] == []


def test_the_page_asks_where_the_image_serves() -> None:
    """`kdns query` alone asks port 1053, that of `kdns serve`."""
    [words] = re.findall(r"`kubectl exec POD -- kdns query ([^`]*)`", (ROOT / "docs/image.md").read_text())
    assert words.split() == ["--server", "127.0.0.1", "NAME"]


@pytest.mark.parametrize(
    "block", re.findall(r"^```corefile\n(.*?)^```", (ROOT / "zonefiles/README.md").read_text(), re.S | re.M)
)
def test_the_corefile_that_serves_zonefiles_passes_the_check(block: str) -> None:
    assert check(parse_corefile(block, "Corefile", {})) == []
