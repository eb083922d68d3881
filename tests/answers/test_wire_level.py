"""Section 9 of the table of answers: what is done with any packet, whatever it asks for."""

import logging
import struct

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import pytest

from kdns.answering.chain import Rest
from kdns.answering.queries import Query
from kdns.answering.responses import Response
from kdns.records.options import RecordOptions
from tests.answers.cases import records, sections
from tests.builders import (
    TCP,
    UDP,
    Sender,
    ask,
    build_query,
    cluster_ip,
    endpoints,
    headless,
    namespace,
    respond,
    responder_for,
    responder_of,
    state_of,
)

CLUSTER = (
    namespace(),
    cluster_ip("svc", "10.96.0.10"),
    headless("hl"),
    endpoints("hl", *[f"10.1.{n // 250}.{n % 250}" for n in range(1, 201)]),
)
SVC = "svc.ns.svc.cluster.local."
QUESTION = b"\3svc\2ns\3svc\7cluster\5local\0\0\1\0\1"
RD, CD, AD = 0x0100, 0x0010, 0x0020

pytestmark = pytest.mark.parametrize("client", [UDP, TCP], ids=["UDP", "TCP"])


def packet(flags: int = RD, *counts: int, body: bytes = QUESTION) -> bytes:
    """Return a packet; the counts that are not given are those of a plain query."""
    return struct.pack("!HHHHHH", 4711, flags, *counts, *(1, 0, 0, 0)[len(counts) :]) + body


def opt(udp_size: int = 1232, ttl: int = 0, options: bytes = b"", owner: bytes = b"\0") -> bytes:
    return owner + struct.pack("!HHIH", 41, udp_size, ttl, len(options)) + options


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\0",
        packet()[:11],
        packet(0x8000),
        packet(0x8180),
        packet(0x8000)[:12],
        packet(0xA800, 0, 0, 0, 0),
    ],
    ids=lambda octets: f"C-110 {octets[:12].hex()}",
)
def test_c110_responses_and_fragments_of_a_header_are_met_with_silence(octets: bytes, client: Sender) -> None:
    responder, _, _ = responder_for(*CLUSTER)
    assert responder.respond(octets, client) is None


@pytest.mark.parametrize("opcode", [1, 2, 3, 5, 6, 15], ids=lambda n: f"C-111 opcode {n}")
def test_c111_other_opcodes_are_notimp_in_a_bare_header(opcode: int, client: Sender) -> None:
    """The opcode is kept: CoreDNS 1.14.7, as it runs (miekg/dns 1.1.72)."""
    responder, _, _ = responder_for(*CLUSTER)
    for octets in (packet(opcode << 11 | RD | CD), packet(opcode << 11 | RD | CD, 0, 7, 7, 7, body=b"")):
        expected = struct.pack("!HHHHHH", 4711, 0x8000 | opcode << 11 | RD | CD | 4, 0, 0, 0, 0)
        assert respond(responder, octets, client) == expected


def test_c111_notify_is_answered_like_a_query_without_rd_and_cd(client: Sender) -> None:
    responder, _, _ = responder_for(*CLUSTER)
    for _ in range(2):
        response = dns.message.from_wire(respond(responder, packet(4 << 11 | RD | CD), client))
        assert response.opcode() == dns.opcode.NOTIFY
        assert response.flags & 0x87FF == 0x8400
        assert sections(response)[1] == records("svc.ns.svc A 10.96.0.10")


@pytest.mark.parametrize(
    "counts", [(0,), (2,), (0xFFFF,), (1, 2), (1, 0, 2), (1, 0, 0, 3)], ids=lambda c: f"C-112 {c}"
)
def test_c112_other_counts_are_formerr_in_a_bare_header(counts: tuple[int, ...], client: Sender) -> None:
    responder, _, _ = responder_for(*CLUSTER)
    response = respond(responder, packet(RD | CD | AD, *counts, body=QUESTION + QUESTION), client)
    assert response == struct.pack("!HHHHHH", 4711, 0x8000 | RD | CD | 1, 0, 0, 0, 0)


UNREADABLE = {
    "no question": b"",
    "name without end": QUESTION[:10],
    "no class": QUESTION[:-2],
    "pointer": b"\xc0\x0c\0\1\0\1",
    "label of 64": b"\x40" + b"a" * 64 + b"\0\0\1\0\1",
    "name of 256": b"\x3f" + b"a" * 63 + (b"\x3f" + b"a" * 63) * 2 + b"\x3f" + b"a" * 63 + b"\0\0\1\0\1",
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=[f"C-112 {key}" for key in UNREADABLE])
def test_c112_an_unreadable_question_is_formerr_in_a_bare_header(body: bytes, client: Sender) -> None:
    responder, _, _ = responder_for(*CLUSTER)
    expected = struct.pack("!HHHHHH", 4711, 0x8000 | RD | 1, 0, 0, 0, 0)
    assert respond(responder, packet(RD, body=body), client) == expected


