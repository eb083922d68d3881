"""The example in docs/plugins.md, installed as a user would have it installed."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kdns.app import chains, check
from kdns.corefile.parsing import parse_corefile
from kdns.corefile.values import Corefile

PAGE = Path(__file__).parents[2] / "docs" / "plugins.md"
PYTHON, ENTRY_POINTS, COREFILE = re.findall(r"^```\w*\n(.*?)^```", PAGE.read_text(), re.S | re.M)[:3]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Put the example where installed packages are found, as pip does."""
    metadata = tmp_path / "kdns_motd-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: kdns-motd\nVersion: 1.0\n")
    group, entry = ENTRY_POINTS.splitlines()
    assert group == '[project.entry-points."kdns.plugins"]'
    (metadata / "entry_points.txt").write_text(f"[kdns.plugins]\n{entry.replace(chr(34), '')}\n")
    (tmp_path / "kdns_motd.py").write_text(PYTHON)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("kdns_motd", None)


def corefile(text: str) -> Corefile:
    return parse_corefile(text, "Corefile", {})


def test_the_example_is_known_once_it_is_installed(installed: Path) -> None:
    assert check(corefile(COREFILE)) == []
    assert chains(corefile(COREFILE)) == [([".:1053"], ("motd",))]


@pytest.mark.parametrize("text", [". {\n  motd\n}", ". {\n  motd " + "x" * 256 + "\n}"])
def test_the_example_says_what_it_does_not_understand(installed: Path, text: str) -> None:
    [problem] = check(corefile(text))
    assert str(problem).startswith("Corefile:2:")
    assert problem.expected == "motd and a text of at most 255 characters"


def test_without_the_package_the_word_is_unknown() -> None:
    [problem] = check(corefile(COREFILE))
    assert (problem.found, problem.suggestion) == ("'motd', which is no plugin", None)


def test_the_place_that_the_example_chose_is_its_place(installed: Path) -> None:
    text = ". {\n  kubernetes cluster.local\n  cache\n  motd hello\n  errors\n}"
    assert chains(corefile(text))[0][1] == ("errors", "cache", "motd", "kubernetes")


@pytest.mark.parametrize(
    ("module", "found"),
    [
        ("import nothing_like_it", "kdns_motd:Motd: ModuleNotFoundError: No module named 'nothing_like_it'"),
        ("Motd = 7", "kdns_motd:Motd, which is none"),
        ("", "kdns_motd:Motd: AttributeError: module 'kdns_motd' has no attribute 'Motd'"),
        (PYTHON.replace('before = "kubernetes"', 'before = "nothing"'), "kdns_motd:Motd, which is none"),
    ],
)
def test_a_broken_package_is_an_error_of_the_line_that_names_it(
    installed: Path, module: str, found: str
) -> None:
    (installed / "kdns_motd.py").write_text(module)
    [problem] = check(corefile(COREFILE))
    assert (problem.position.line, problem.found) == (2, found)
