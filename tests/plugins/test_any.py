import pytest

from kdns.answering.responses import Response
from kdns.plugins.any import Any
from kdns.wire import codes
from tests.plugins.lent import lent, refusal
from tests.plugins.setups import Answering, at_once, lines, query, rest

OTHER = Response(codes.NXDOMAIN)


def test_any_is_answered_with_next_to_nothing_and_that_for_ever() -> None:
    response = at_once(lent(Any, "any").respond(query("a.test.", "ANY"), rest(Answering(OTHER))))
    assert lines(response.answer) == ['a.test. 8482 HINFO "ANY obsoleted" "See RFC 8482"']
    assert response == Response(answer=response.answer)


@pytest.mark.parametrize("qtype", ["A", "HINFO", "AXFR"])
def test_other_types_are_for_others(qtype: str) -> None:
    assert lent(Any, "any").respond(query("a.test.", qtype), rest(Answering(OTHER))) == OTHER


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("any x", "2:5: found 1 argument of 'any', expected none"),
        ("any {\nx\n}", "2:1: found a block after 'any', expected the end of the line"),
    ],
)
def test_it_has_no_options(text: str, expected: str) -> None:
    assert refusal(Any, text) == expected
