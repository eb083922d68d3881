"""How malformed packets are answered is in tests/answers/test_wire_level.py; here are values and bounds."""

import struct
import sys

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.answering import admission
from kdns.answering.queries import Edns, Query
from kdns.wire.names import from_text
from tests.builders import build_query

QUESTION = b"\3www\7Example\0\0\1\0\1"


def packet(*counts: int, body: bytes = b"", flags: int = 0x0100) -> bytes:
    return struct.pack("!HHHHHH", 4711, flags, *counts, *(1, 0, 0, 0)[len(counts) :]) + QUESTION + body


def record(owner: bytes = b"\0", rtype: int = 1, rdclass: int = 1, ttl: int = 0, rdata: bytes = b"") -> bytes:
    return owner + struct.pack("!HHIH", rtype, rdclass, ttl, len(rdata)) + rdata


OPT = record(rtype=41, rdclass=1232, ttl=0x00008000, rdata=b"\0\x0a\0\2ab")
EDNS = Edns(1232, 0x8000, 0, b"\0\x0a\0\2ab")


@pytest.mark.parametrize(
    ("octets", "edns"),
    [
        (packet(), None),
        (packet(body=b"garbage"), None),
        (packet(1, 0, 0, 1, body=OPT), EDNS),
        (packet(1, 0, 0, 1, body=OPT + b"garbage"), EDNS),
        (packet(1, 1, 1, 2, body=record(b"\xc0\x0c") + record(b"\1a\xc0\x10") + record() + OPT), EDNS),
        (packet(1, 0, 0, 2, body=OPT + record(rtype=250)), EDNS),
        (packet(1, 0, 0, 1, body=record(rtype=41, rdclass=0, ttl=0xFF020000)), Edns(0, 0, 2, b"")),
    ],
    ids=["plain", "trailing octets", "OPT", "OPT and trailing octets", "all sections", "TSIG", "version 2"],
)
def test_an_admitted_packet_is_taken_apart(octets: bytes, edns: Edns | None) -> None:
    expected = Query(octets[:2], 0x0100, from_text("www.Example."), 1, 1, edns)
    assert admission.judge(octets) == expected


@pytest.mark.parametrize(
    ("flags", "opcode", "echoed"),
    [(0x0100, 0, 0x8100), (0x0110, 0, 0x8110), (0x2110, 4, 0xA000), (0x07F0, 0, 0x8110), (0x0000, 0, 0x8000)],
)
def test_a_response_repeats_opcode_and_rd_and_cd_of_a_query(flags: int, opcode: int, echoed: int) -> None:
    query = admission.judge(packet(flags=flags))
    assert isinstance(query, Query)
    assert (query.opcode, query.echoed_flags) == (opcode, echoed)


LONGEST = b"".join(bytes([63]) + b"x" * 63 for _ in range(3)) + bytes([61]) + b"y" * 61 + b"\0"


def test_a_name_of_255_octets_is_admitted_and_one_of_256_is_not() -> None:
    header = packet()[:12]
    assert len(LONGEST) == 255
    assert isinstance(admission.judge(header + LONGEST + b"\0\1\0\1"), Query)
    longer = LONGEST[:-63] + bytes([62]) + b"y" * 62 + b"\0"
    assert isinstance(admission.judge(header + longer + b"\0\1\0\1"), bytes)


def test_a_compressed_owner_counts_with_what_it_points_to() -> None:
    header = struct.pack("!HHHHHH", 4711, 0, 1, 0, 0, 1)
    for length, is_admitted in ((253, True), (254, False)):
        first = bytes([63]) + b"x" * 63
        rest = length - 3 * 64 - 2
        name = first * 3 + bytes([rest]) + b"y" * rest + b"\0"
        octets = header + name + b"\0\1\0\1" + record(b"\1a\xc0\x0c")
        assert len(name) == length
        assert isinstance(admission.judge(octets), Query) == is_admitted


def steps_of(octets: bytes) -> int:
    """Return how many lines judging a packet runs."""
    steps = 0

    def trace(_frame: object, event: str, _arg: object) -> object:
        nonlocal steps
        steps += event == "line"
        return trace

    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        admission.judge(octets)
    finally:
        sys.settrace(None)
    return steps


