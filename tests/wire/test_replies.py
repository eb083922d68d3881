import struct
import time
from contextlib import suppress
from itertools import pairwise

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kdns.wire import names
from kdns.wire.compression import Malformed
from kdns.wire.replies import Mismatch, Reply, question_end, read_reply
from kdns.wire.rrsets import RRset
from tests.upstreams.dummies import answer, query, truncated, with_id

ID = b"\xab\xcd"


def read(octets: bytes, asked: bytes) -> Reply:
    return read_reply(octets, asked, question_end(asked), ID)


def response(asked: bytes, *sections: str, rcode: int = 0, edns: bool = False) -> bytes:
    """Return a reply whose sections are given as zone-file text, a record a line."""
    message = dns.message.make_response(dns.message.from_wire(asked))
    if edns:
        message.use_edns(0, payload=1232)
    message.set_rcode(dns.rcode.Rcode(rcode))
    for section, text in zip((message.answer, message.authority, message.additional), sections, strict=False):
        for line in filter(None, map(str.strip, text.splitlines())):
            owner, ttl, rclass, rtype, rdata = line.split(None, 4)
            section.append(dns.rrset.from_text(owner, int(ttl), rclass, rtype, rdata))
    return message.to_wire()


SOA = "example.org. 900 IN SOA ns.example.org. host.example.org. 1 2 3 4 60"


def test_a_reply_is_kept_as_it_came_but_for_its_id() -> None:
    asked = query()
    octets = answer(asked)
    reply = read(octets, asked)
    assert reply.octets == ID + octets[2:]
    assert reply.with_id(b"xy").octets == b"xy" + octets[2:]
    assert reply.with_id(b"xy")[1:] == reply[1:]


def test_what_a_reply_tells() -> None:
    asked = query("mail.example.org.", "MX", use_edns=0)
    reply = read(
        response(
            asked,
            "mail.example.org. 300 IN CNAME example.org.\nexample.org. 200 IN MX 10 a.example.org.",
            "example.org. 100 IN NS a.example.org.",
            "a.example.org. 70 IN A 192.0.2.1\na.example.org. 50 IN AAAA 2001:db8::1",
            edns=True,
        ),
        asked,
    )
    names = [dns.rdatatype.to_text(dns.rdatatype.RdataType(rtype)) for rtype in reply.types]
    assert names == ["CNAME", "MX", "NS", "A", "AAAA", "OPT"]
    assert reply.counts == (2, 1, 3)
    ttls = [int.from_bytes(reply.octets[offset : offset + 4], "big") for offset in reply.ttl_offsets]
    assert ttls == [300, 200, 100, 70, 50]
    assert reply.lowest_ttls == (200, 100, 50)
    assert reply.has_opt and reply.opt_start == reply.starts[-1]
    assert (reply.rcode, reply.is_truncated, reply.negative_ttl) == (0, False, None)


@pytest.mark.parametrize(
    ("authority", "expected"),
    [
        (SOA, 60),
        (SOA.replace("900", "30"), 30),
        (SOA.replace(" 60", f" {2**31}"), 0),
        ("example.org. 900 IN NS ns.example.org.", None),
    ],
)
def test_absence_is_remembered_for_the_lesser_of_ttl_and_minimum(
    authority: str, expected: int | None
) -> None:
    asked = query()
    reply = read(response(asked, "", authority, rcode=3), asked)
    assert (reply.rcode, reply.negative_ttl) == (3, expected)


def test_a_ttl_with_its_top_bit_set_counts_as_zero() -> None:
    asked = query()
    octets = bytearray(answer(asked))
    offset = read(bytes(octets), asked).ttl_offsets[0]
    octets[offset] = 0x80
    assert read(bytes(octets), asked).lowest_ttls[0] == 0


def test_the_upper_bits_of_the_rcode_come_from_the_opt() -> None:
    asked = query(use_edns=0)
    assert read(response(asked, rcode=16, edns=True), asked).rcode == 16


