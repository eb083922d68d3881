"""The servers and the client that the tests of this folder share."""

from collections.abc import AsyncIterator

import pytest

from tests.apiserver.asking import Asker
from tests.apiserver.builders import service
from tests.apiserver.fake import FakeApiServer
from tests.apiserver.real import real_server

__all__ = ["real_server"]


@pytest.fixture
async def server() -> AsyncIterator[FakeApiServer]:
    """A fake API server that runs and holds nothing."""
    async with FakeApiServer() as running:
        yield running


@pytest.fixture
def asker(server: FakeApiServer) -> Asker:
    return Asker(server.url)


def fill(server: FakeApiServer, count: int) -> None:
    """Put Services s0, s1, ... of namespace shop, anew if they are there."""
    server.put(*(service(f"shop/s{number}") for number in range(count)))
