import pytest

from kdns.corefile.environment import Environment
from kdns.corefile.errors import CorefileError
from kdns.corefile.values import Notice, Position, Word

VARIABLES = {
    "A": "1",
    "B": "x {$A} {",
    "E": "",
    "a-b c": "odd",
    "SELF": "{$SELF}",
    "TWICE": "{$TWICE}{$TWICE}",
}
PLACE = Position("f", 1, 1)

REPLACED = [
    ("{$A}", "1"),
    ("{%A%}", "1"),
    ("x{$A}y{%A%}{$A}", "x1y11"),
    ("{$B}", "x 1 {"),
    ("{$E}", ""),
    ("{$UNSET}.", "."),
    ("{$a-b c}", "odd"),
    ("{$A", "{$A"),
    ("{%A}", "{%A}"),
    ("{$}{$A}", "{$}{$A}"),
    ("{$A}{$}", "1{$}"),
    ("{%%}{%A%}{$A}", "{%%}{%A%}1"),
    ("$A {A}", "$A {A}"),
]


@pytest.mark.parametrize(("text", "replaced"), REPLACED)
def test_variables_are_replaced_as_caddy_replaces_them(text: str, replaced: str) -> None:
    assert Environment(VARIABLES, []).fill(Word(text, PLACE)).text == replaced


def test_a_variable_that_is_not_set_is_noticed() -> None:
    notices: list[Notice] = []
    Environment({"E": ""}, notices).fill(Word("{$E}{$UNSET}", PLACE))
    assert [str(notice) for notice in notices] == ["f:1:1: 'UNSET' is not in the environment: read as ''"]


@pytest.mark.parametrize("name", ["SELF", "TWICE"])
def test_a_variable_that_names_itself_is_an_error(name: str) -> None:
    with pytest.raises(CorefileError, match="which grows without end, expected at most 1000 values"):
        Environment(VARIABLES, []).fill(Word(f"{{${name}}}", PLACE))
