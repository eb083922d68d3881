"""A cluster of one node and two Pods that serve DNS, for each test anew."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import find_tool
from tests.rolling import outside, pods
from tests.rolling.load import Load
from tests.rolling.network import Network, built
from tests.rolling.plane import ControlPlane, Timing

NAMES = ("pod1", "pod2")


@dataclass
class Cluster:
    """What a test has: the network, the control plane, and clients that may be set to work."""

    network: Network
    plane: ControlPlane
    load: Load


@contextlib.asynccontextmanager
async def running(
    folder: Path, corefile: str, timing: Timing, command: Callable[[Path], Sequence[str]] = pods.kdns
) -> AsyncIterator[Cluster]:
    """Run two Pods of a server with this Corefile, from when the Service has both."""
    path = folder / "Corefile"
    path.write_text(corefile)
    async with contextlib.AsyncExitStack() as stack:
        network = stack.enter_context(built(*NAMES))
        await network.set_up()
        await stack.enter_async_context(outside.answering(network.node))
        made = {
            name: pods.Pod(
                name,
                network.pods[name],
                network.addresses[name],
                command(path),
                network.node,
                folder / f"{name}.log",
            )
            for name in NAMES
        }
        for pod in made.values():
            pod.start()
            stack.callback(pod.kill)
        plane = ControlPlane(network, made, timing)
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(plane.run())
            try:
                await plane.all_are_served()
                yield Cluster(network, plane, Load(network.client))
            finally:
                watching.cancel()


Start = Callable[[str, Timing], AbstractAsyncContextManager[Cluster]]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Return what runs a cluster of kdns, by its lameduck and the timing of the control plane."""
    for tool in ("unshare", "nsenter", "ip", "nft", "conntrack"):
        find_tool(tool)
    return lambda lameduck, timing: running(tmp_path, pods.corefile(lameduck), timing)