BAD_RECORDS = {
    "missing": b"",
    "cut": opt()[:-1],
    "RDATA beyond the end": b"\0" + struct.pack("!HHIH", 1, 1, 0, 5) + b"abcd",
    "option beyond its RDATA": opt(options=b"\0\x0a\0\x08ab"),
    "half an option": opt(options=b"\0\x0a\0"),
    "pointer forwards": b"\xc0\xff" + opt()[1:],
    "pointer to itself": b"\xc0\x2b" + opt()[1:],
    "pointer into the header": b"\xc0\x02" + opt()[1:],
    "label type 01": b"\x41a\0" + opt()[1:],
}


@pytest.mark.parametrize("record", BAD_RECORDS.values(), ids=[f"C-112 {key}" for key in BAD_RECORDS])
def test_c112_an_unreadable_record_is_formerr_with_the_question(record: bytes, client: Sender) -> None:
    """CoreDNS 1.14.7, as it runs, repeats the question once it could read it."""
    responder, _, _ = responder_for(*CLUSTER)
    expected = struct.pack("!HHHHHH", 4711, 0x8000 | RD | 1, 1, 0, 0, 0) + QUESTION
    assert respond(responder, packet(RD, 1, 0, 0, 1, body=QUESTION + record), client) == expected


@pytest.mark.parametrize(
    "opts", [opt() + opt(), opt(owner=b"\1a\0"), opt(owner=b"\xc0\x10")], ids=["two", "owned", "pointed"]
)
def test_c112_differs_two_opts_or_one_that_the_root_does_not_own_are_formerr(
    opts: bytes, client: Sender
) -> None:
    """CoreDNS takes the first; RFC 6891, section 6.1.1 demands FORMERR."""
    responder, _, _ = responder_for(*CLUSTER)
    response = respond(
        responder, packet(RD, 1, 0, 0, opts.count(b"\0\x29\x04"), body=QUESTION + opts), client
    )
    assert response[3] & 0xF == dns.rcode.FORMERR


@pytest.mark.parametrize(
    "qclass", ["CH", "HS", "NONE", "ANY", "CLASS0", "CLASS257"], ids=lambda c: f"C-113 {c}"
)
def test_c113_differs_other_classes_are_refused(qclass: str, client: Sender) -> None:
    """With the default Corefile CoreDNS ignores QCLASS and answers as if it were IN."""
    responder, _, _ = responder_for(*CLUSTER)
    ask(responder, SVC)
    for edns in (None, 1232):
        for _ in range(2):
            built = build_query(SVC, qclass=qclass, edns=edns)
            response = dns.message.from_wire(respond(responder, built.to_wire(), client))
            assert (response.question, response.edns) == (built.question, -1 if edns is None else 0)
            assert sections(response) == ("REFUSED", [], [], [])
            assert response.flags & 0xFF00 == 0x8100


@pytest.mark.parametrize(
    "name", [".", "local.", "example.com.", "acluster.local.", "arpa."], ids=lambda n: f"C-114 {n}"
)
def test_c114_names_outside_every_zone_are_refused(name: str, client: Sender) -> None:
    responder, _, _ = responder_for(*CLUSTER)
    for edns in (None, 1232):
        for _ in range(2):
            response = ask(responder, name, tcp=client.is_stream, edns=edns)
            assert sections(response) == ("REFUSED", [], [], [])
            assert response.flags & 0xFFF0 == 0x8100


@pytest.mark.parametrize("version", [1, 2, 255], ids=lambda n: f"C-115 version {n}")
def test_c115_other_versions_of_edns_are_badvers_with_an_opt(version: int, client: Sender) -> None:
    responder, _, _ = responder_for(*CLUSTER)
    for _ in range(2):
        octets = packet(
            RD, 1, 0, 0, 1, body=QUESTION + opt(ttl=version << 16 | 0x8000, options=b"\0\x0a\0\0")
        )
        response = dns.message.from_wire(respond(responder, octets, client))
        assert sections(response) == ("BADVERS", [], [], [])
        assert response.question[0].name.to_text() == SVC
        assert (response.edns, response.ednsflags & 0xFFFF, list(response.options)) == (0, 0, [])


OPTION = dns.edns.GenericOption
ECHOED = [
    OPTION(3, b""),
    OPTION(9, b"\0\0\0\1"),
    OPTION(10, b"12345678"),
    OPTION(11, b"\0\1"),
    OPTION(12, b"\0" * 7),
]
DROPPED = [OPTION(8, b"\0\1\x18\0\xc0\0\2"), OPTION(15, b"\0\1"), OPTION(65001, b"x")]


