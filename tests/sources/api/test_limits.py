"""kdns.sources.api.limits: turns come at the rate that was asked for, a burst at once, and places are few."""

import asyncio
import contextlib

import pytest

from kdns.sources.api.limits import Limiter


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("qps", "burst", "waits"),
    [
        (0.0, 0, [0.0] * 20),
        (2.0, 3, [0.0, 0.0, 0.0, 0.5, 1.0]),
        (2.0, 1, [0.0, 0.5, 1.0]),
        (10.0, 0, [*[0.0] * 10, 0.1, 0.2]),
        (0.0, 2, [0.0, 0.0, 0.2, 0.4]),
    ],
)
def test_a_burst_goes_at_once_and_the_rest_at_its_rate(qps: float, burst: int, waits: list[float]) -> None:
    limiter = Limiter(qps, burst, clock=Clock())
    assert [limiter.reserve() for _ in waits] == pytest.approx(waits)


def test_turns_that_nobody_took_are_kept_up_to_the_burst() -> None:
    clock = Clock()
    limiter = Limiter(2.0, 3, clock=clock)
    assert [limiter.reserve() for _ in range(4)] == pytest.approx([0.0, 0.0, 0.0, 0.5])
    clock.now += 1.0
    assert [limiter.reserve() for _ in range(2)] == pytest.approx([0.0, 0.5])
    clock.now += 100.0
    assert [limiter.reserve() for _ in range(4)] == pytest.approx([0.0, 0.0, 0.0, 0.5])


@pytest.mark.parametrize(("places", "most"), [(0, 5), (1, 1), (2, 2)])
async def test_so_many_are_under_way_at_once(places: int, most: int) -> None:
    limiter, inside, seen = Limiter(max_inflight=places), 0, 0

    async def work() -> None:
        nonlocal inside, seen
        async with limiter.place():
            inside += 1
            seen = max(seen, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(work() for _ in range(5)))
    assert seen == most


async def test_a_place_is_free_again_whatever_happened_there() -> None:
    limiter = Limiter(max_inflight=1)
    for _ in range(3):
        with contextlib.suppress(OSError):
            async with limiter.place():
                raise OSError
