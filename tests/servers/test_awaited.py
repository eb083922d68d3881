import asyncio
import inspect
from collections.abc import Awaitable

import pytest

from kdns.servers.awaited import Awaited, Failures
from kdns.servers.counters import Counters
from kdns.servers.limits import Limits, Quota
from tests.servers.script import until


@pytest.fixture
def quota() -> Quota:
    return Quota(Limits(waiting=2))


@pytest.fixture
def counters() -> Counters:
    return Counters()


@pytest.fixture
def awaited(quota: Quota, counters: Counters) -> Awaited:
    return Awaited(quota, counters, Failures(counters))


async def never() -> bytes:
    await asyncio.Event().wait()
    return b"never"


async def test_what_is_delivered_is_no_longer_awaited(awaited: Awaited, quota: Quota) -> None:
    seen: list[tuple[bytes | None, int]] = []
    done = asyncio.get_running_loop().create_future()
    awaited.add(done, lambda response: seen.append((response, len(awaited))))
    assert (len(awaited), quota.waiting) == (1, 1)
    done.set_result(b"a")
    await until(lambda: quota.waiting == 0)
    assert seen == [(b"a", 0)]


async def test_what_is_too_much_is_dismissed(awaited: Awaited, counters: Counters) -> None:
    coroutine, future = never(), asyncio.get_running_loop().create_future()
    for awaitable in (never(), never(), coroutine, future):
        awaited.add(awaitable, lambda response: None)
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED
    assert future.cancelled()
    assert counters.dropped == {"busy": 2}
    awaited.cancel()


async def test_what_is_dismissed_takes_along_what_it_would_have_awaited(awaited: Awaited) -> None:
    """The careful path, a plugin and what it asks are such a row; Python warns of each that never began."""

    async def later(waiting: Awaitable[bytes]) -> bytes:
        return await waiting

    coroutines = [never()]
    coroutines += [coroutine := later(coroutines[0]), later(coroutine)]
    for awaitable in (never(), never(), coroutines[-1]):
        awaited.add(awaitable, lambda response: None)
    assert {inspect.getcoroutinestate(each) for each in coroutines} == {inspect.CORO_CLOSED}
    awaited.cancel()


async def test_the_limit_is_that_of_the_process(quota: Quota, counters: Counters) -> None:
    first, second = (Awaited(quota, counters, Failures(counters)) for _ in range(2))
    for each in (first, second, second):
        each.add(never(), lambda response: None)
    assert (len(first), len(second)) == (1, 1)
    assert counters.dropped == {"busy": 1}
    first.cancel()
    second.cancel()


async def test_what_is_cancelled_before_it_began_leaves_nothing_behind(
    awaited: Awaited, quota: Quota
) -> None:
    coroutine = never()
    awaited.add(coroutine, lambda response: pytest.fail("delivered"))
    awaited.cancel()
    await until(lambda: quota.waiting == 0)
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED
    assert len(awaited) == 0


async def test_settling_waits_for_what_comes_in_time_and_cancels_the_rest(
    awaited: Awaited, quota: Quota
) -> None:
    responses: list[bytes | None] = []

    async def soon() -> bytes:
        await asyncio.sleep(0)
        return b"soon"

    awaited.add(soon(), responses.append)
    awaited.add(never(), responses.append)
    await awaited.settle(0.05)
    await until(lambda: quota.waiting == 0)
    assert responses == [b"soon"]