def pointer_chain(hops: int) -> bytes:
    """Return a packet whose last owner name goes through `hops` pointers, each to the one before it."""
    start = 12 + len(QUESTION) + 11
    targets = [start - 11, *range(start, start + 2 * (hops - 1), 2)]
    pointers = b"".join((0xC000 | target).to_bytes(2, "big") for target in targets)
    first = record(rdata=pointers)
    last = (0xC000 | start + 2 * (hops - 1)).to_bytes(2, "big")
    return packet(1, 0, 0, 2, body=first + record(last))


HOSTILE = {
    "chain of pointers": pointer_chain(4000),
    "pointer to itself": packet(1, 0, 0, 1, body=record(b"\xc0\x1d")),
    "two that point at each other": packet(
        1, 0, 0, 2, body=record(rdata=b"\xc0\x2a\xc0\x28") + record(b"\xc0\x28")
    ),
    "labels that run into their pointer": packet(1, 0, 0, 1, body=record(b"\1a\xc0\x1d")),
    "65535 empty options": packet(1, 0, 0, 1, body=record(rtype=41, rdata=b"\0\x0a\0\0" * 16000)),
    "name of 1-octet labels": packet()[:12] + b"\1a" * 30000,
}


@pytest.mark.parametrize("octets", HOSTILE.values(), ids=HOSTILE)
def test_work_is_bounded_by_the_length_of_the_packet(octets: bytes) -> None:
    assert steps_of(octets) < 200 + 20 * len(octets)


def test_a_chain_of_pointers_backwards_is_admitted() -> None:
    assert isinstance(admission.judge(pointer_chain(4000)), Query)


def check_verdict(octets: bytes) -> None:
    verdict = admission.judge(octets)
    if verdict is None:
        assert len(octets) < 12 or octets[2] & 0x80
    elif isinstance(verdict, Query):
        assert dns.name.from_wire(verdict.name, 0)[1] == len(verdict.name)
    else:
        assert verdict[:2] == octets[:2]
        assert verdict[2] & 0x80
        assert verdict[3] & 0xF in (1, 4)
        assert len(verdict) <= len(octets) + 12


@given(st.binary(max_size=200))
def test_any_octets_get_a_verdict(octets: bytes) -> None:
    check_verdict(octets)


@given(
    st.binary(max_size=60), st.tuples(*[st.integers(0, 2)] * 3), st.sampled_from([0, 0x0100, 0x2000, 0x0900])
)
def test_any_octets_after_a_question_get_a_verdict(body: bytes, records: tuple[int, ...], flags: int) -> None:
    check_verdict(packet(1, *records, body=body, flags=flags))


@given(st.data())
def test_any_mutation_of_a_query_gets_a_verdict(data: st.DataObject) -> None:
    octets = bytearray(
        packet(1, 1, 0, 2, body=record(b"\xc0\x0c", rdata=b"1234") + OPT + record(b"\1b\xc0\x10"))
    )
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(octets) - 1))
        octets[at] = data.draw(st.sampled_from([0, 1, 0x3F, 0x40, 0xC0, 0xFF]) | st.integers(0, 255))
    cut = data.draw(st.integers(0, len(octets)))
    check_verdict(bytes(octets))
    check_verdict(bytes(octets[:cut]))


labels = st.lists(st.binary(min_size=1, max_size=20), max_size=6).map(
    lambda parts: dns.name.Name([*parts, b""])
)


@given(
    labels,
    st.integers(0, 65535),
    st.sampled_from(["IN", "CH"]),
    st.none() | st.integers(0, 65535),
    st.booleans(),
)
def test_what_dnspython_makes_is_admitted_with_what_is_in_it(
    name: dns.name.Name, qtype: int, qclass: str, edns: int | None, do: bool
) -> None:
    built = build_query(name, qtype, qclass=qclass, edns=edns, do=do)  # type: ignore[arg-type]
    query = admission.judge(built.to_wire())
    assert isinstance(query, Query)
    assert dns.name.from_wire(query.name, 0) == (name, len(query.name))
    assert dns.name.from_wire(query.name, 0)[0].labels == name.labels
    assert (query.type, query.rdclass) == (qtype, built.question[0].rdclass)
    assert query.edns == (None if edns is None else Edns(edns, 0x8000 * do, 0, b""))
