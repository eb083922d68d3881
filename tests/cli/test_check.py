"""`kdns check` says everything that a start would stumble over, and nothing else."""

import io
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from kdns.cli import main
from kdns.cli.check import explained, report
from kdns.corefile.errors import CorefileError
from kdns.corefile.values import Notice, Position

COREFILES = Path(__file__).parents[1] / "corefiles"


class Checked(NamedTuple):
    """What `kdns check` has printed, and its status."""

    out: str
    status: object


Check = Callable[..., Checked]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    """Checks a text, as ./Corefile, with these arguments after `kdns check`."""
    monkeypatch.chdir(tmp_path)

    def run(text: str, *arguments: str) -> Checked:
        (tmp_path / "Corefile").write_text(text)
        with pytest.raises(SystemExit) as ended:
            main(["check", *arguments])
        return Checked(capsys.readouterr().out, ended.value.code)

    return run


def test_a_corefile_without_problems_is_worth_no_word(check: Check) -> None:
    assert check((COREFILES / "kubeadm" / "Corefile").read_text()) == ("", 0)


def test_every_problem_is_told_with_its_place_and_notes_do_not_fail(check: Check) -> None:
    text = """\
. {
    erorrs
    kubernetes cluster.local {
        ttl 7200
    }
    loadbalance
}
example.org {
    erratic
    log {$KDNS_NOT_SET}
}
"""
    out, status = check(text)
    assert status == 1
    assert [line.partition(" ")[0] for line in out.splitlines()] == [
        "Corefile:2:5:",
        "Corefile:4:13:",
        "Corefile:9:5:",
        "Corefile:10:9:",
    ]
    first, second, third, fourth = out.splitlines()
    assert first.endswith("did you mean 'errors'?")
    assert "found '7200', expected an integer from 0 to 3600" in second
    assert "does not have yet" in third
    assert fourth == "Corefile:10:9: note: 'KDNS_NOT_SET' is not in the environment: read as ''"
    out, status = check(". {\n    log {$KDNS_NOT_SET}\n}\n")
    assert (out.count("note:"), status) == (1, 0)


def test_what_breaks_the_grammar_is_told(check: Check) -> None:
    out, status = check(". {\n    errors\n")
    assert (out, status) == (
        "Corefile:3:1: found the end of the file, expected '}' for the '{' at Corefile:1:3\n",
        1,
    )


def test_a_corefile_without_a_server_block_is_worth_a_note(check: Check) -> None:
    assert check("") == ("Corefile:1:1: note: no server block, so that whoami and log are served\n", 0)


def test_a_file_can_be_named_and_must_be_there(check: Check, tmp_path: Path) -> None:
    (tmp_path / "good").write_text(". {\n    errors\n}\n")
    assert check("broken {", "good") == ("", 0)
    out, status = check("", "nowhere")
    assert (out[:13], status) == ("nowhere:1:1: ", 1)


def test_standard_input_is_checked_too(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = SimpleNamespace(buffer=io.BytesIO(b". {\n    nonsense\n}\n"), isatty=lambda: False)
    monkeypatch.setattr("sys.stdin", stdin)
    out, status = check("", "-")
    assert (out[:16], status) == ("/dev/stdin:2:5: ", 1)


@pytest.mark.parametrize("arguments", [["--port", "54"], ["-dns.port", "54"], ["-dns.port=54"], ["-p", "54"]])
def test_explain_shows_the_chain_of_every_zone_in_its_order(check: Check, arguments: list[str]) -> None:
    text = ". {\n    loadbalance\n    errors\n}\na.example b.example:1053 {\n    errors\n}\n"
    out, status = check(text, "--explain", *arguments)
    assert status == 0
    assert out.splitlines() == [
        ".:54             errors → loadbalance",
        "a.example.:54    errors",
        "b.example.:1053  errors",
    ]


def test_explain_explains_nothing_that_would_not_start(check: Check) -> None:
    out, status = check(". {\n    nonsense\n    errors\n}\n", "--explain")
    assert ("→" in out, out.count("\n"), status) == (False, 1, 1)


def test_a_port_that_is_none_is_a_usage_error(check: Check) -> None:
    assert check(". {\n}\n", "--port", "x").status == 2


def test_lines_are_in_the_order_of_the_text() -> None:
    problem = CorefileError(Position("b", 1, 1), "this", "that")
    notices = [Notice(Position("b", 10, 1), "late"), Notice(Position("a", 3, 1), "first")]
    assert report([problem], notices) == [
        "a:3:1: note: first",
        "b:1:1: found this, expected that",
        "b:10:1: note: late",
    ]
    assert report([], []) == []


def test_zones_stand_in_one_column_and_a_block_may_have_no_plugin() -> None:
    chains = [([".:53"], ("errors", "log")), (["a.example.:1053"], ())]
    assert explained(chains) == [".:53             errors → log", "a.example.:1053"]
    assert explained([]) == []
