"""`errors`: one line an error, or one line for many."""

import asyncio
import logging
from collections.abc import Iterator, Sequence

import pytest

from kdns.answering.chain import Rest
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response
from kdns.plugins.errors import Errors
from kdns.wire import codes
from kdns.wire.names import Name, from_text
from tests.plugins.lent import lent, refusal

TIMEOUT, REFUSED = "read udp 127.0.0.1:1->127.0.0.1:9: i/o timeout", "connection refused"


class Failing:
    """A link whose responses, at once or later, have these errors in turn."""

    name = "failing"

    def __init__(self, errors: Sequence[str], is_later: bool = False) -> None:
        self._responses = [Response(codes.SERVFAIL, error=error) for error in errors]
        self._is_later = is_later

    def respond(self, query: Query, rest: Rest) -> Outcome:
        response = self._responses.pop(0)

        async def later() -> Response:
            return response

        return later() if self._is_later else response


def refuse_alias(query: Query, name: Name) -> Response:
    return Response(codes.REFUSED)


def ask(plugin: Errors, *errors: str, name: str = "Example.ORG.") -> None:
    """Ask the plugin once for each error that the rest of the chain is to have."""
    rest = Rest([Failing(errors)], refuse_alias)
    for error in errors:
        response = plugin.respond(Query(b"\0\1", 0, from_text(name), codes.AAAA), rest)
        assert response == Response(codes.SERVFAIL, error=error)


class Lines(logging.Handler):
    """Has `seen` what was logged so far, level and text, and can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self._more = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(f"{record.levelname} {record.getMessage()}")
        self._more.set()

    async def next(self) -> None:
        """Return when there is a line that this did not return for before."""
        await self._more.wait()
        self._more.clear()


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What `errors` logs, from DEBUG on."""
    logger, handler = logging.getLogger("kdns.plugins.errors"), Lines()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler
    logger.setLevel(logging.NOTSET)
    logger.removeHandler(handler)


def line(error: str, level: str = "ERROR") -> str:
    return f"{level} 2 example.org. AAAA: {error}"


def test_an_error_is_a_line(lines: Lines) -> None:
    ask(lent(Errors, "errors"), TIMEOUT, "", REFUSED)
    assert lines.seen == [line(TIMEOUT), line(REFUSED)]


async def test_an_error_that_had_to_be_waited_for_is_a_line(lines: Lines) -> None:
    outcome = lent(Errors, "errors").respond(
        Query(b"\0\1", 0, from_text("x."), codes.A), Rest([Failing([REFUSED], True)], refuse_alias)
    )
    assert not isinstance(outcome, Response)
    assert (await outcome).error == REFUSED
    assert lines.seen == [f"ERROR 2 x. A: {REFUSED}"]


def test_the_name_is_printed_as_it_is_by_coredns(lines: Lines) -> None:
    ask(lent(Errors, "errors"), REFUSED, name=r"a\032$\;b\255.X.")
    assert lines.seen == [rf"ERROR 2 a\ $\;b\255.x. AAAA: {REFUSED}"]


OPTIONS = [
    ('3600s ".*"', "ERROR 3 errors like '.*' occurred in last 1h0m0s"),
    ('90s "timeout$|refused" warning', "WARNING 3 errors like 'timeout$|refused' occurred in last 1m30s"),
    ('1h "." info', "INFO 3 errors like '.' occurred in last 1h0m0s"),
    ('1h "." debug', "DEBUG 3 errors like '.' occurred in last 1h0m0s"),
    ('1h "." error', "ERROR 3 errors like '.' occurred in last 1h0m0s"),
]


@pytest.mark.parametrize(("options", "told"), OPTIONS)
async def test_errors_of_one_kind_are_one_line_at_the_latest_when_it_ends(
    lines: Lines, options: str, told: str
) -> None:
    plugin = lent(Errors, f"errors {{\nconsolidate {options}\n}}")
    ask(plugin, TIMEOUT, REFUSED, TIMEOUT)
    assert lines.seen == []
    await plugin.close()
    assert lines.seen == [told]
    ask(plugin, REFUSED)
    assert lines.seen == [told, line(REFUSED, told.split()[0])]


