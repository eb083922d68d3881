"""The checks that read the code instead of running it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check"],
        ["ruff", "format", "--check"],
        ["mypy"],
        ["lint-imports"],
    ],
    ids=" ".join,
)
def test_check_finds_nothing(command: list[str]) -> None:
    checked = subprocess.run([BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_readme_begins_with_the_two_commands() -> None:
    blocks = (ROOT / "README.md").read_text().split("```sh\n")[1:3]
    commands = [block.split("```")[0].strip().splitlines() for block in blocks]
    assert [len(lines) for lines in commands] == [1, 1]
    assert commands[0][0].endswith("kdns serve --demo")
    assert commands[1][0].endswith("pytest")