@pytest.mark.parametrize("size", [0, 511, 512, 1232, 4096, 65535], ids=lambda n: f"C-116 {n}")
def test_c116_the_opt_repeats_size_do_and_known_options(size: int, client: Sender) -> None:
    responder, _, _ = responder_for(*CLUSTER)
    tcp = client.is_stream
    for options in ([], ECHOED, DROPPED, [DROPPED[0], *ECHOED, *DROPPED]):
        for do in (False, True):
            for _ in range(2):
                response = ask(responder, SVC, tcp=tcp, edns=size, do=do, options=options)
                assert (response.edns, response.payload) == (0, size)
                assert response.ednsflags == (dns.flags.DO if do else 0)
                kept = [(o.otype, o.to_wire()) for o in options if o in ECHOED]
                assert [(o.otype, o.to_wire()) for o in response.options] == kept
    assert ask(responder, SVC, tcp=tcp).edns == -1


def test_c116_of_the_other_flags_of_an_opt_the_upper_octet_is_repeated(client: Sender) -> None:
    """What CoreDNS's request.SizeAndDo leaves; version and extended RCODE are the server's own."""
    responder, _, _ = responder_for(*CLUSTER)
    octets = packet(RD, 1, 0, 0, 1, body=QUESTION + opt(ttl=0xAB00FFFF))
    for _ in range(2):
        assert respond(responder, octets, client).endswith(opt(ttl=0x0000FF00))


def test_c117_an_answer_may_be_as_large_as_the_client_says_and_no_larger(client: Sender) -> None:
    responder, _, _ = responder_for(*CLUSTER)
    whole = 12 + len(QUESTION) - 1 + 200 * 16  # "hl" is a letter shorter than "svc"
    for edns in (None, 0, 100, 511, 512, 513, 1232, whole + 10, whole + 11, 65535):
        allowed = max(edns or 0, 512)
        for _ in range(2):
            built = build_query("hl.ns.svc.cluster.local.", edns=edns)
            response = respond(responder, built.to_wire(), client)
            is_whole = client.is_stream or whole + 11 * bool(edns is not None) <= allowed
            assert bool(response[2] & 2) == (not is_whole)
            if is_whole:
                assert len(response) == whole + 11 * (edns is not None)
            else:
                assert allowed - 16 < len(response) <= allowed
            parsed = dns.message.from_wire(response)
            assert (parsed.edns >= 0) == (edns is not None)


def test_c118_tc_is_set_even_if_only_the_additional_section_was_cut(client: Sender) -> None:
    responder, _, _ = responder_for(
        namespace(), headless("hl"), endpoints("hl", *[f"10.1.0.{n}" for n in range(1, 9)])
    )
    name = "_http._tcp.hl.ns.svc.cluster.local."
    whole = len(respond(responder, build_query(name, "SRV", edns=4096).to_wire(), client))
    for size in (whole, whole - 1):
        response = ask(responder, name, "SRV", edns=size, tcp=client.is_stream)
        is_cut = size < whole and not client.is_stream
        assert bool(response.flags & dns.flags.TC) == is_cut
        assert [len(response.answer), len(response.additional)] == [8, 8 - is_cut]


def test_c118_an_answer_larger_than_any_message_is_truncated_over_tcp_too(client: Sender) -> None:
    many = [f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(5000)]
    responder, _, _ = responder_for(namespace(), headless("hl"), endpoints("hl", *many))
    for _ in range(2):
        response = ask(responder, "hl.ns.svc.cluster.local.", edns=65535, tcp=client.is_stream)
        assert response.flags & dns.flags.TC
        assert 4000 < len(response.answer) < 5000


class Broken:
    """A plugin with a defect."""

    name = "broken"

    def respond(self, query: Query, rest: Rest) -> Response:
        raise ZeroDivisionError


def test_c120_a_defect_is_servfail_and_logged(client: Sender, caplog: pytest.LogCaptureFixture) -> None:
    responder = responder_of(state_of(*CLUSTER), RecordOptions(), Broken(), origins=["example.com."])
    for edns in (None, 1232):
        with caplog.at_level(logging.ERROR, "kdns"):
            response = ask(responder, "www.example.com.", tcp=client.is_stream, edns=edns)
        assert sections(response) == ("SERVFAIL", [], [], [])
        assert (response.edns >= 0) == (edns is not None)
        assert "ZeroDivisionError" in caplog.text
        assert sections(ask(responder, SVC))[0] == "NOERROR"


@pytest.mark.parametrize(
    ("name", "rcode"),
    [(SVC, "NOERROR"), ("x.ns.svc.cluster.local.", "NXDOMAIN")],
    ids=["C-121 ND", "C-121 NX"],
)
def test_c121_any_is_nodata_or_nxdomain(name: str, rcode: str, client: Sender) -> None:
    responder, _, _ = responder_for(*CLUSTER)
    for _ in range(2):
        response = ask(responder, name, "ANY", tcp=client.is_stream)
        assert sections(response)[:2] == (rcode, [])
        assert [rrset.rdtype for rrset in response.authority] == [dns.rdatatype.SOA]
