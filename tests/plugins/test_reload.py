"""`reload`: its interval, and that what it begins goes on without it."""

import asyncio
from contextlib import suppress

import pytest

from kdns.plugins import reload
from kdns.plugins.reload import Reload
from tests.plugins.lent import FakeProcess, lent, refusal
from tests.upstreams.dummies import until

INTERVALS = [
    ("reload", 22.5, 37.5),
    ("reload 10s", 7.5, 12.5),
    ("reload 1m", 52.5, 67.5),
    ("reload 10s 5s", 7.5, 12.5),
    ("reload 10s 4s", 8.0, 12.0),
    ("reload 10s 1h", 7.5, 12.5),
    ("reload 2s 1s", 1.5, 2.5),
    ("reload 2s 0", 2.0, 2.0),
    ("reload 30s 0s", 30.0, 30.0),
    ("reload 10s 4s {\nx y\n}", 8.0, 12.0),
    ("reload 10s 4s\nreload off", 8.0, 12.0),
]


@pytest.mark.parametrize(("text", "least", "most"), INTERVALS)
def test_the_interval_is_moved_by_half_the_jitter_either_way(
    text: str, least: float, most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    for share, interval in ((0.0, least), (0.5, (least + most) / 2), (1.0, most)):
        monkeypatch.setattr(reload.random, "random", lambda share=share: share)
        assert lent(Reload, text).interval == pytest.approx(interval)


DURATION = "a duration such as 5s or 1m30s"
REFUSED = [
    ("reload 0", f"2:8: found '0', expected {DURATION} from 2s"),
    ("reload 1999ms", f"2:8: found '1999ms', expected {DURATION} from 2s"),
    ("reload -1s", f"2:8: found '-1s', expected {DURATION} from 2s"),
    ("reload 30", f"2:8: found '30', expected {DURATION} from 2s"),
    ("reload off", f"2:8: found 'off', expected {DURATION} from 2s"),
    ("reload 2s 999ms", "2:11: found '999ms', expected a duration from 1s, or 0"),
    ("reload 2s -1s", "2:11: found '-1s', expected a duration from 1s, or 0"),
    ("reload 2s 5", f"2:11: found '5', expected {DURATION}"),
    ("reload 30s 15s 1s", "2:16: found 3 arguments of 'reload', expected at most 2"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_coredns_refuses_is_refused(text: str, message: str) -> None:
    assert refusal(Reload, text) == message


class Slow(FakeProcess):
    """A process that takes until `may_end` to take a Corefile over."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.may_end, self.is_done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def reload(self) -> None:
        self.begun.set()
        await self.may_end.wait()
        self.is_done.set()


async def test_the_corefile_is_read_again_and_again() -> None:
    process = FakeProcess()
    task = asyncio.create_task(Reload(0.001, process).run())
    await until(lambda: process.reloads >= 3)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_taking_over_goes_on_while_that_which_began_it_is_ended() -> None:
    process = Slow()
    task = asyncio.create_task(Reload(0.001, process).run())
    await process.begun.wait()
    task.cancel()
    async with asyncio.timeout(5):
        with suppress(asyncio.CancelledError):
            await task
        assert not process.is_done.is_set()
        process.may_end.set()
        await process.is_done.wait()
