"""Responses that are not ready yet: awaited in tasks, bounded in number, delivered when they come.

Knows neither sockets nor framing: whoever adds an awaitable says what to do with its response.
"""

import asyncio
import inspect
import logging
import time
from collections.abc import Awaitable, Callable
from types import CoroutineType

from kdns.answering.clients import Answer
from kdns.servers.counters import Counters, add_one
from kdns.servers.limits import Quota

Deliver = Callable[[Answer], None]

_LOG_INTERVAL = 10.0  # seconds; a bug that every packet meets must not fill the disk

_logger = logging.getLogger(__name__)


class Failures:
    """Counts exceptions that came out of `respond`, which is always a bug, and logs some of them."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._silent_until = 0.0

    def note(self) -> None:
        """Count the exception being handled; log it with its traceback unless one was logged just now."""
        add_one(self._counters.dropped, "raised")
        now = time.monotonic()
        if now >= self._silent_until:
            self._silent_until = now + _LOG_INTERVAL
            _logger.exception("respond failed, its query gets no response (%s)", self._counters.dropped)


class Awaited:
    """The awaitables that one UDP socket or one connection waits for."""

    def __init__(self, quota: Quota, counters: Counters, failures: Failures) -> None:
        self._quota = quota
        self._counters = counters
        self._failures = failures
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def add(self, awaitable: Awaitable[Answer], deliver: Deliver) -> None:
        """Await a response and call `deliver` with it, with None if there is none or awaiting it failed.

        Where the process waits for too many already, it is dismissed and counted, and `deliver` never called.
        """
        if self._quota.waiting >= self._quota.limits.waiting:
            add_one(self._counters.dropped, "busy")
            _dismiss(awaitable)
            return
        self._quota.waiting += 1
        task = asyncio.get_running_loop().create_task(self._wait(awaitable, deliver))
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._finished(done, awaitable))

    async def wait(self, grace: float) -> None:
        """Let what is awaited now finish, for `grace` seconds at most."""
        if self._tasks and grace > 0:
            await asyncio.wait(self._tasks, timeout=grace)

    async def settle(self, grace: float) -> None:
        """Let what is awaited finish, for `grace` seconds at most; cancel the rest."""
        await self.wait(grace)
        self.cancel()

    def cancel(self) -> None:
        """Stop waiting; nothing is delivered any more."""
        for task in list(self._tasks):
            task.cancel()

    async def _wait(self, awaitable: Awaitable[Answer], deliver: Deliver) -> None:
        try:
            response: Answer = await awaitable
        except Exception:  # noqa: BLE001 - whatever it was, only this one query may suffer; note() logs it
            self._failures.note()
            response = None
        # Before `deliver`, which asks how many are still awaited.
        self._tasks.discard(asyncio.current_task())
        deliver(response)

    def _finished(self, task: asyncio.Task[None], awaitable: Awaitable[Answer]) -> None:
        self._quota.waiting -= 1
        self._tasks.discard(task)
        _dismiss(awaitable)  # a task that was cancelled before its first step has not touched it
        if not task.cancelled() and (error := task.exception()) is not None:
            _logger.error("a response could not be delivered", exc_info=error)


def _dismiss(awaitable: Awaitable[Answer]) -> None:
    """Tell an awaitable that nobody waits for it; does nothing to one that is done.

    A coroutine that has not begun was given what it would await, and that must not be left to warn either.
    """
    if isinstance(awaitable, CoroutineType):
        if inspect.getcoroutinestate(awaitable) == inspect.CORO_CREATED:
            for given in inspect.getcoroutinelocals(awaitable).values():
                if isinstance(given, CoroutineType):
                    _dismiss(given)
        awaitable.close()
    elif isinstance(awaitable, asyncio.Future):
        awaitable.cancel()
