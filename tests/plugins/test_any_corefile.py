"""Whatever a Corefile says, it is fine or a CorefileError that shows where; nothing else is raised."""

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from kdns.app import check
from kdns.corefile.errors import CorefileError
from kdns.corefile.parsing import parse_corefile
from kdns.plugins.registry import SHIPPED
from tests.corefiles.collection import cases
from tests.plugins.drawn import ENVIRONMENT, PLUGINS, corefile, directive, make_files, mutated

REAL = [case.corefile.read_text() for case in cases().values()]

for _name in ("kdns.corefile.patterns", "re2", *(f"kdns.plugins.{plugin}" for plugin in SHIPPED)):
    import_module(_name)  # what is imported later reads and writes files

_HARMLESS = frozenset({"192.0.2.1", "2001:db8::1", "127.0.0.1"})
"""What addresses are asked for that this machine would send from: nothing is sent there."""

_FORBIDDEN = (
    *("socket.sendto", "socket.sendmsg", "socket.bind", "socket.gethostbyname", "subprocess.Popen"),
    *("os.system", "os.exec", "os.fork", "os.kill", "os.remove", "os.rename", "os.mkdir", "os.rmdir"),
    *("os.chmod", "os.putenv", "shutil.", "tempfile.", "urllib.", "_thread.start_new_thread", "os.truncate"),
)


class Guard:
    """Notes what is done beside reading files, while it is on: audit hooks stay for ever."""

    def __init__(self) -> None:
        self.is_on = False
        self.seen: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.is_on and self._is_forbidden(event, arguments):
            self.seen.append(f"{event} {arguments}")

    @staticmethod
    def _is_forbidden(event: str, arguments: tuple[Any, ...]) -> bool:
        if event == "open":
            return bool(arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        if event == "socket.connect":
            return arguments[1][0] not in _HARMLESS
        return event.startswith(_FORBIDDEN)


GUARD = Guard()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder with the files that Corefiles name; one that names itself is not found."""
    made = tmp_path_factory.mktemp("any")
    make_files(made)
    before = Path.cwd()
    os.chdir(made)
    yield made
    os.chdir(before)


def judge(text: str, folder: Path) -> int:
    """Check a Corefile; return how many errors there are, of which each must have a place that exists."""
    path = str(folder / "Corefile")
    GUARD.is_on = True
    try:
        errors = check(parse_corefile(text, path, ENVIRONMENT))
    except CorefileError as error:
        errors = [error]
    finally:
        GUARD.is_on = False
    assert GUARD.seen == []
    for problem in errors:
        file, line, column = problem.position
        lines = (text if file == path else Path(file).read_bytes().decode(errors="replace")).split("\n")
        assert 1 <= line <= len(lines), problem
        assert 1 <= column <= len(lines[line - 1]) + 1, problem
        assert str(problem).isprintable(), f"{problem!r} is one line that can be printed"
        str(problem).encode()
    return len(errors)


SEEDS = st.integers(0, 2**63)

UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
"""A smaller seed is no smaller Corefile."""


@given(SEEDS, st.sampled_from((0.0, 0.05, 0.2, 0.6)))
@settings(max_examples=400, phases=UNSHRUNK)
def test_any_corefile_of_shipped_plugins_is_fine_or_shows_where_it_is_not(
    folder: Path, seed: int, fault: float
) -> None:
    judge(corefile(Random(seed), fault), folder)


@given(SEEDS, st.sampled_from(REAL))
@settings(max_examples=400, phases=UNSHRUNK)
def test_any_mutation_of_a_real_corefile_is_fine_or_shows_where_it_is_not(
    folder: Path, seed: int, text: str
) -> None:
    judge(mutated(Random(seed), text), folder)


@given(st.text(max_size=300))
@settings(max_examples=200)
@example("\ufeff")
@example("\ufeff. {")
@example(". {\n")
@example('"')
def test_any_text_is_fine_or_shows_where_it_is_not(folder: Path, text: str) -> None:
    judge(text, folder)


@pytest.mark.parametrize("plugin", PLUGINS)
def test_every_property_takes_its_right_values_and_survives_every_wrong_one(
    plugin: str, folder: Path
) -> None:
    dice, taken = Random(plugin), 0
    for _ in range(60):
        judge(f". {{\n{directive(dice, plugin, 0.5)}\n}}", folder)
        taken += judge(f". {{\n{directive(dice, plugin)}\n}}", folder) == 0
    assert taken > 10, "or the grammar is none of this plugin's"


@pytest.mark.parametrize("zone", ["x." * 127, "x." * 123, "x." * 122 + "yy."])
@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_zone_may_be_as_long_as_a_name(plugin: str, zone: str, folder: Path) -> None:
    judge(f"{zone} {{\n{directive(Random(0), plugin)}\n  {plugin}\n}}", folder)
    judge(f"{zone} {{\n  {plugin}\n}}", folder)
