import pytest

from kdns.answering.responses import Response
from kdns.plugins.local import Local
from kdns.wire import codes
from tests.plugins.lent import lent, refusal
from tests.plugins.setups import Answering, at_once, lines, query, rest

OTHER = Response(codes.REFUSED)
SOA = "604800 SOA localhost. root.localhost. 1 0 0 0 604800"


def said(name: str, qtype: str, text: str = "local") -> Response:
    return at_once(lent(Local, text).respond(query(name, qtype), rest(Answering(OTHER))))


@pytest.mark.parametrize(
    ("name", "qtype", "answer"),
    [
        ("localhost.", "A", "604800 A 127.0.0.1"),
        ("localhost.", "AAAA", "604800 AAAA ::1"),
        ("localhost.", "NS", "604800 NS localhost."),
        ("localhost.", "SOA", SOA),
        ("a.b.localhost.", "A", "604800 A 127.0.0.1"),
        ("localhost.example.org.", "AAAA", "604800 AAAA ::1"),
        ("LocalHost.Example.org.", "A", "604800 A 127.0.0.1"),
        ("127.in-addr.arpa.", "NS", "604800 NS localhost."),
        ("0.in-addr.arpa.", "SOA", SOA),
        ("1.0.0.127.in-addr.arpa.", "PTR", "604800 PTR localhost."),
    ],
)
def test_names_that_mean_the_same_everywhere_are_answered(name: str, qtype: str, answer: str) -> None:
    response = said(name, qtype)
    assert lines(response.answer) == [f"{name} {answer}"]
    assert response == Response(answer=response.answer, counts=response.counts)


@pytest.mark.parametrize(
    ("name", "qtype", "rcode", "apex"),
    [
        ("localhost.", "TXT", "NODATA", "localhost."),
        ("x.localhost.", "MX", "NODATA", "x.localhost."),
        ("x.localhost.", "SOA", "NODATA", "x.localhost."),
        ("localhost.example.", "ANY", "NODATA", "localhost.example."),
        ("255.in-addr.arpa.", "A", "NODATA", "255.in-addr.arpa."),
        ("1.0.0.127.in-addr.arpa.", "A", "NODATA", "127.in-addr.arpa."),
        ("2.0.0.127.in-addr.arpa.", "PTR", "NXDOMAIN", "127.in-addr.arpa."),
        ("1.0.in-addr.arpa.", "NS", "NXDOMAIN", "0.in-addr.arpa."),
    ],
)
def test_what_is_not_there_is_denied(name: str, qtype: str, rcode: str, apex: str) -> None:
    response = said(name, qtype)
    assert response.rcode == (codes.NXDOMAIN if rcode == "NXDOMAIN" else codes.NOERROR)
    assert (lines(response.answer), lines(response.authority)) == ([], [f"{apex} {SOA}"])


@pytest.mark.parametrize("name", ["example.org.", "xlocalhost.", "a.localhost.org.", "1.in-addr.arpa.", "."])
def test_other_names_are_for_others(name: str) -> None:
    assert said(name, "A") == OTHER


def test_names_that_only_begin_with_localhost_can_be_left_to_others() -> None:
    text = "local {\nlocalhost_prefix off\n}"
    assert said("localhost.example.org.", "A", text) == OTHER
    assert said("x.localhost.", "A", text).answer
    assert said("localhost.example.org.", "A", text.replace("off", "off\nlocalhost_prefix on")).answer


def test_hosts_below_localhost_are_counted_whenever_they_are_sent() -> None:
    plugin = lent(Local, "local")
    for name, number in (("x.localhost.", 1), ("localhost.", 0), ("localhost.org.", 1)):
        counts = at_once(plugin.respond(query(name), rest(Answering(OTHER)))).counts
        assert len(counts) == number
        for count in counts:
            count.value += 3
    [family] = plugin.measure()
    assert family.name == "coredns_local_localhost_requests_total"
    assert family.samples == [((), 6)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("local host", "2:7: found 1 argument of 'local', expected none"),
        (
            "local {\nlocalhost_prefx on\n}",
            "3:1: found 'localhost_prefx', expected a property of 'local'; did you mean 'localhost_prefix'?",
        ),
        (
            "local {\nlocalhost_prefix\n}",
            "3:1: found no arguments of 'localhost_prefix', expected 1",
        ),
        (
            "local {\nlocalhost_prefix no\n}",
            "3:18: found 'no', expected one of on, off",
        ),
    ],
)
def test_what_is_wrong_is_told(text: str, expected: str) -> None:
    assert refusal(Local, text) == expected
