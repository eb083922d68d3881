"""What Kubernetes does around a Pod that ends: kubelet's probe, the EndpointSlice, kube-proxy.

Stand-ins, each with as much of the original's behaviour as a query can notice.
"""

import asyncio
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.rolling.network import Network
from tests.rolling.pods import Pod

PATIENCE = 60


@dataclass(frozen=True)
class Timing:
    """Seconds, and how many times. `delay`: from a change of an endpoint until the rules have followed it.

    `keeps_serving`: as kube-proxy does now (pkg/proxy/conntrack/cleanup.go), flows are forgotten when their
    endpoint is not serving any more, which a terminating Pod is for as long as it is ready; it used to forget
    them as soon as the endpoint was terminating.
    """

    delay: float = 0.5
    period: float = 0.5
    failures: int = 1
    keeps_serving: bool = True


class Conditions(NamedTuple):
    """An endpoint's, as in an EndpointSlice."""

    serving: bool = False
    terminating: bool = False

    @property
    def ready(self) -> bool:
        return self.serving and not self.terminating


@dataclass
class ControlPlane:
    """Watches Pods and keeps the node's rules in step with them, late."""

    network: Network
    pods: Mapping[str, Pod]
    timing: Timing
    _conditions: dict[str, Conditions] = field(default_factory=dict)
    _programmed: dict[str, Conditions] = field(default_factory=dict)
    _changes: "asyncio.Queue[tuple[float, dict[str, Conditions]]]" = field(default_factory=asyncio.Queue)

    async def run(self) -> None:
        """Probe and program until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._program())
            for pod in self.pods.values():
                group.create_task(self._probe(pod))

    async def all_are_served(self) -> None:
        """Wait until the rules send queries to every Pod, which must live."""

        def are_served() -> bool:
            for pod in self.pods.values():
                assert pod.is_running, pod.log.read_text()
            return len(self._programmed) == len(self.pods) == len(self._ready(self._programmed))

        await _until(are_served)

    async def end(self, name: str) -> int:
        """Delete a Pod: its endpoint is terminating and it gets SIGTERM at once. Return its exit status."""
        self._change(name, Conditions(self._conditions[name].serving, terminating=True))
        self.pods[name].signal(signal.SIGTERM)
        return await self.pods[name].exited()

    async def settled(self, name: str) -> None:
        """Wait until the rules know that a Pod's process has ended."""
        self._change(name, self._conditions[name]._replace(serving=False))
        await _until(lambda: self._programmed[name] == self._conditions[name])

    async def begin(self, name: str) -> None:
        """Start a Pod in the place of one that has ended, and wait until the rules have it."""
        self._change(name, Conditions())
        self.pods[name].start()
        await self.all_are_served()

    async def crash(self, name: str) -> None:
        """Kill a Pod's process, and wait until the rules know."""
        self.pods[name].signal(signal.SIGKILL)
        await self.pods[name].exited()
        await self.settled(name)

    def _change(self, name: str, conditions: Conditions) -> None:
        if self._conditions.get(name) != conditions:
            self._conditions[name] = conditions
            due = asyncio.get_running_loop().time() + self.timing.delay
            self._changes.put_nowait((due, dict(self._conditions)))

    async def _probe(self, pod: Pod) -> None:
        """Be kubelet: also a terminating Pod is probed, and one that has ended is not ready."""
        failures = 0
        while True:
            is_ready = await pod.is_ready() and pod.is_running
            failures = 0 if is_ready else failures + 1
            if is_ready or failures >= self.timing.failures or not pod.is_running:
                known = self._conditions.get(pod.name, Conditions())
                self._change(pod.name, known._replace(serving=is_ready))
            await asyncio.sleep(self.timing.period)

    async def _program(self) -> None:
        """Be kube-proxy: the rules first, then the flows that they don't apply to."""
        while True:
            due, conditions = await self._changes.get()
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            await self.network.route(
                self._ready(conditions) or [name for name, each in conditions.items() if each.serving]
            )
            for name, each in conditions.items():
                if self._is_gone(each) and not self._is_gone(self._programmed.get(name, each)):
                    await self.network.flush(name)
            self._programmed = conditions

    def _is_gone(self, conditions: Conditions) -> bool:
        return not (conditions.serving if self.timing.keeps_serving else conditions.ready)

    @staticmethod
    def _ready(conditions: Mapping[str, Conditions]) -> list[str]:
        return [name for name, each in conditions.items() if each.ready]


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 -- what is waited for does not know of it
            await asyncio.sleep(0.01)