def test_the_rrsets_of_a_reply_are_those_of_its_sections_without_the_opt() -> None:
    asked = query("mail.example.org.", "MX", use_edns=0)
    octets = response(
        asked,
        "mail.example.org. 300 IN CNAME example.org.\nexample.org. 200 IN MX 10 a.example.org.\n"
        "example.org. 200 IN MX 20 b.example.org.\nexample.org. 100 IN MX 30 c.example.org.",
        "",
        "a.example.org. 70 IN A 192.0.2.1",
        edns=True,
    )
    org = names.from_text("example.org.")
    a, b, c = (names.from_text(f"{each}.example.org.") for each in "abc")
    assert read(octets, asked).rrsets() == (
        (
            RRset(names.from_text("mail.example.org."), 5, 300, (org,)),
            RRset(org, 15, 200, (b"\0\x0a" + a, b"\0\x14" + b)),
            RRset(org, 15, 100, (b"\0\x1e" + c,)),
        ),
        (),
        (RRset(a, 1, 70, (b"\xc0\0\2\1",)),),
    )


def test_another_ttl_is_that_of_every_record_but_the_opt() -> None:
    asked = query(use_edns=0)
    octets = response(
        asked, "www.example.org. 300 IN A 192.0.2.1\nwww.example.org. 300 IN A 192.0.2.2", SOA, edns=True
    )
    original = read(octets, asked)
    changed = original.with_ttl(7)
    assert changed.lowest_ttls == (7, 7, None)
    message, before = (dns.message.from_wire(each) for each in (changed.octets, octets))
    assert [rrset.ttl for part in (message.answer, message.authority) for rrset in part] == [7, 7]
    assert (message.ednsflags, message.payload) == (before.ednsflags, before.payload)
    assert original == read(octets, asked), "the original is as it was"


def test_octets_after_the_last_record_are_cut_off() -> None:
    asked = query()
    assert read(answer(asked) + b"junk", asked) == read(answer(asked), asked)


ASKED = query("www.Example.org.", use_edns=0)
ANSWER = answer(ASKED)


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(ANSWER[:11], id="no header"),
        pytest.param(with_id(ANSWER), id="another id"),
        pytest.param(ASKED, id="a query"),
        pytest.param(ANSWER[:2] + bytes([ANSWER[2] | 0x20]) + ANSWER[3:], id="another opcode"),
        pytest.param(ANSWER.replace(b"Example", b"example"), id="another case"),
        pytest.param(ANSWER.replace(b"Example", b"Exomple"), id="another name"),
        pytest.param(
            answer(query("www.Example.org.", "AAAA", id=0x1234), rcode=3), id="another type, well-formed"
        ),
        pytest.param(ANSWER[:4] + b"\0\2" + ANSWER[6:], id="two questions"),
        pytest.param(ANSWER[:4] + b"\0\0" + ANSWER[6:], id="no question, but an answer"),
        pytest.param(ANSWER[:3] + bytes(9), id="an empty header with NOERROR"),
        pytest.param(ANSWER[:3] + b"\3" + bytes(8), id="an empty header with NXDOMAIN"),
        pytest.param(ANSWER[:20], id="half a question"),
    ],
)
def test_what_is_no_reply_to_the_query_is_a_mismatch(octets: bytes) -> None:
    with pytest.raises(Mismatch):
        read(octets, ASKED)


@pytest.mark.parametrize("rcode", [1, 2, 4, 5])
def test_an_error_without_its_question_gets_it_back(rcode: int) -> None:
    reply = read(ANSWER[:3] + bytes([rcode]) + bytes(8), ASKED)
    message = dns.message.from_wire(reply.octets)
    assert (message.rcode(), reply.rcode) == (rcode, rcode)
    assert message.question == dns.message.from_wire(ASKED).question


def record(owner: bytes, rtype: int, rdata: bytes, ttl: int = 60, rclass: int = 1) -> bytes:
    return owner + struct.pack("!HHIH", rtype, rclass, ttl, len(rdata)) + rdata


def made_of(*records: bytes, counts: tuple[int, int, int] | None = None) -> bytes:
    """Return a reply to ASKED with these records, in the answer section unless `counts` says otherwise."""
    head = ANSWER[:4] + struct.pack("!HHHH", 1, *(counts or (len(records), 0, 0)))
    return head + ASKED[12 : question_end(ASKED)] + b"".join(records)


