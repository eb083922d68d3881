"""Whatever a Corefile says, it is fine or a CorefileError that shows where: nothing else is raised or done."""

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kdns.app import check
from kdns.corefile.errors import CorefileError
from kdns.corefile.parsing import parse_corefile
from kdns.corefile.values import Word
from kdns.plugins.registry import SHIPPED
from tests.corefiles.collection import cases
from tests.plugins.drawn import ENVIRONMENT, FILES, PLUGINS, corefile, make_files, mutated

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
    """Notes what is done beside reading files, while it is on. Hooks of the interpreter cannot be taken out."""

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
    for error in errors:
        file, line, column = error.position
        lines = (text if file == path else Path(file).read_text(errors="replace")).split("\n")
        assert 1 <= line <= len(lines), error
        assert 1 <= column <= len(lines[line - 1]) + 1, error
        assert str(error).isprintable(), f"{error!r} is one line that can be printed"
        str(error).encode()
    return len(errors)


@given(st.randoms(use_true_random=False), st.sampled_from((0.0, 0.05, 0.2, 0.6)))
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_corefile_of_shipped_plugins_is_fine_or_shows_where_it_is_not(
    folder: Path, dice: Random, fault: float
) -> None:
    judge(corefile(dice, folder, fault), folder)


@given(st.randoms(use_true_random=False), st.sampled_from(REAL))
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_mutation_of_a_real_corefile_is_fine_or_shows_where_it_is_not(
    folder: Path, dice: Random, text: str
) -> None:
    judge(mutated(dice, text), folder)


@given(st.text(max_size=300))
@settings(max_examples=200)
@example("\ufeff")
@example("\ufeff. {")
@example(". {\n")
@example('"')
def test_any_text_is_fine_or_shows_where_it_is_not(folder: Path, text: str) -> None:
    judge(text, folder)


@pytest.mark.parametrize("plugin", PLUGINS)
def test_every_property_takes_its_right_values_and_survives_every_wrong_one(plugin: str, folder: Path) -> None:
    dice, taken = Random(plugin), 0
    for _ in range(60):
        judge(f". {{\n{_alone(dice, plugin, folder, 0.5)}\n}}", folder)
        taken += judge(f". {{\n{_alone(dice, plugin, folder, 0.0)}\n}}", folder) == 0
    assert taken > 10, "or the grammar is none of this plugin's"


def _alone(dice: Random, plugin: str, folder: Path, fault: float) -> str:
    while True:  # a Corefile is drawn until it has the plugin, whose directive is taken out
        text = corefile(dice, folder, fault)
        start = text.find(f"\n  {plugin}")
        if start >= 0:
            end = text.find("\n  }", start) if text[start:].split("\n")[1].endswith("{") else -1
            return text[start : end + 4] if end > 0 else text[start:].split("\n")[1]
