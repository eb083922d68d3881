"""What a server needs around it, in a thread with a loop of its own: an API server and an upstream.

A test that asks and waits can be written without awaiting anything.
"""

import asyncio
import contextlib
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from tests.apiserver.builders import Object
from tests.apiserver.fake import FakeApiServer
from tests.beside.upstream import Upstream, running

PATIENCE = 90.0


@dataclass(frozen=True)
class Backstage:
    """Where the servers find what they need."""

    kubeconfig: Path
    upstreams: tuple[Upstream, ...]


@contextlib.contextmanager
def backstage(folder: Path, objects: Iterable[Object], upstreams: Iterable[Upstream]) -> Iterator[Backstage]:
    """Run an API server that holds these objects, and upstreams, until the block ends."""
    ready: Future[Backstage] = Future()
    ended = asyncio.Event()

    async def run() -> None:
        async with contextlib.AsyncExitStack() as stack:
            api = await stack.enter_async_context(FakeApiServer())
            api.put(*objects)
            served = [await stack.enter_async_context(running(each)) for each in upstreams]
            ready.set_result(Backstage(api.write_kubeconfig(folder / "kubeconfig"), tuple(served)))
            await ended.wait()

    def main() -> None:
        try:
            loop.run_until_complete(run())
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=main, name="backstage")
    thread.start()
    try:
        yield ready.result(PATIENCE)
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(PATIENCE)
        loop.close()
