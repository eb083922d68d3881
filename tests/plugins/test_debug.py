"""`debug`: DEBUG messages are seen while a block that has it is served."""

import asyncio
import logging
from collections.abc import Iterator

import pytest

from kdns.plugins.debug import Debug
from tests.plugins.lent import lent, refusal

log = logging.getLogger("kdns.plugins.anything")


@pytest.fixture(autouse=True)
def level() -> Iterator[None]:
    """The process logs from INFO on, as `kdns.observability.logs` sets it up."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.INFO)
    yield
    root.setLevel(before)


async def begun() -> "asyncio.Task[None]":
    task = asyncio.create_task(lent(Debug, "debug").run())
    await asyncio.sleep(0)
    return task


async def ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_debug_messages_are_seen_while_it_runs() -> None:
    assert not log.isEnabledFor(logging.DEBUG)
    task = await begun()
    assert log.isEnabledFor(logging.DEBUG)
    assert not logging.getLogger("asyncio").isEnabledFor(logging.DEBUG)
    await ended(task)
    assert not log.isEnabledFor(logging.DEBUG)
    assert log.isEnabledFor(logging.INFO)


async def test_debug_messages_are_seen_until_the_last_of_several_ends() -> None:
    old = await begun()
    new = await begun()
    await ended(old)
    assert log.isEnabledFor(logging.DEBUG)
    await ended(new)
    assert not log.isEnabledFor(logging.DEBUG)


def test_it_may_be_there_twice() -> None:
    assert lent(Debug, "debug\ndebug").name == "debug"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("debug off", "2:7: found 1 argument of 'debug', expected none"),
        ("debug\ndebug {\n}", "3:1: found a block after 'debug', expected the end of the line"),
    ],
)
def test_it_has_no_options(text: str, message: str) -> None:
    assert refusal(Debug, text) == message