AT = question_end(ASKED)  # where the first record begins
OPAQUE = 65280  # for private use (RFC 6895)
QNAME = b"\xc0\x0c"
OPT = b"\0" + struct.pack("!HHIH", 41, 1232, 0, 0)


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(made_of(counts=(1, 0, 0)), id="no record where one should be"),
        pytest.param(made_of(record(QNAME, 1, b"abcd"))[:-1], id="RDATA cut off"),
        pytest.param(made_of(record(QNAME, 1, b"abcd"))[:-7], id="TTL cut off"),
        pytest.param(made_of(b"\xc0"), id="half a pointer"),
        pytest.param(made_of(b"\x3f"), id="a label cut off"),
        pytest.param(made_of(record(bytes([0xC0, AT]), 1, b"abcd")), id="a pointer to itself"),
        pytest.param(made_of(record(bytes([0xC0, AT + 20]), 1, b"abcd")), id="a pointer forward"),
        pytest.param(made_of(record(b"\xc0\x00", 1, b"abcd")), id="a pointer to the id"),
        pytest.param(made_of(record(b"\xc0\x0b", 1, b"abcd")), id="a pointer to the counts"),
        pytest.param(made_of(record(b"\xff\xff", 1, b"abcd")), id="a pointer beyond the end"),
        pytest.param(made_of(record(b"\x40a\0", 1, b"abcd")), id="a label of type 1"),
        pytest.param(made_of(record(b"\x01a\x80\0", 1, b"abcd")), id="a label of type 2"),
        pytest.param(made_of(record((b"\x3f" + b"x" * 63) * 4 + b"\0", 1, b"abcd")), id="a name too long"),
        pytest.param(
            made_of(record((b"\x3f" + b"x" * 63) * 3 + b"\x3e" + b"x" * 62 + QNAME, 1, b"abcd")),
            id="a name too long by its pointer",
        ),
        pytest.param(made_of(record(QNAME, 1, b"abc")), id="an A of three octets"),
        pytest.param(made_of(record(QNAME, 28, b"abcd")), id="an AAAA of four"),
        pytest.param(made_of(record(QNAME, 5, QNAME + b"x")), id="a CNAME that goes on"),
        pytest.param(made_of(record(QNAME, 5, b"\x01a"), record(QNAME, 1, b"abcd")), id="a CNAME cut off"),
        pytest.param(made_of(record(QNAME, 6, QNAME + QNAME + bytes(19))), id="an SOA too short"),
        pytest.param(made_of(OPT, counts=(1, 0, 0)), id="an OPT in the answer section"),
        pytest.param(made_of(OPT, OPT, counts=(0, 0, 2)), id="two OPTs"),
        pytest.param(made_of(QNAME + OPT[1:], counts=(0, 0, 1)), id="an OPT with an owner"),
        pytest.param(
            made_of(record(QNAME, 1, b"abcd", 0x01610000), record(bytes([0xC0, AT + 6]), 1, b"abcd")),
            id="a name made of a TTL",
        ),
        pytest.param(
            made_of(record(QNAME, OPAQUE, b"\x3f"), record(bytes([0xC0, AT + 12]), 1, b"abcd"), b"x" * 99),
            id="a name made of what comes after it",
        ),
    ],
)
def test_what_is_no_message_is_malformed(octets: bytes) -> None:
    with pytest.raises(Malformed):
        read(octets, ASKED)


def test_names_may_be_completed_from_opaque_rdata() -> None:
    octets = made_of(record(QNAME, OPAQUE, b"\x03foo\xc0\x10"), record(bytes([0xC0, AT + 12]), 1, b"abcd"))
    owner = dns.message.from_wire(octets).answer[1].name
    assert owner == dns.name.from_text("foo.Example.org.")
    assert read(octets, ASKED).counts == (2, 0, 0)


def test_a_class_other_than_in_has_rdata_of_its_own() -> None:
    assert read(made_of(record(QNAME, 1, b"\0\0\1", rclass=3)), ASKED).types == (1,)


def test_a_truncated_reply_that_is_cut_within_a_record_is_emptied() -> None:
    asked = query()
    cut = bytearray(answer(asked)[:-2])
    cut[2] |= 2
    reply = read(bytes(cut), asked)
    assert reply == read(truncated(asked), asked)._replace(octets=reply.octets)
    assert reply.is_truncated and not dns.message.from_wire(reply.octets).answer


@pytest.mark.parametrize(
    "octets", [b"", bytes(12), query()[:20], query()[:-2], query()[:4] + b"\0\0" + query()[6:]]
)
def test_what_is_no_query_is_malformed(octets: bytes) -> None:
    with pytest.raises(Malformed):
        question_end(octets)


def test_a_nul_within_a_label_does_not_end_the_question() -> None:
    octets = query()[:12] + b"\3a\0b\0\0\1\0\1"
    assert question_end(octets) == len(octets)


# Against dnspython

