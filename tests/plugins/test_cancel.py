import asyncio

import pytest

from kdns.answering.chain import Rest
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response
from kdns.plugins.cancel import Cancel
from kdns.wire import codes
from tests.plugins.lent import lent, refusal
from tests.plugins.setups import Answering, query, rest


class Waiting:
    """A plugin that waits until something happens, and notes if it was told not to."""

    name = "waiting"

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self.was_cancelled = False

    def respond(self, query: Query, rest: Rest) -> Outcome:
        return self._wait()

    async def _wait(self) -> Response:
        try:
            await self.event.wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        return Response(codes.NXDOMAIN)


async def test_who_waits_too_long_gets_servfail_and_what_was_waited_for_ends() -> None:
    waiting = Waiting()
    outcome = lent(Cancel, "cancel 10ms").respond(query("x."), rest(waiting))
    assert not isinstance(outcome, Response)
    found = await outcome
    assert found == Response(codes.SERVFAIL, remember=False, error="context deadline exceeded")
    assert waiting.was_cancelled


async def test_what_comes_in_time_is_passed_on() -> None:
    waiting = Waiting()
    outcome = lent(Cancel, "cancel").respond(query("x."), rest(waiting))
    assert not isinstance(outcome, Response)
    waiting.event.set()
    assert await outcome == Response(codes.NXDOMAIN)


def test_what_is_there_at_once_is_not_touched() -> None:
    response = Response(codes.NXDOMAIN)
    assert lent(Cancel, "cancel 1ns").respond(query("x."), rest(Answering(response))) is response


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("cancel", 5.001), ("cancel 1m30s", 90.0), ("cancel 1s\ncancel 2s", 2.0), ("cancel 1s\ncancel", 5.001)],
)
def test_the_last_directive_says_how_long(text: str, seconds: float) -> None:
    assert lent(Cancel, text)._seconds == seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cancel 1s 2s", "2:11: found 2 arguments of 'cancel', expected at most 1"),
        ("cancel 5", "2:8: found '5', expected a duration such as 5s or 1m30s"),
        ("cancel 0s", "2:8: found '0s', expected a duration such as 5s or 1m30s"),
        ("cancel -1s\ncancel 1s", "2:8: found '-1s', expected a duration such as 5s or 1m30s"),
    ],
)
def test_what_is_wrong_is_told(text: str, expected: str) -> None:
    assert refusal(Cancel, text).startswith(expected)
