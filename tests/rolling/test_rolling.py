"""A rolling restart behind a Service, as clients see it that ask all the time."""

import asyncio

from tests.rolling.conftest import NAMES, Cluster, Start
from tests.rolling.load import CLIENTS, Load
from tests.rolling.plane import Timing
from tests.rolling.tally import Tally

CALM_SECONDS = 0.5

STEPS = list(zip(NAMES, [Timing(delay=1.0), Timing(delay=0.2, keeps_serving=False)], strict=True))
"""Each Pod, and how soon the node follows: a slow kube-proxy of now, a quick one of before 1.32."""


def said(cluster: Cluster, tally: Tally) -> str:
    """Return the figures and the logs, for whoever has to find out what was lost."""
    logs = [pod.log.read_text() for pod in cluster.plane.pods.values()]
    return "\n".join([*tally.lines(cluster.network.flushes), *logs])


async def test_a_rolling_restart_loses_no_query(start: Start) -> None:
    async with start("5s", Timing()) as cluster:
        async with cluster.load.running(*CLIENTS) as tally:
            await asyncio.sleep(CALM_SECONDS)
            for name, timing in STEPS:
                cluster.plane.timing = timing
                assert await cluster.plane.end(name) == 0
                arrived = await cluster.network.arrivals(name)
                await cluster.plane.settled(name)
                assert await cluster.network.arrivals(name) == arrived, "nothing is sent to who has ended"
                await cluster.plane.begin(name)
            await asyncio.sleep(CALM_SECONDS)
        assert tally.beside(cluster.network.flushes) == [], said(cluster, tally)
        assert len(tally.answered) == len(CLIENTS), "each kind of client has asked"


async def test_with_a_probe_that_is_too_slow_who_asks_again_after_a_while_loses_nothing(start: Start) -> None:
    """As kubeadm's is, three times in 30 s: the endpoint is serving until the end, and flows stay with it."""
    async with start("2s", Timing(delay=0.2, period=1, failures=5)) as cluster:
        async with cluster.load.running(*CLIENTS) as tally:
            await asyncio.sleep(CALM_SECONDS)
            assert await cluster.plane.end(NAMES[0]) == 0
            await cluster.plane.settled(NAMES[0])
            arrived = await cluster.network.arrivals(NAMES[0])
            await asyncio.sleep(CALM_SECONDS)
            assert await cluster.network.arrivals(NAMES[0]) == arrived, "nothing is sent there any more"
        kinds = {loss.kind for loss in tally.lost}
        assert kinds <= {"fresh", "sticky", "outside", "glibc"}, said(cluster, tally)
        assert "sticky" in kinds, "otherwise the documentation says too much"


async def test_after_a_crash_who_asks_again_after_a_while_gets_an_answer(start: Start) -> None:
    """As musl does. glibc asks again at once when it is refused, maybe the same endpoint."""
    async with start("2s", Timing(delay=0.3)) as cluster:
        async with cluster.load.running((6, Load.musl), (4, Load.sticky)) as tally:
            await asyncio.sleep(CALM_SECONDS)
            await cluster.plane.crash(NAMES[0])
            await asyncio.sleep(CALM_SECONDS)
        assert [loss for loss in tally.lost if loss.kind == "musl"] == [], said(cluster, tally)
        assert tally.retried["musl"] > 0
