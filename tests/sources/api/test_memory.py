"""kdns.sources.api.reflector: what it holds of a list is a page of it, however many pages there are."""

import contextlib
import json
import tracemalloc
from collections.abc import AsyncIterator, Mapping

import pytest

from kdns.cluster.state import ClusterState
from kdns.sources.api.health import Health
from kdns.sources.api.intake import Intake
from kdns.sources.api.reflector import Reflector
from kdns.sources.api.replies import ApiTrouble, Trouble
from kdns.sources.api.resources import SERVICES
from tests.apiserver.builders import Object, service
from tests.sources.api.following import QUICK

PAGE = 100
WEIGHT = 4_000
"""Octets of each object that kdns has no use for."""


class Pages:
    """Stands for an Access whose server has so many pages of heavy Services; it keeps none of them."""

    def __init__(self, pages: int, *, streams: bool) -> None:
        self._count = pages * PAGE
        self._streams = streams

    @contextlib.asynccontextmanager
    async def get(
        self, path: str, query: Mapping[str, str], read_timeout: float
    ) -> AsyncIterator["_Page | _Streamed"]:
        assert (path, read_timeout > 0) == (SERVICES.path, True)
        if "sendInitialEvents" in query:
            if not self._streams:
                raise ApiTrouble(Trouble.NOT_OFFERED, 422, "no streams")
            yield _Streamed(self._count)
        elif "watch" in query:
            raise ApiTrouble(Trouble.PASSING, 503, "that is all")
        else:
            assert query["limit"] == str(PAGE)
            start = int(query.get("continue", "0"))
            yield _Page(start, min(start + PAGE, self._count), self._count)


def _object(number: int) -> Object:
    built = service(f"shop/s-{number}", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    weight = {"annotations": {"weight": chr(97 + number % 26) * WEIGHT}, "resourceVersion": str(number + 1)}
    return built | {"metadata": built["metadata"] | weight}


class _Page:
    def __init__(self, start: int, end: int, count: int) -> None:
        self._range, self._rest = range(start, end), str(end) if end < count else ""

    async def read(self) -> bytes:
        metadata = {"resourceVersion": "99999", "continue": self._rest}
        return json.dumps({"metadata": metadata, "items": list(map(_object, self._range))}).encode()


class _Streamed:
    def __init__(self, count: int) -> None:
        self._count, self._next = count, 0

    async def read(self, most: int) -> bytes:
        if self._next > self._count:
            return b""
        event: Object = {"type": "ADDED", "object": _object(self._next)}
        if self._next == self._count:
            annotations = {"k8s.io/initial-events-end": "true"}
            bookmark = {"metadata": {"resourceVersion": "99999", "annotations": annotations}}
            event = {"type": "BOOKMARK", "object": bookmark}
        self._next += 1
        return json.dumps(event).encode() + b"\n"


async def overhead(pages: int, *, streams: bool, times: int = 1) -> float:
    """List so many pages so many times; return the peak in octets above what is held in the end."""
    state = ClusterState()
    intake = Intake(SERVICES, state, Health("services"), lambda tags: None, lambda changed: None)
    reflector = Reflector(Pages(pages, streams=streams), intake, QUICK)  # type: ignore[arg-type]
    tracemalloc.start()
    try:
        for _ in range(times):
            reflector._relist = "test"
            while True:
                with contextlib.suppress(ApiTrouble):
                    await reflector._step()
                if not reflector._relist:
                    break
                reflector._offers_watch_list = False
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(state.services) == pages * PAGE
    return peak - held


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("times", [1, 2])
async def test_many_pages_need_hardly_more_than_one(
    streams: bool, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kdns.sources.api.reflector.PAGE", PAGE)
    one = await overhead(1, streams=streams)
    twenty = await overhead(20, streams=streams, times=times)
    whole = 20 * PAGE * WEIGHT
    assert twenty - one < whole / 4
