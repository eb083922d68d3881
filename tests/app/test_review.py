"""kdns.app in one process: what may happen at the same time, and what is left of what was replaced."""

import asyncio
import gc
import os
import signal
import socket
import weakref
from collections.abc import AsyncIterator, Callable, Sequence
from typing import cast

import pytest
from msgspec.structs import replace

from kdns.answering.plugin import Process
from kdns.app.service import Service
from kdns.app.succession import Sources, Succession
from kdns.cluster.events import Applied
from kdns.corefile.parsing import parse_corefile
from kdns.corefile.values import Corefile
from kdns.demo import DEMO_PATH
from kdns.measures import Family
from kdns.sources.manifests import Manifests
from tests.builders import ask
from tests.cli.servers import free_port

NAME = "nginx-service.default.svc.cluster.local."
DEMO = Sources(manifests=Manifests([DEMO_PATH]))


def corefile(*lines: str, port: int) -> Corefile:
    """Return a Corefile of one server block, for all names, with these lines."""
    return parse_corefile("\n".join((f".:{port} {{", *lines, "}", "")), "Corefile", {})


@pytest.fixture
async def succession() -> AsyncIterator[Succession]:
    made = Succession(cast(Process, None), DEMO)
    yield made
    await made.close()


async def taken_over(succession: Succession, wanted: Corefile) -> None:
    """Have a Corefile taken over; return when the one before has ended, and the cluster has been seen."""
    retiring = await succession.take_over(wanted)
    if retiring is not None:
        await retiring
    async with asyncio.timeout(10):
        while not all(handle.state.has_synced for handle in succession._handles):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def served(load: Callable[[], Corefile], meanwhile: Callable[[Service], asyncio.Future[None]]) -> None:
    """Serve what `load` gives for as long as `meanwhile` takes."""
    service = Service(load, DEMO)
    thresholds, tasks = gc.get_threshold(), list[asyncio.Future[None]]()

    def on_serving(_lines: Sequence[str]) -> None:
        tasks.append(meanwhile(service))
        tasks[0].add_done_callback(lambda _done: service._stopped.set())

    try:
        await service.run(on_serving)
        await tasks[0]
    finally:
        gc.set_threshold(*thresholds)


async def test_a_reload_that_is_asked_for_during_the_start_waits_for_its_end() -> None:
    port, read = free_port(), list[int]()

    def load() -> Corefile:
        read.append(len(read))
        if len(read) == 1:
            os.kill(os.getpid(), signal.SIGUSR1)
        return corefile("hosts", port=port)

    async def read_again() -> None:
        async with asyncio.timeout(10):
            while len(read) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    def at_start(_service: Service) -> asyncio.Future[None]:
        read_until_then.extend(read)
        return asyncio.ensure_future(read_again())

    read_until_then = list[int]()
    await served(load, at_start)
    assert read_until_then == [0]


async def test_a_corefile_that_could_not_be_served_once_is_tried_again_after_another_one() -> None:
    port, metrics = free_port(), free_port()
    first, wanted, other = (
        corefile(*lines, port=port)
        for lines in (("hosts",), ("hosts", f"prometheus 127.0.0.1:{metrics}"), ("hosts", "errors"))
    )
    current = [first]

    async def change(service: Service) -> None:
        with socket.create_server(("127.0.0.1", metrics)):
            current[0] = wanted
            await service.reload()
        current[0] = other
        await service.reload()
        current[0] = wanted
        await service.reload()
        assert service._succession.current is not None
        assert "prometheus" in {plugin.name for plugin in service._succession.current.plugins}

    await served(lambda: current[0], lambda service: asyncio.ensure_future(change(service)))


async def test_a_reload_that_meets_a_defect_raises_nothing_and_the_next_one_goes_on() -> None:
    port, broken = free_port(), list[bool]()

    def load() -> Corefile:
        if broken:
            raise RuntimeError("a defect")
        return corefile("hosts", port=port)

    async def change(service: Service) -> None:
        broken.append(True)
        await service.reload()

    await served(load, lambda service: asyncio.ensure_future(change(service)))


@pytest.mark.parametrize("hosts", [("127.0.0.1", ""), ("", "127.0.0.1")])
async def test_an_address_and_every_address_can_be_listened_on_by_two_blocks(
    succession: Succession, hosts: tuple[str, str]
) -> None:
    port = free_port()
    blocks = [
        f"{zone}:{port} {{\n{f'bind {host}' if host else ''}\nhosts\n}}\n"
        for zone, host in zip((".", "example.org"), hosts, strict=True)
    ]
    await succession.take_over(parse_corefile("".join(blocks), "Corefile", {}))
    assert succession.current is not None
    assert {*succession.current.responders} == {(host, port) for host in hosts}


async def test_pages_can_move_from_every_address_to_one_of_them_and_back(succession: Succession) -> None:
    port, health = free_port(), free_port()
    for host in ("", "127.0.0.1", ""):
        await taken_over(succession, corefile("hosts", f"health {host}:{health}", port=port))


async def test_panics_are_told_of_all_the_while_that_their_corefile_retires(succession: Succession) -> None:
    def panics() -> float:
        [family] = [each for each in succession.measure(0) if each.name == "coredns_panics_total"]
        assert isinstance(family, Family)
        return family.samples[0][1]

    port = free_port()
    await succession.take_over(corefile("hosts", port=port))
    assert succession.current is not None
    succession.current.responders["", port].panics = 3
    retiring = await succession.take_over(corefile("hosts", "errors", port=port))
    assert panics() == 3
    assert retiring is not None
    await retiring
    assert panics() == 3


async def test_what_is_answered_while_a_corefile_retires_is_never_older_than_an_event(
    succession: Succession,
) -> None:
    port = free_port()
    await taken_over(succession, corefile("kubernetes cluster.local", port=port))
    old, state = succession.current, succession._handles[0].state
    assert old is not None
    assert ask(old.responders["", port], NAME).answer[0][0].address == "10.96.10.10"
    retiring = await succession.take_over(corefile("kubernetes cluster.local", "errors", port=port))
    service = state.services["default", "nginx-service"]
    succession._on_tags(state, state.apply(Applied(replace(service, cluster_ips=("10.96.10.11",)))))
    assert ask(old.responders["", port], NAME).answer[0][0].address == "10.96.10.11"
    assert retiring is not None
    await retiring


async def test_nothing_is_left_in_memory_of_a_corefile_that_was_replaced(succession: Succession) -> None:
    port, gone = free_port(), list[weakref.ref[object]]()
    for pods in ("insecure", "verified", "insecure"):
        lines = ("hosts {\nfallthrough\n}", "cache", f"kubernetes cluster.local {{\npods {pods}\n}}")
        await taken_over(succession, corefile(*lines, port=port))
        assert succession.current is not None
        [table], [handle] = succession.current.tables, succession._handles
        ask(succession.current.responders["", port], NAME)
        gone += map(weakref.ref, (succession.current, table, handle.state))
        del table, handle
    assert [type(each()).__name__ for each in gone[:-3] if each() is not None] == []


async def test_figures_can_be_read_while_a_corefile_with_another_address_is_set_up(
    succession: Succession,
) -> None:
    await taken_over(succession, corefile("hosts", port=free_port()))
    figures = succession.measure(0)
    next(figures)
    await taken_over(succession, corefile("hosts", port=free_port()))
    assert "coredns_build_info" in {family.name for family in figures}
