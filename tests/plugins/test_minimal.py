import dns.message
import dns.rrset
import pytest

from kdns.answering.responses import Response, from_reply
from kdns.plugins.minimal import Minimal
from kdns.wire import codes
from kdns.wire.names import from_text
from kdns.wire.replies import question_end, read_reply
from kdns.wire.rrsets import RRset
from tests.builders import build_query
from tests.plugins.lent import lent, refusal
from tests.plugins.setups import Answering, at_once, query, rest

NAME = from_text("x.")
A, NS, SOA = (RRset(NAME, rtype, 5, (b"\1\2\3\4",)) for rtype in (codes.A, codes.NS, codes.SOA))


def shortened(response: Response, qtype: str = "A", opcode: int = codes.QUERY) -> Response:
    asked = query("x.", qtype)._replace(flags=opcode << 11)
    return at_once(lent(Minimal, "minimal").respond(asked, rest(Answering(response))))


@pytest.mark.parametrize(
    "response",
    [
        Response(answer=(A,), authority=(NS,), additional=(A,), tags=frozenset({("t",)})),
        Response(answer=(A,), authority=(SOA,)),
        Response(additional=(A,)),
        Response(authority=(A,)),
    ],
)
def test_a_positive_answer_loses_what_was_not_asked_for(response: Response) -> None:
    assert shortened(response) == response._replace(authority=(), additional=())


@pytest.mark.parametrize(
    "response",
    [
        Response(authority=(SOA,), additional=(A,)),
        Response(authority=(NS,), additional=(A,)),
        Response(codes.NXDOMAIN, authority=(SOA,)),
        Response(codes.NXDOMAIN, answer=(A,), authority=(SOA,)),
        Response(codes.SERVFAIL, authority=(A,), additional=(A,)),
        Response(codes.REFUSED, additional=(A,)),
    ],
    ids=["NODATA", "delegation", "NXDOMAIN", "NXDOMAIN of an alias", "SERVFAIL", "REFUSED"],
)
def test_other_responses_stay_as_they_are(response: Response) -> None:
    assert shortened(response) == response


@pytest.mark.parametrize(
    ("qtype", "opcode"), [("AXFR", codes.QUERY), ("IXFR", codes.QUERY), ("SOA", codes.NOTIFY)]
)
def test_transfers_and_notifies_stay_as_they_are(qtype: str, opcode: int) -> None:
    response = Response(answer=(A,), authority=(NS,))
    assert shortened(response, qtype, opcode) == response


def test_another_servers_reply_is_shortened_too() -> None:
    asked = build_query("x.")
    message = dns.message.make_response(asked)
    message.answer.append(dns.rrset.from_text("x.", 5, "IN", "A", "192.0.2.1"))
    message.authority.append(dns.rrset.from_text("x.", 5, "IN", "NS", "ns.x."))
    wire = asked.to_wire()
    response = from_reply(read_reply(message.to_wire(), wire, question_end(wire), b"\0\0"))
    found = shortened(response)
    assert (found.answer, found.authority) == (response.opened().answer, ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("minimal all", "2:9: found 1 argument of 'minimal', expected none"),
        ("minimal {\n}", "2:1: found a block after 'minimal', expected the end of the line"),
    ],
)
def test_it_has_no_options(text: str, expected: str) -> None:
    assert refusal(Minimal, text) == expected
