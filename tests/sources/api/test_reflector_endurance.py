"""kdns.sources.api.reflector under everything at once: in the end the state is what a fresh list gives."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdns.sources.api.resources import SERVICES
from tests.apiserver.asking import Asker
from tests.apiserver.builders import endpoint_slice, headless, namespace, pod, service
from tests.apiserver.failures import (
    ERROR_WITHOUT_REASON,
    HTML_PAGE,
    NAMELESS,
    UNKNOWN_TYPE,
    VERSIONLESS,
    Close,
    CutBody,
    CutLine,
    End,
    Error,
    Fail,
    Failure,
    Garbage,
    LongLine,
    Replay,
    Silence,
    Slow,
    Stall,
    Storm,
)
from tests.apiserver.fake import FakeApiServer
from tests.apiserver.statuses import too_large_version
from tests.sources.api.following import agrees, following, keeping, until

TWENTY: list[Failure] = [
    Fail(500),
    Fail(503),
    Fail(429),
    Fail(401),
    Fail(403),
    Fail(404),
    Fail(410),
    Fail(502, body=HTML_PAGE),
    Fail(200, body=HTML_PAGE),
    Close("reset"),
    Stall(0.05),
    Error(),
    Error(too_large_version(9, 2).status),
    ERROR_WITHOUT_REASON,
    CutLine(),
    CutLine("reset", after=1),
    End(after=1),
    Garbage(after=1),
    LongLine(9 << 20),
    End("reset"),
]
ODD: list[Failure] = [UNKNOWN_TYPE, NAMELESS, VERSIONLESS, Replay(2), Storm(200), Slow(50), Silence(0.1)]


class Churn:
    """A small cluster in which something changes at every turn, the same for the same seed."""

    def __init__(self, server: FakeApiServer, seed: int) -> None:
        self._server = server
        self._random = random.Random(seed)
        self._held: set[tuple[str, str, str]] = set()
        server.put(namespace("shop"))

    def turn(self) -> None:
        name, octet = f"x{self._random.randrange(6)}", self._random.randrange(1, 255)
        made = self._random.choice(
            [
                service(f"shop/{name}", f"10.96.0.{octet}"),
                headless(f"shop/{name}"),
                endpoint_slice(f"shop/{name}", f"10.0.0.{octet} hostname=h"),
                pod(f"shop/{name}", f"10.0.0.{octet}", phase=self._random.choice(["Running", "Failed"])),
                namespace(name, octet=str(octet)),
            ]
        )
        metadata = made["metadata"]
        key = (made["kind"], metadata.get("namespace", ""), metadata["name"])
        if key in self._held and self._random.random() < 0.4:
            self._server.delete(*key)
            self._held.discard(key)
        else:
            self._server.put(made)
            self._held.add(key)


@pytest.mark.parametrize("offers", [True, False])
async def test_after_twenty_failures_in_a_row_the_state_is_what_a_fresh_list_gives(
    server: FakeApiServer, offers: bool
) -> None:
    server.offers_watch_list = offers
    churn = Churn(server, 1)
    for _ in range(20):
        churn.turn()
    assert len(TWENTY) == 20
    server.script(*TWENTY, resource="services", verb="watch")
    async with following(server.url, wait=False) as found:
        while server.scripted:
            count = server.scripted
            churn.turn()
            server.drop_watches()
            await server.until(lambda count=count: server.scripted < count)
        await until(found.reflector.synced.is_set)
        await agrees(Asker(server.url), found.state, SERVICES)
        assert sum(found.failures.values()) >= 18


@pytest.mark.parametrize("seed", range(3))
async def test_after_failures_of_every_kind_everywhere_the_state_is_what_fresh_lists_give(
    server: FakeApiServer, seed: int
) -> None:
    server.offers_watch_list = seed != 1
    churn, chance = Churn(server, seed), random.Random(seed)
    failures = [*TWENTY, *ODD, CutBody(), Close()]
    async with keeping(server.url, wait=False) as kept:
        for turn in range(40):
            server.script(*chance.sample(failures, 3))
            for _ in range(5):
                churn.turn()
            if turn % 10 == 5:
                server.compact()
            if turn % 20 == 15:
                await server.stop()
                await server.start()
            server.drop_watches(chance.choice(["eof", "fin", "reset"]))
            await server.until(lambda turn=turn: server.scripted <= turn + 5)
        server.forget_script()
        server.drop_watches()
        await until(lambda: kept.state.has_synced)
        await agrees(Asker(server.url), kept.state)
        churn.turn()
        await agrees(Asker(server.url), kept.state)


_names = st.sampled_from(["a", "b", "c", "", "A b", "x" * 300, None, 7])
_versions = st.sampled_from(["1", "996", "1000", "99999999", "", "abc", "-1", None, 7])
_metadata = st.fixed_dictionaries(
    {}, optional={"name": _names, "namespace": st.just("shop"), "resourceVersion": _versions}
)
_specs = st.sampled_from(
    [{}, None, 7, {"clusterIP": "10.96.0.9"}, {"clusterIPs": ["no address"]}, {"type": "ExternalName"}]
)
_objects = st.one_of(
    st.fixed_dictionaries({"metadata": _metadata}, optional={"spec": _specs}),
    st.fixed_dictionaries({"metadata": st.just({"name": "a", "namespace": "shop"}), "spec": _specs}),
    st.fixed_dictionaries({"code": st.sampled_from([200, 401, 403, 410, 429, 500, 504, None])}),
    st.sampled_from([None, 7, "text", [], {}]),
)
_types = st.sampled_from(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR", "TELEPORTED", "", None])
_events = st.builds(
    lambda kind, obj: json.dumps({"type": kind, "object": obj}).encode() + b"\n", _types, _objects
)
_lines = st.one_of(_events, _events, _events.map(lambda line: line[: len(line) // 2]), st.binary(max_size=20))


@settings(max_examples=40)
@given(st.lists(_lines, min_size=1, max_size=12))
async def test_no_line_however_odd_ends_the_watch_and_a_relist_puts_all_right(lines: list[bytes]) -> None:
    async with FakeApiServer() as server:
        server.put(service("shop/a", "10.96.0.1"), service("shop/b"), service("shop/c"))
        server.compact()
        async with following(server.url) as found:
            server.inject(*map(Garbage, lines))
            server.put(service("shop/late"))
            server.drop_watches()
            await until(lambda: server.open_watches() or found.failures)
            found.reflector.relist("test")
            await until(lambda: found.relists.get("test"))
            await agrees(Asker(server.url), found.state, SERVICES)
            server.put(service("shop/last"))
            await agrees(Asker(server.url), found.state, SERVICES)
