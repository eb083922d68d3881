"""Every test here must leave no task and no socket behind."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.upstreams.dummies import until


def open_sockets() -> set[str]:
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = os.readlink(entry)
        except FileNotFoundError:  # the one that lists the folder
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found


@pytest.fixture(autouse=True)
async def no_leaks() -> AsyncIterator[None]:
    sockets = open_sockets()
    yield
    await until(lambda: not open_sockets() - sockets)
    await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})