LABELS = st.sampled_from(
    ["a", "B", "www", "x" * 63, "_tcp", "*", r"\000", r"\.", "ü".encode("idna").decode()]
)
NAMES = st.lists(LABELS, min_size=1, max_size=3).map(lambda labels: ".".join([*labels, "Example.org."]))
RDATA = st.one_of(
    st.tuples(st.just("A"), st.just("192.0.2.7")),
    st.tuples(st.just("AAAA"), st.just("2001:db8::7")),
    st.tuples(st.sampled_from(["CNAME", "NS", "PTR", "DNAME"]), NAMES),
    st.tuples(st.just("MX"), NAMES.map("5 {}".format)),
    st.tuples(st.just("SRV"), NAMES.map("1 2 53 {}".format)),
    st.tuples(st.just("TXT"), st.just('"text" "more"')),
    st.tuples(st.just("SOA"), st.tuples(NAMES, NAMES).map(lambda pair: f"{pair[0]} {pair[1]} 1 2 3 4 77")),
    st.tuples(st.just("CAA"), st.just('0 issue "ca.example.net"')),
)
RECORDS = st.tuples(NAMES, st.integers(0, 2**31 - 1), RDATA).map(
    lambda drawn: f"{drawn[0]} {drawn[1]} IN {drawn[2][0]} {drawn[2][1]}"
)
SECTIONS = st.lists(RECORDS, max_size=4).map("\n".join)


@given(st.tuples(SECTIONS, SECTIONS, SECTIONS), NAMES, st.booleans(), st.sampled_from([0, 2, 3, 5]))
def test_whatever_dnspython_writes_is_read_alike(
    sections: tuple[str, str, str], name: str, edns: bool, rcode: int
) -> None:
    asked = query(name)
    octets = response(asked, *sections, rcode=rcode, edns=edns)
    reply = read(octets, asked)
    message = dns.message.from_wire(octets, one_rr_per_rrset=True)
    parts = (message.answer, message.authority, message.additional)
    assert (reply.rcode, reply.has_opt) == (rcode, edns)
    assert reply.counts == (len(parts[0]), len(parts[1]), len(parts[2]) + edns)
    assert reply.lowest_ttls == tuple(min((rrset.ttl for rrset in part), default=None) for part in parts)
    ttls = [int.from_bytes(octets[offset : offset + 4], "big") for offset in reply.ttl_offsets]
    assert ttls == [rrset.ttl for part in parts for rrset in part]
    types = [rrset.rdtype for part in parts for rrset in part] + [41] * edns
    assert sorted(reply.types) == sorted(types)


@given(st.tuples(SECTIONS, SECTIONS, SECTIONS), NAMES, st.booleans())
def test_the_rrsets_are_the_records_that_dnspython_reads(
    sections: tuple[str, str, str], name: str, edns: bool
) -> None:
    asked = query(name)
    octets = response(asked, *sections, edns=edns)
    message = dns.message.from_wire(octets, one_rr_per_rrset=True)
    for rrsets, part in zip(
        read(octets, asked).rrsets(), (message.answer, message.authority, message.additional), strict=True
    ):
        records = [
            (each.owner, each.type, each.ttl, each.rdclass, rdata) for each in rrsets for rdata in each.rdatas
        ]
        assert records == [
            (each.name.to_wire(), each.rdtype, each.ttl, each.rdclass, each[0].to_wire()) for each in part
        ]
        assert all(a[:3] + a[4:] != b[:3] + b[4:] for a, b in pairwise(rrsets)), "neighbours are one RRset"


@given(st.tuples(SECTIONS, SECTIONS, SECTIONS), NAMES, st.booleans(), st.integers(0, 2**31 - 1))
def test_with_another_ttl_a_reply_is_what_dnspython_would_have_written(
    sections: tuple[str, str, str], name: str, edns: bool, ttl: int
) -> None:
    asked = query(name)
    original = read(response(asked, *sections, edns=edns), asked)
    changed = original.with_ttl(ttl)
    expected = dns.message.from_wire(original.octets, one_rr_per_rrset=True)
    for rrset in (*expected.answer, *expected.authority, *expected.additional):
        rrset.ttl = ttl
    patched = dns.message.from_wire(changed.octets, one_rr_per_rrset=True)
    assert patched.sections == expected.sections
    assert [rrset.ttl for part in patched.sections[1:] for rrset in part] == [
        rrset.ttl for part in expected.sections[1:] for rrset in part
    ]
    reread = read_reply(changed.octets, ID + asked[2:], question_end(asked), ID)
    assert changed == reread._replace(negative_ttl=original.negative_ttl)


