import struct

import dns.message
import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.answering.encoding import HEAD_FLAGS, TC, head
from kdns.answering.prepared import Prepared
from kdns.answering.responses import Response
from kdns.wire import codes
from kdns.wire.names import Name, from_labels, from_text
from kdns.wire.rrsets import SOA, RRset, address, mx, srv, txt

QNAME = from_text("www.example.com.")
NS_COM = from_text("ns.com.")


def question(name: Name = QNAME, qtype: int = codes.A) -> bytes:
    return name + struct.pack("!HH", qtype, codes.IN)


def addresses(number: int, owner: Name = QNAME, ttl: int = 30) -> RRset:
    return RRset(owner, codes.A, ttl, tuple((0x0A000000 + n).to_bytes(4, "big") for n in range(number)))


def whole(entry: Prepared) -> bytes:
    """Return the entry as a message."""
    octets, counts, is_truncated = entry.fitted(1 << 30, 0)
    assert not is_truncated
    return b"\0\7" + head(0x8000 | entry.flags, counts, False) + entry.key + octets


def read(message: bytes) -> list[list[tuple[dns.name.Name, int, int, bytes]]]:
    """Return the sections of a message: (owner, type, TTL, uncompressed RDATA) of each RR in its order."""
    parsed = dns.message.from_wire(message, one_rr_per_rrset=True)
    return [
        [(rr.name, rr.rdtype, rr.ttl, rr[0].to_wire()) for rr in section]
        for section in (parsed.answer, parsed.authority, parsed.additional)
    ]


def expected(*sections: tuple[RRset, ...]) -> list[list[tuple[dns.name.Name, int, int, bytes]]]:
    return [
        [
            (dns.name.from_wire(rrset.owner, 0)[0], rrset.type, rrset.ttl, rdata)
            for rrset in section
            for rdata in rrset.rdatas
        ]
        for section in sections
    ]


labels = st.sampled_from([b"www", b"ns", b"example", b"com", b"EXAMPLE", b"a", b"_tcp", b"x" * 40])
all_names = st.lists(labels, max_size=4).map(from_labels)
RDATA = {
    codes.A: st.binary(min_size=4, max_size=4),
    codes.NS: all_names,
    codes.CNAME: all_names,
    codes.PTR: all_names,
    codes.MX: st.builds(mx, st.integers(0, 9), all_names),
    codes.SRV: st.builds(srv, st.just(0), st.just(1), st.integers(0, 9), all_names),
    codes.SOA: st.builds(SOA, all_names, all_names, *[st.integers(0, 2**32 - 1)] * 5).map(SOA.rdata),
    codes.TXT: st.lists(st.binary(max_size=60), min_size=1, max_size=2).map(txt),
}
all_rrsets = st.sampled_from(sorted(RDATA)).flatmap(
    lambda rtype: st.builds(
        RRset,
        all_names,
        st.just(rtype),
        st.integers(0, 2**31 - 1),
        st.lists(RDATA[rtype], min_size=1, max_size=3).map(tuple),
        st.just(codes.IN),
    )
)
sections = st.lists(all_rrsets, max_size=4).map(tuple)


@given(all_names, sections, sections, sections)
def test_compression_loses_nothing(
    qname: Name, answer: tuple[RRset, ...], authority: tuple[RRset, ...], additional: tuple[RRset, ...]
) -> None:
    entry = Prepared(question(qname), Response(0, answer, authority, additional), 0)
    message = whole(entry)
    assert len(message) == entry.size
    assert read(message) == expected(answer, authority, additional)


@pytest.mark.parametrize(
    ("sections", "octets"),
    [
        ([addresses(1)], b"\xc0\x0c"),
        ([addresses(1, from_text("example.com."))], b"\xc0\x10"),
        ([addresses(1, from_text("a.example.com."))], b"\1a\xc0\x10"),
        ([addresses(1, from_text("other."))], b"\5other\0"),
        ([addresses(1, from_text("WWW.example.com."))], b"\3WWW\xc0\x10"),
        ([addresses(1, from_text("ww.example.com."))], b"\2ww\xc0\x10"),
        ([addresses(1, from_text("."))], b"\0"),
    ],
)
def test_an_owner_points_to_its_longest_suffix_in_the_question(sections: list[RRset], octets: bytes) -> None:
    assert Prepared(question(), Response(answer=tuple(sections)), 0).body.startswith(octets + b"\0\1\0\1")


def test_srv_targets_are_written_out_and_pointed_to() -> None:
    target = from_text("ep.www.example.com.")
    srv_rrset = RRset(QNAME, codes.SRV, 30, (srv(0, 1, 80, target), srv(0, 1, 81, target)))
    entry = Prepared(
        question(qtype=codes.SRV), Response(answer=(srv_rrset,), additional=(addresses(1, target),)), 0
    )
    at = 12 + len(question()) + 12 + 6
    assert entry.body.count(target) == 2
    assert entry.body[entry.bounds[1] :].startswith((0xC000 | at).to_bytes(2, "big") + b"\0\1")
    assert read(whole(entry)) == expected((srv_rrset,), (), (addresses(1, target),))


