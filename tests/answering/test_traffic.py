import pytest

from kdns.answering.blocks import Block
from kdns.answering.chain import Rest
from kdns.answering.plugin import Exchange
from kdns.answering.responder import Responder
from kdns.answering.responses import Response
from kdns.answering.table import AnswerTable
from kdns.answering.traffic import SIZE_BOUNDS, Traffic
from kdns.measures import Family, Histogram
from kdns.wire import codes, rrsets
from kdns.wire.names import ROOT, from_text
from kdns.wire.rrsets import RRset
from tests.builders import TCP, UDP, Sender, Static, build_query, respond

WWW = from_text("www.test.")
ANSWERS = Static(
    {
        ("www.test.", codes.A): Response(answer=(RRset(WWW, codes.A, 60, (rrsets.address("192.0.2.1"),)),)),
        ("www.test.", codes.HINFO): Response(),
        ("gone.test.", codes.A): Response(codes.NXDOMAIN),
        ("never.test.", codes.A): Response(codes.SERVFAIL, remember=False),
    }
)
UDP6 = Sender(is_stream=False, address=("2001:db8::1", 53))


def counted(zone: str | None = "test.", observers: tuple[object, ...] = ()) -> Responder:
    responder = Responder(AnswerTable(traffic=Traffic("dns://:53")))
    responder.blocks = {from_text("test."): Block(Rest([ANSWERS], responder.resolve), zone, observers)}  # type: ignore[arg-type]
    return responder


def figures(responder: Responder) -> dict[str, dict[tuple[str, ...], object]]:
    """Return name → label values without server and view → value (of histograms: number and sum)."""
    responder.table.settle()
    found: dict[str, dict[tuple[str, ...], object]] = {}
    for family in responder.table.traffic.measure():
        name = family.name.removeprefix("coredns_dns_")
        for labels, *values in family.samples:
            assert (labels[0], labels[2]) == ("dns://:53", "")
            value = values[0] if isinstance(family, Family) else (sum(values[0]), values[1])  # type: ignore[arg-type,misc]
            found.setdefault(name, {})[(labels[1], *labels[3:])] = value
    return found


@pytest.mark.parametrize("times", [1, 5], ids=["carefully", "mostly fast"])
def test_every_query_is_counted_once_whichever_way_it_went(times: int) -> None:
    responder = counted()
    for _ in range(times):
        respond(responder, build_query("www.test.").to_wire(), UDP)
        respond(responder, build_query("WWW.test.").to_wire(), TCP)
        respond(responder, build_query("www.test.", edns=1232, do=True).to_wire(), UDP6)
        respond(responder, build_query("www.test.", "HINFO").to_wire(), UDP)
        respond(responder, build_query("gone.test.").to_wire(), UDP)
        respond(responder, build_query("never.test.").to_wire(), UDP)
        respond(responder, build_query("www.other.").to_wire(), UDP)
    found = figures(responder)
    assert found["requests_total"] == {
        ("test.", "udp", "1", "A"): 3 * times,
        ("test.", "tcp", "1", "A"): times,
        ("test.", "udp", "2", "A"): times,
        ("test.", "udp", "1", "other"): times,
        ("dropped", "udp", "1", "A"): times,
    }
    assert found["responses_total"] == {
        ("test.", "NOERROR", ""): 4 * times,
        ("test.", "NXDOMAIN", ""): times,
        ("test.", "SERVFAIL", ""): times,
        ("dropped", "REFUSED", ""): times,
    }
    assert found["do_requests_total"] == {("test.",): times}
    assert found["request_size_bytes"][("test.", "tcp")] == (times, 26 * times)
    assert found["request_size_bytes"][("test.", "udp")] == (5 * times, (26 + 37 + 26 + 27 + 28) * times)
    assert found["response_size_bytes"][("test.", "tcp")] == (times, 42 * times)
    assert found["response_size_bytes"][("test.", "udp")] == (5 * times, (42 + 53 + 26 + 27 + 28) * times)
    assert found["request_duration_seconds"][("test.",)][0] == 6 * times  # type: ignore[index]


def test_what_is_forgotten_or_evicted_has_been_counted() -> None:
    responder = counted()
    for _ in range(3):
        respond(responder, build_query("www.test.").to_wire())
    responder.table.clear()
    respond(responder, build_query("www.test.").to_wire())
    assert figures(responder)["requests_total"] == {("test.", "udp", "1", "A"): 4}


def test_a_block_without_a_zone_label_is_not_counted() -> None:
    responder = counted(zone=None)
    for _ in range(3):
        respond(responder, build_query("www.test.").to_wire())
    assert figures(responder) == {}


def test_sizes_fall_under_the_bounds_that_they_do_not_exceed() -> None:
    traffic = Traffic("")
    for size in (0, 1, 100, 101, 64_000, 65_535):
        traffic.add(".", 0, codes.A, 0, False, size, 0, 0.0)
    sizes = next(each for each in traffic.measure() if each.name.endswith("request_size_bytes"))
    assert isinstance(sizes, Histogram)
    [(_, counts, total)] = sizes.samples
    assert total == 129_737 - 0
    assert dict(zip((*SIZE_BOUNDS, "more"), counts, strict=True)) == {
        **dict.fromkeys((*SIZE_BOUNDS, "more"), 0),
        0: 1,
        100: 2,
        200: 1,
        64e3: 1,
        "more": 1,
    }


def test_fast_answers_take_as_long_as_their_sample() -> None:
    traffic = Traffic("")
    traffic.fast_seconds = 0.000_004
    traffic.add(".", 0, codes.A, 0, False, 30, 46, None, number=1000)
    traffic.add(".", 0, codes.A, 0, False, 30, 46, 0.5)
    durations = next(each for each in traffic.measure() if "duration" in each.name)
    assert isinstance(durations, Histogram)
    [(_, counts, total)] = durations.samples
    assert (counts[0], sum(counts), total) == (1000, 1001, pytest.approx(0.504))


def test_observers_see_every_exchange_and_only_their_block_pays() -> None:
    seen: list[Exchange] = []
    responder = counted(observers=(seen.append,))
    responder.blocks = {**responder.blocks, ROOT: Block(Rest([], responder.resolve))}
    for _ in range(3):
        sent = respond(responder, build_query("www.test.", id=7).to_wire(), TCP)
        respond(responder, build_query("elsewhere.", id=8).to_wire(), TCP)
    assert [exchange.sent for exchange in seen] == [sent] * 3
    assert {(exchange.client, exchange.is_stream, exchange.received) for exchange in seen} == {
        (TCP.address, True, 26)
    }
    assert responder.recall(build_query("www.test.").to_wire(), 1) is None
    assert responder.recall(build_query("elsewhere.").to_wire(), 1) is not None