SEED = response(
    ASKED,
    "www.Example.org. 300 IN CNAME a.b.example.net.\na.b.example.net. 60 IN A 192.0.2.1",
    "example.net. 100 IN NS ns.b.example.net.\nexample.net. 5 IN SOA a.example.net. b.example.net. 1 2 3 4 5",
    "ns.b.example.net. 70 IN AAAA 2001:db8::1\n_x.example.net. 1 IN SRV 1 2 3 b.example.net.",
    edns=True,
)


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    octets = bytearray(SEED)
    for _ in range(draw(st.integers(1, 3))):
        position = draw(st.integers(6, len(octets) - 1))
        octets[position : position + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(octets[: draw(st.integers(AT, len(octets) + 1))])


FIELDS = {1: (4, 0, 0), 28: (16, 0, 0), 6: (0, 2, 20), 15: (2, 1, 0), 33: (6, 1, 0)} | dict.fromkeys(
    (2, 5, 12, 39), (0, 1, 0)
)


def names_and_rdata(octets: bytes) -> list[tuple[object, ...]]:
    """Return what dnspython reads: of each record the owner, type, names in its RDATA and the rest of it."""
    found: list[tuple[object, ...]] = []
    parser = dns.wire.Parser(octets, AT)
    for _ in range(sum(struct.unpack_from("!HHH", octets, 6))):
        owner = parser.get_name(decompress=True)
        rtype, rclass, _, size = parser.get_struct("!HHIH")
        with parser.restrict_to(size):
            before, names, after = FIELDS.get(rtype, (0, 0, size)) if rclass == 1 else (0, 0, size)
            head = parser.get_bytes(before)
            inside = [parser.get_name(decompress=True) for _ in range(names)]
            found.append((owner, rtype, head, inside, parser.get_bytes(after)))
            assert parser.remaining() == 0
    return found


@given(mutations())
@example(SEED)
def test_what_is_read_is_a_message_to_dnspython_too_even_once_it_is_patched(octets: bytes) -> None:
    try:
        reply = read(octets, ASKED)
    except (Mismatch, Malformed):
        return
    patched = bytearray(reply.octets)
    patched[:2] = b"\xff\xff"
    for offset in reply.ttl_offsets:
        patched[offset : offset + 4] = b"\0\0\xff\xff"
    assert names_and_rdata(bytes(patched)) == names_and_rdata(reply.octets)


@given(st.binary(max_size=200))
def test_garbage_after_the_question_raises_nothing_else(garbage: bytes) -> None:
    for counts in ((1, 0, 0), (3, 2, 1), (0xFFFF, 0, 0)):
        with suppress(Malformed):
            read(made_of(garbage, counts=counts), ASKED)


def pointer_to(offset: int) -> bytes:
    return struct.pack("!H", 0xC000 | offset)


def chain_of_pointers() -> bytes:
    """16 KB of pointers, each to the one before, and then as many records as fit that point to the last."""
    rdata = QNAME + b"".join(pointer_to(AT + 12 + 2 * index) for index in range(8150))
    last = pointer_to(AT + 12 + 2 * 8150)
    return made_of(record(QNAME, OPAQUE, rdata), *[record(last, OPAQUE, b"")] * 3900)


def long_names() -> bytes:
    name = b"\x01a" * 126 + b"\0"
    return made_of(record(QNAME, OPAQUE, name), *[record(pointer_to(AT + 12), OPAQUE, b"")] * 5000)


def overlapping_labels() -> bytes:
    """Records that point to every octet of a run that is a name wherever one begins to read."""
    rdata = b"\x01" * 200 + bytes(3)
    many = [record(pointer_to(AT + 12 + index % 16), OPAQUE, rdata) for index in range(280)]
    return made_of(record(QNAME, OPAQUE, rdata), *many)


@pytest.mark.parametrize("build", [chain_of_pointers, long_names, overlapping_labels])
def test_hostile_names_take_no_longer_than_the_message_is_long(build) -> None:  # type: ignore[no-untyped-def]
    octets = build()
    assert 50_000 < len(octets) <= 65_535
    begun = time.process_time()
    with suppress(Malformed):
        read(octets, ASKED)
    assert time.process_time() - begun < 2.0  # it takes hundredths; a quadratic walk takes minutes