ALIAS = RRset(QNAME, codes.CNAME, 30, (from_text("a.example.net."),))
LIVE_SOA = RRset(from_text("com."), codes.SOA, 30, (SOA(NS_COM, NS_COM, 1, 2, 3, 4, 5).rdata(),))
GLUE = RRset(from_text("ns.example.net."), codes.AAAA, 30, (address("fd00::1"),))
MIXED = Response(
    0, (ALIAS, addresses(7, ALIAS.rdatas[0])), (LIVE_SOA,), (GLUE,), has_live_serial=True, in_turn=True
)


@pytest.mark.parametrize("turn", [0, 1, 6, 7, 1000])
def test_what_is_cut_leaves_a_prefix_of_whole_records_at_every_size(turn: int) -> None:
    entry = Prepared(question(), MIXED, 0)
    message = b"\0\7" + head(0x8000, entry.sections, False) + entry.key + entry.turned(turn)
    everything = [rr for section in read(message) for rr in section]
    kept_before = 0
    for room in range(len(entry.body) + 2):
        octets, counts, is_truncated = entry.fitted(room, turn)
        assert len(octets) <= room
        assert is_truncated == (room < len(entry.body))
        found = read(b"\0\7" + head(0x8000 | TC * is_truncated, counts, False) + entry.key + octets)
        flat = [rr for section in found for rr in section]
        assert flat == everything[: len(flat)]
        assert [len(section) for section in found] == list(counts)
        assert kept_before <= len(flat) <= kept_before + 1, "as many as fit"
        kept_before = len(flat)
    assert kept_before == len(everything)


def test_addresses_take_turns_and_nothing_else_moves() -> None:
    entry = Prepared(question(), MIXED, 0)
    firsts = []
    for turn in range(14):
        answer, authority, additional = read(
            b"\0\7" + head(0x8000, entry.sections, False) + entry.key + entry.turned(turn)
        )
        firsts.append(answer[1][3][-1])
        assert answer[0][1] == codes.CNAME
        assert sorted(answer[1:]) == expected((MIXED.answer[1],))[0]
        assert [authority, additional] == expected(MIXED.authority, MIXED.additional)
    assert firsts == [*range(7)] * 2


@pytest.mark.parametrize(
    "answer",
    [(), (addresses(1),), (ALIAS,), (addresses(3), ALIAS), (RRset(QNAME, codes.NS, 30, (QNAME, NS_COM)),)],
    ids=["none", "one", "CNAME", "not at the end", "NS"],
)
def test_other_answers_do_not_turn(answer: tuple[RRset, ...]) -> None:
    entry = Prepared(question(), Response(answer=answer, in_turn=True), 0)
    assert entry.block is None
    assert entry.turned(5) == entry.body


def test_addresses_stay_where_they_are_unless_they_are_to_take_turns() -> None:
    assert Prepared(question(), MIXED._replace(in_turn=False), 0).block is None


def test_addresses_of_unequal_records_do_not_turn() -> None:
    """The first owner name is written out, the others point to it."""
    assert (
        Prepared(question(), Response(answer=(addresses(3, from_text("x.")),), in_turn=True), 0).block is None
    )


def test_a_live_serial_is_patched_and_another_is_not() -> None:
    entry = Prepared(question(), MIXED, 1)
    assert entry.refreshed(0xFFFFFFFE, 0)
    (soa,) = read(whole(entry))[1]
    assert soa[3] == SOA(NS_COM, NS_COM, 0xFFFFFFFE, 2, 3, 4, 5).rdata()
    static = Prepared(question(), MIXED._replace(has_live_serial=False), 1)
    body = static.body
    assert static.refreshed(7, 0)
    assert static.body == body


def test_pointers_reach_no_further_than_16_kilobytes() -> None:
    far, farther = from_text("far.example.net."), from_text("b.far.example.net.")
    answer = (addresses(1030), addresses(2, far), addresses(1, farther), addresses(1, QNAME))
    entry = Prepared(question(), Response(answer=answer), 0)
    assert entry.body.count(far) == 3, "written out each time"
    assert entry.size > 0x4000
    assert read(whole(entry)) == expected(answer, (), ())


def test_what_no_message_can_hold_is_kept_and_cut() -> None:
    entry = Prepared(question(), Response(answer=(addresses(70_000),), in_turn=True), 0)
    assert entry.heads == ()
    assert entry.size > 1 << 20
    for turn in (0, 69_999):
        octets, counts, is_truncated = entry.fitted(65_000, turn)
        assert is_truncated
        assert counts == (65_000 // 16, 0, 0)
        found = read(b"\0\7" + head(0x8000 | TC, counts, False) + entry.key + octets)[0]
        assert [rr[3] for rr in found] == [
            (0x0A000000 + (turn + n) % 70_000).to_bytes(4, "big") for n in range(counts[0])
        ]


def test_heads_are_by_rd_cd_and_opt() -> None:
    entry = Prepared(question(), Response(codes.NXDOMAIN, (), (LIVE_SOA,), authoritative=True), 0)
    assert len(entry.heads) == 2 * len(HEAD_FLAGS)
    for index, octets in enumerate(entry.heads):
        assert octets == head(HEAD_FLAGS[index // 2] | 0x0403, (0, 1, 0), bool(index % 2))


def test_only_answers_that_hold_srv_are_bound_to_a_case() -> None:
    found = RRset(QNAME, codes.SRV, 30, (srv(0, 1, 80, QNAME),))
    assert Prepared(question(), Response(answer=(ALIAS, found)), 0).is_case_bound
    assert not Prepared(question(), MIXED, 0).is_case_bound
