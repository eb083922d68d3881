import pytest

from kdns.corefile.gotemplate.failures import Problem
from kdns.corefile.gotemplate.printing import WIDEST, formatted, plain, quoted, written
from tests.corefile.gotemplate.builders import DATA


def test_width_is_bounded() -> None:
    assert len(formatted("%9999d", [1])) == len(formatted("%.9999d", [1])) == WIDEST


@pytest.mark.parametrize("format", ["%*d", "%5.1f", "%#x", "% d", "%U", "%99999d"])
def test_a_verb_that_is_not_known_is_a_problem_when_it_is_met(format: str) -> None:
    with pytest.raises(Problem, match="kdns does not know"):
        formatted(format, [1])


def test_nothing_is_no_value_to_an_action_and_nil_to_a_function() -> None:
    assert (written(None), plain(None)) == ("<no value>", "<nil>")


def test_a_struct_is_not_printed() -> None:
    with pytest.raises(Problem, match=r"kdns cannot print a value of type \*template.templateData"):
        written(DATA)


def test_what_cannot_be_printed_has_an_escape() -> None:
    assert quoted('a\t"\\\x00\x7fé\u200b\U000e0001') == r'"a\t\"\\\x00\x7fé\u200b\U000e0001"'