async def test_errors_are_told_when_their_period_is_over_and_counted_anew(lines: Lines) -> None:
    plugin = lent(Errors, "errors {\nconsolidate 20ms .*\n}")
    told = []
    for count in (2, 1):
        ask(plugin, *[TIMEOUT] * count)
        assert lines.seen == told
        told.append(f"ERROR {count} errors like '.*' occurred in last 20ms")
        await lines.next()
        assert lines.seen == told
    await plugin.close()
    assert lines.seen == told


@pytest.mark.parametrize("level", ["", "warning "])
async def test_the_first_of_a_kind_can_be_told_at_once(lines: Lines, level: str) -> None:
    plugin = lent(Errors, f"errors {{\nconsolidate 0s refused {level}show_first\nconsolidate 1h .\n}}")
    name = level.strip().upper() or "ERROR"
    ask(plugin, REFUSED)
    assert lines.seen == [line(REFUSED, name)]
    for _ in range(3):
        await asyncio.sleep(0)
    assert lines.seen == [line(REFUSED, name)], "a summary of one error would say nothing new"
    ask(plugin, REFUSED, REFUSED)
    await plugin.close()
    assert lines.seen == [line(REFUSED, name)] * 2 + [f"{name} 2 errors like 'refused' occurred in last 0s"]


async def test_the_first_consolidation_that_matches_decides(lines: Lines) -> None:
    plugin = lent(Errors, "errors {\nstacktrace\nconsolidate 1h timeout$\nconsolidate 2h udp info\n}")
    ask(plugin, TIMEOUT, "udp broke", REFUSED)
    assert lines.seen == [line(REFUSED)]
    await plugin.close()
    assert lines.seen == [
        line(REFUSED),
        "ERROR 1 errors like 'timeout$' occurred in last 1h0m0s",
        "INFO 1 errors like 'udp' occurred in last 2h0m0s",
    ]


async def test_a_period_below_zero_is_over_at_once(lines: Lines) -> None:
    ask(lent(Errors, "errors {\nconsolidate -5s .\n}"), REFUSED)
    await lines.next()
    assert lines.seen == ["ERROR 1 errors like '.' occurred in last 0s"]


@pytest.mark.parametrize("text", ["errors", "errors stdout", "errors {\n}", "errors {\nstacktrace\n}"])
def test_what_coredns_takes_is_taken(text: str) -> None:
    assert lent(Errors, text).name == "errors"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("errors\nerrors", "3:1: found a second 'errors', expected one in a server block"),
        ("errors stdotu", "2:8: found 'stdotu', expected stdout, the only place to write to; did you mean"),
        ("errors stdout x", "2:15: found 2 arguments of 'errors', expected at most 1"),
        ("errors {\nconsolidat 1s x\n}", "3:1: found 'consolidat', expected a property of 'errors'; did you"),
        ("errors {\nstacktrace x\n}", "3:12: found 1 argument of 'stacktrace', expected none"),
        ("errors {\nconsolidate 1s\n}", "3:1: found 1 argument of 'consolidate', expected 2 to 4"),
        ("errors {\nconsolidate 1 x\n}", "3:13: found '1', expected a duration such as 5s or 1m30s"),
        ("errors {\nconsolidate 1s a(\n}", "3:16: found 'a(' ('missing ): a('), expected a regular expr"),
        ("errors {\nconsolidate 1s x warn\n}", "3:18: found 'warn', expected one of warning, error, info, d"),
        ("errors {\nconsolidate 1s x info error\n}", "3:23: found 'error', expected one level at most, bef"),
        ("errors {\nconsolidate 1s x show_first info\n}", "3:29: found 'info', expected one level at most,"),
        ("errors {\nconsolidate 1s x info show_first x\n}", "3:34: found 5 arguments of 'consolidate', exp"),
    ],
)
def test_what_coredns_refuses_is_refused_at_its_place(text: str, message: str) -> None:
    assert refusal(Errors, text).startswith(message)
