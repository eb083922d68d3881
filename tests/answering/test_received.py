"""Answers made of another server's octets, and answers whose time is limited."""

import dns.flags
import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.answering.counts import Count
from kdns.answering.encoding import head
from kdns.answering.prepared import Prepared
from kdns.answering.responses import Response, followed, from_reply
from kdns.answering.table import AnswerTable
from kdns.wire import codes, rrsets
from kdns.wire.names import from_text
from kdns.wire.replies import Reply, question_end, read_reply
from kdns.wire.rrsets import RRset

ASKED = dns.message.make_query("www.example.com.", "A", id=0)
QUERY = ASKED.to_wire()
QUESTION = QUERY[12:]
ADDRESSES = [f"www.example.com. 60 IN A 192.0.2.{n}" for n in range(1, 5)]
SOA = "example.com. 60 IN SOA ns.example.com. root.example.com. 1 2 3 4 5"


def message(answer: list[str], authority: list[str] = (), additional: list[str] = ()) -> dns.message.Message:  # type: ignore[assignment]
    """Return a reply of these records, each an RRset of its own: dnspython shuffles larger ones."""
    made = dns.message.make_response(ASKED)
    made.flags |= dns.flags.RA
    for section, lines in zip(
        (made.answer, made.authority, made.additional), (answer, authority, additional), strict=True
    ):
        for line in lines:
            owner, ttl, rclass, rtype, rdata = line.split(None, 4)
            section.append(dns.rrset.from_text(owner, int(ttl), rclass, rtype, rdata))
    return made


def reply(octets: bytes) -> Reply:
    return read_reply(octets, QUERY, question_end(QUERY), b"\0\0")


def said(entry: Prepared, turn: int = 0) -> dns.message.Message:
    octets = head(0x8000 | entry.flags, entry.sections, False)
    return dns.message.from_wire(b"\0\0" + octets + QUESTION + entry.turned(turn), one_rr_per_rrset=True)


def lines(found: dns.message.Message) -> list[list[str]]:
    return [
        [str(rrset) for rrset in section] for section in (found.answer, found.authority, found.additional)
    ]


WHOLE = message(
    [
        "www.example.com. 60 IN CNAME a.example.net.",
        *(f"a.example.net. 60 IN A 192.0.2.{n}" for n in (1, 2, 3)),
    ],
    ["example.net. 70 IN NS ns.example.net."],
    ["ns.example.net. 80 IN AAAA fd00::1"],
)


@pytest.mark.parametrize("with_opt", [False, True])
def test_the_octets_of_a_reply_are_kept_without_their_opt(with_opt: bool) -> None:
    made = dns.message.from_wire(WHOLE.to_wire(), one_rr_per_rrset=True)
    if with_opt:
        made.use_edns(0, payload=4096)
    octets = made.to_wire()
    entry = Prepared(QUESTION, from_reply(reply(octets)), 0)
    size = len(octets) - 12 - len(QUESTION) - (11 if with_opt else 0)
    assert entry.body == octets[12 + len(QUESTION) :][:size]
    found = said(entry)
    assert lines(found) == lines(made)
    assert found.flags == dns.flags.QR | dns.flags.RA
    for room, kept in ((entry.bounds[2], 3), (entry.bounds[2] - 1, 2), (0, 0)):
        cut, counts, is_cut = entry.fitted(room, 0)
        assert (len(cut), sum(counts), is_cut) == (entry.bounds[kept - 1] if kept else 0, kept, True)


def test_an_opt_that_is_not_the_last_record_is_taken_out_and_the_rest_is_right() -> None:
    made = message(ADDRESSES[:1], [], [])
    octets = bytearray(made.to_wire())
    opt = b"\0\0\x29\x10\0\0\0\0\0\0\0"
    name = from_text("ns.example.net.")
    at = len(octets) + len(opt)
    first = name + b"\0\1\0\1\0\0\0\x3c\0\4\1\2\3\4"
    second = (0xC000 | at).to_bytes(2, "big") + b"\0\1\0\1\0\0\0\x3c\0\4\1\2\3\5"
    octets[11] = 3
    found = said(Prepared(QUESTION, from_reply(reply(bytes(octets) + opt + first + second)), 0))
    assert lines(found)[2] == ["ns.example.net. 60 IN A 1.2.3.4", "ns.example.net. 60 IN A 1.2.3.5"]


