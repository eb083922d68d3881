import pytest

from kdns.answering.chain import Rest
from kdns.answering.queries import Query
from kdns.answering.responses import Response
from kdns.plugins.header import Header
from tests.plugins.lent import lent, refusal
from tests.plugins.setups import at_once, query, rest

AA, RD, RA = 0x0400, 0x0100, 0x0080


class Seen:
    """The rest of a chain, which remembers the flags of queries."""

    name = "seen"

    def __init__(self) -> None:
        self.flags: list[int] = []

    def respond(self, query: Query, rest: Rest) -> Response:
        self.flags.append(query.flags)
        return Response(authoritative=True)


def passed(rules: str, flags: int) -> tuple[int, tuple[bool, bool, bool | None]]:
    """Return the flags of the query that others see, and AA, RA and RD of the response."""
    seen = Seen()
    response = at_once(
        lent(Header, f"header {{\n{rules}\n}}").respond(query("x.")._replace(flags=flags), rest(seen))
    )
    return seen.flags[0], (response.authoritative, response.recursion_available, response.recursion_desired)


@pytest.mark.parametrize(
    ("rules", "flags", "asked", "said"),
    [
        ("response set ra", RD, RD, (True, True, None)),
        ("response clear aa", RD, RD, (False, False, None)),
        ("response set aa ra rd", 0, 0, (True, True, True)),
        ("Response CLEAR Rd AA", RD, RD, (False, False, False)),
        ("response set rd\nresponse clear rd", 0, 0, (True, False, False)),
        ("query set rd", 0, RD, (True, False, True)),
        ("query clear rd", RD | 0x10, 0x10, (True, False, False)),
        ("query set aa ra", RD, AA | RA | RD, (True, False, None)),
        ("query clear rd\nresponse set rd", RD, 0, (True, False, True)),
        ("query clear rd\nquery set rd", RD, RD, (True, False, True)),
    ],
)
def test_flags_are_set_and_cleared(
    rules: str, flags: int, asked: int, said: tuple[bool, bool, bool | None]
) -> None:
    assert passed(rules, flags) == (asked, said)


def test_the_first_directive_with_rules_counts() -> None:
    plugin = lent(Header, "header\nheader {\nresponse set ra\n}\nheader {\nresponse clear ra\n}")
    response = at_once(plugin.respond(query("x."), rest(Seen())))
    assert response.recursion_available


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("header", "2:1: found header without rules, expected query or response, set or clear"),
        ("header {\n}", "2:1: found header without rules, expected query or response, set or clear"),
        (
            "header {\nrespons set ra\n}",
            "3:1: found 'respons', expected query or response; did you mean 'response'?",
        ),
        ("header {\nquery set\n}", "3:1: found 1 argument of 'query', expected 2 or more"),
        ("header {\nquery sett rd\n}", "3:7: found 'sett', expected set or clear; did you mean 'set'?"),
        ("header {\nquery set rd tc\n}", "3:14: found 'tc', expected one of aa, ra, rd"),
    ],
)
def test_what_is_wrong_is_told(text: str, expected: str) -> None:
    assert refusal(Header, text) == expected
