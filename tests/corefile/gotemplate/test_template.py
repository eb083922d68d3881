"""What Go 1.26 makes of templates is in `go-templates.jsonl`: template, outcome, text or message, and the
template as Go prints it. Half of them are drawn at random from words of the language.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from kdns.corefile.errors import CorefileError
from kdns.corefile.gotemplate import TemplateFailure
from kdns.corefile.values import Position
from tests.corefile.gotemplate.builders import DATA, template, written

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parent / "go-templates.jsonl").read_text(encoding="utf-8").splitlines()
]


def outcome(text: str) -> Sequence[str]:
    try:
        compiled = template(text)
    except CorefileError:
        return [text, "parse"]
    try:
        return [text, "ok", compiled.text_for(DATA), compiled.source]
    except TemplateFailure as failure:
        return [text, "exec", str(failure), compiled.source]


@pytest.mark.parametrize("row", ROWS, ids=[str(number) for number, _ in enumerate(ROWS, 1)])
def test_go_says_the_same(row: Sequence[str]) -> None:
    assert outcome(row[0]) == row


def test_a_template_is_used_any_number_of_times() -> None:
    compiled = template("{{ $x := .Name }}{{ if eq $x `a.` }}{{ $x = `b` }}{{ end }}{{ $x }}")
    assert [compiled.text_for(type(DATA)("t", {"Name": name})) for name in ("a.", "c.", "a.")] == [
        "b",
        "c.",
        "b",
    ]


def test_it_tells_all_the_fields_that_it_asks_for_and_where() -> None:
    found = template(
        "{{ .Group.a }} {{ with $.Message.Question }}{{ (index . 0).Qtype }}\n{{ $x := .Remote }}{{ end }}"
    )
    assert {each.names: each.position for each in found.fields} == {
        ("Group", "a"): Position("Corefile", 3, 16),
        ("Message", "Question"): Position("Corefile", 3, 37),
        ("Qtype",): Position("Corefile", 3, 71),
        ("Remote",): Position("Corefile", 4, 10),
    }


@pytest.mark.parametrize(
    ("text", "is_constant"), [("a. A 1.2.3.4", True), ("", True), ("}}", True), ("{{ `a` }}", False)]
)
def test_it_is_constant_without_actions(text: str, is_constant: bool) -> None:
    assert template(text).is_constant is is_constant


def test_a_text_that_is_no_utf_8_is_none() -> None:
    with pytest.raises(CorefileError, match="invalid UTF-8"):
        template("\udcff")


def test_there_is_no_way_to_python_s_own_attributes() -> None:
    for text in (
        "{{ .Name.__class__ }}",
        "{{ .__class__ }}",
        "{{ .Group.keys }}{{ .Group.keys.x }}",
        "{{ .Match.append }}",
    ):
        assert outcome(text)[1] == "exec" or written(text) == "<no value><no value>"
