import dns.flags
import dns.message
import dns.rrset
import pytest

from kdns.wire import codes
from kdns.wire.messages import answers_query, build_query, is_truncated, message_to_text
from kdns.wire.names import from_text

QUERY = build_query(4711, from_text("www.Example."), codes.AAAA)


def response(flags: int = dns.flags.QR | dns.flags.AA) -> dns.message.Message:
    built = dns.message.make_response(dns.message.from_wire(QUERY))
    built.flags = dns.flags.Flag(flags)
    built.answer.append(dns.rrset.from_text("www.Example.", 30, "IN", "AAAA", "fd00::1"))
    return built


def test_a_query_is_what_dnspython_reads() -> None:
    read = dns.message.from_wire(QUERY)
    assert read.id == 4711
    assert read.flags == dns.flags.RD
    assert read.question[0].to_text() == "www.Example. IN AAAA"
    assert (read.edns, read.payload, read.options) == (0, 1232, ())
    chaos = dns.message.from_wire(build_query(1, from_text("."), codes.ANY, 3))
    assert chaos.question[0].to_text() == ". CH ANY"


def test_a_response_answers_the_query_whose_id_and_question_it_has() -> None:
    good = response().to_wire()
    assert answers_query(good, QUERY)
    for other in (
        build_query(4712, from_text("www.Example."), codes.AAAA),
        build_query(4711, from_text("www.example."), codes.AAAA),
        build_query(4711, from_text("www.Example."), codes.A),
        build_query(4711, from_text("www.Example."), codes.AAAA, 3),
        build_query(4711, from_text("Example."), codes.AAAA),
    ):
        assert not answers_query(good, other)
    assert not answers_query(good[:12], QUERY)


@pytest.mark.parametrize(("flags", "expected"), [(dns.flags.QR, False), (dns.flags.QR | dns.flags.TC, True)])
def test_is_truncated(flags: int, expected: bool) -> None:
    assert is_truncated(response(flags).to_wire()) == expected


def test_a_message_is_shown_with_its_header_and_its_records() -> None:
    text = message_to_text(response().to_wire())
    assert "status: NOERROR" in text
    assert "fd00::1" in text
    assert "AAAA" in text


@pytest.mark.parametrize("octets", [b"", b"\0" * 11, QUERY[:20], response().to_wire()[:-1]])
def test_what_is_no_message_is_a_value_error(octets: bytes) -> None:
    with pytest.raises(ValueError, match="not a DNS message"):
        message_to_text(octets)
