"""kdns.sources.slices, by a clock that goes on with each look at it."""

import asyncio
from itertools import count

import pytest

from kdns.sources import slices
from kdns.sources.slices import SLICE_SECONDS, Slices

LOOKS = 20
"""A slice lasts for so many looks at the clock."""


async def steps_by_round(workers: int, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Return how many steps each worker did in each round of the loop."""
    ticks = count()
    monkeypatch.setattr(slices.time, "perf_counter", lambda: next(ticks) * SLICE_SECONDS / LOOKS)
    done = [0] * workers

    async def work(number: int) -> None:
        share = Slices()
        while True:
            done[number] += 1
            await share.give_way()

    rounds = []
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(work(number)) for number in range(workers)]
        for _ in range(50):
            before = list(done)
            await asyncio.sleep(0)
            rounds.append([after - earlier for after, earlier in zip(done, before, strict=True)])
        for task in running:
            task.cancel()
    return rounds[2:]


@pytest.mark.parametrize("workers", [1, 2, 4])
async def test_all_work_together_takes_one_slice_a_round(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = await steps_by_round(workers, monkeypatch)
    assert max(map(sum, rounds)) <= LOOKS + 2 * workers


async def test_each_worker_has_its_share_in_every_round(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = await steps_by_round(4, monkeypatch)
    assert min(map(min, rounds)) >= LOOKS // 4 - 1


async def test_who_is_cancelled_while_giving_way_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    await steps_by_round(4, monkeypatch)
    assert Slices._waiting == 0