@pytest.mark.parametrize(
    ("answer", "turns"),
    [
        (ADDRESSES, 4),
        (ADDRESSES[:1], 1),
        (["www.example.com. 60 IN CNAME b.example.com.", "b.example.com. 60 IN A 1.2.3.4"], 1),
        ([*ADDRESSES[:2], "www.example.com. 60 IN TXT x"], 1),
        (["www.example.com. 60 IN TXT x", *ADDRESSES[:3]], 3),
        (["www.example.com. 60 IN AAAA fd00::1", *ADDRESSES[:3]], 3),
        (["other.test. 60 IN A 1.2.3.4", "other.test. 60 IN A 1.2.3.5"], 1),
    ],
)
def test_addresses_of_a_reply_take_turns_where_that_is_safe(answer: list[str], turns: int) -> None:
    made = message(answer, [SOA])
    entry = Prepared(QUESTION, from_reply(reply(made.to_wire()))._replace(in_turn=True), 0)
    firsts = [lines(said(entry, turn))[0][-turns] for turn in range(turns)]
    assert firsts == lines(made)[0][-turns:]
    for turn in range(turns):
        found = lines(said(entry, turn))
        assert [sorted(section) for section in found] == [sorted(section) for section in lines(made)]
        assert found[0][: len(answer) - turns] == lines(made)[0][: len(answer) - turns]


def test_addresses_of_a_reply_stay_unless_they_are_to_take_turns() -> None:
    assert Prepared(QUESTION, from_reply(reply(message(ADDRESSES).to_wire())), 0).block is None


@given(st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=5), st.lists(st.integers(0, 9), max_size=6))
def test_ttls_count_down_to_zero_wherever_they_stand(ttls: list[int], waits: list[int]) -> None:
    made = message([f"www.example.com. {ttl} IN A 192.0.2.1" for ttl in ttls], [SOA])
    response = from_reply(reply(made.to_wire()))._replace(lifetime=1000, in_turn=True)
    written = response.opened()._replace(in_turn=False)
    for entry in (Prepared(QUESTION, response, 0, 100), Prepared(QUESTION, written, 0, 100)):
        second = 100
        for wait in waits:
            second += wait
            assert entry.refreshed(0, second)
        found = said(entry)
        expected = [max(0, ttl - sum(waits)) for ttl in (*ttls, 60)]
        assert sorted(rrset.ttl for rrset in (*found.answer, *found.authority)) == sorted(expected)


def test_a_lifetime_ends_and_until_then_ttls_may_be_kept() -> None:
    response = from_reply(reply(message(ADDRESSES[:1]).to_wire()))._replace(lifetime=3, keeps_ttl=True)
    entry = Prepared(QUESTION, response, 0, 100)
    assert entry.refreshed(0, 102)
    assert said(entry).answer[0].ttl == 60
    assert not entry.refreshed(0, 103)


def test_the_table_drops_what_is_over_and_counts_what_was_sent() -> None:
    sent = Count()
    response = from_reply(reply(message(ADDRESSES[:1]).to_wire()))
    response = response._replace(lifetime=3, remember=True, counts=(sent,))
    table = AnswerTable(second=100)
    entry = Prepared(QUESTION, response, 0, 100, zone=".")
    table.remember(entry)
    entry.tally(0, True, False).hits += 5
    table.tick(102)
    assert table.find(entry.key, 0) is entry
    assert sent.value == 0
    table.tick(103)
    assert table.find(entry.key, 0) is None
    assert not table.entries
    assert sent.value == 5
    requests = next(iter(table.traffic.measure()))
    assert requests.samples == [(("", ".", "", "udp", "1", "A"), 5)]


def test_a_verbatim_response_lives_for_a_second_if_its_answer_does_not_last() -> None:
    table = AnswerTable(second=100)
    fleeting = Prepared(QUESTION, Response(lifetime=9), 0, 100)
    lasting = Prepared(QUESTION, Response(), 0, 100)
    for octets, entry in ((b"a", fleeting), (b"b", lasting)):
        tally = entry.tally(0, False, False)
        table.keep_verbatim(0, octets, entry.verbatim(0, QUESTION, b"", tally), entry)
    table.tick(101)
    assert set(table.verbatim[0]) == {b"b"}


def test_a_reply_that_is_followed_to_is_joined_as_rrsets() -> None:
    cname = RRset(from_text("ext.test."), codes.CNAME, 30, (from_text("www.example.com."),))
    alias = Response(answer=(cname,), authoritative=True)
    target = from_reply(reply(message(ADDRESSES[:2]).to_wire()))._replace(
        lifetime=20, truncated=True, remember=True
    )
    joined = followed(alias, target)
    assert joined.answer == (
        cname,
        RRset(
            from_text("www.example.com."), codes.A, 60, tuple(map(rrsets.address, ("192.0.2.1", "192.0.2.2")))
        ),
    )
    assert (joined.authoritative, joined.truncated, joined.lifetime, joined.reply) == (True, True, 20, None)
