"""The one TTL of every kind of reply, and whether it is kept: each row was compared with CoreDNS 1.14.7."""

import time
from typing import Any

import pytest

from kdns.answering.queries import Query
from kdns.answering.responses import Response, from_reply
from kdns.plugins._cache_kinds import RRSIG, Verdict, judge, levelled
from kdns.wire import codes
from kdns.wire.names import from_text
from kdns.wire.rrsets import RRset
from tests.plugins.caching import NAME, SOA, A, asking, options_of, reply_to, ttls

NOW = 1_700_000_000
NS = "example. 20 IN NS ns.example."
GLUE = "ns.example. 10 IN A 192.0.2.53"
CNAME = f"{NAME} 120 IN CNAME x.example."


def verdict_on(*answer: str, qtype: str = "A", text: str = "", **kwargs: Any) -> Verdict:
    query = asking(qtype=qtype)
    return judge(query, from_reply(reply_to(query, *answer, **kwargs)), options_of(text), NOW)


def soa(ttl: int) -> str:
    return SOA.replace("60", str(ttl), 1)


@pytest.mark.parametrize(
    ("answer", "reply", "ttl", "is_kept"),
    [
        ([A], {}, 300, True),
        ([f"{NAME} 2 IN A 192.0.2.1"], {}, 5, True),
        ([f"{NAME} 0 IN A 192.0.2.1"], {}, 5, True),
        ([f"{NAME} 100000 IN A 192.0.2.1"], {}, 3600, True),
        ([A], {"authority": [NS], "additional": [GLUE]}, 10, True),
        ([A], {"authority": [soa(80)]}, 80, True),
        ([CNAME, "x.example. 50 IN A 192.0.2.1"], {}, 50, True),
        ([CNAME], {}, 120, False),
        ([CNAME], {"authority": [soa(3000)]}, 120, True),
        ([CNAME, f"{NAME} 120 IN CNAME y.example.", "y.example. 50 IN A 192.0.2.1"], {}, 50, False),
        ([CNAME, f"x.example. 120 IN CNAME {NAME}", f"{NAME} 50 IN A 192.0.2.1"], {}, 50, False),
        (["other.example. 60 IN A 192.0.2.1"], {}, 60, False),
        ([], {}, 5, True),
        ([], {"additional": [GLUE]}, 10, True),
        ([], {"authority": [soa(90)]}, 90, True),
        ([], {"authority": [soa(3600)]}, 1800, True),
        ([], {"authority": [NS], "additional": [GLUE]}, 5, True),
        ([], {"rcode": "NXDOMAIN", "authority": [soa(60)]}, 60, True),
        ([], {"rcode": "NXDOMAIN", "authority": [soa(1)]}, 5, True),
        ([], {"rcode": "NXDOMAIN", "authority": [soa(3600)]}, 1800, True),
        ([], {"rcode": "NXDOMAIN"}, 5, False),
        ([], {"rcode": "NXDOMAIN", "authority": [NS]}, 20, False),
        ([CNAME], {"rcode": "NXDOMAIN", "authority": [soa(60)]}, 5, False),
        ([], {"rcode": "SERVFAIL", "authority": [soa(60)]}, 5, True),
        ([], {"rcode": "NOTIMP"}, 5, True),
        ([], {"rcode": "REFUSED", "authority": [soa(60)]}, 5, False),
        ([], {"rcode": "FORMERR"}, 5, False),
        ([A], {"flags": "TC RA"}, 300, False),
    ],
)
def test_ttl_and_keeping(answer: list[str], reply: dict[str, Any], ttl: int, is_kept: bool) -> None:
    verdict = verdict_on(*answer, **reply)
    assert (verdict.ttl, verdict.may_be_kept) == (ttl, is_kept)


@pytest.mark.parametrize(
    ("text", "answer", "reply", "ttl"),
    [
        ("success 1024 100 20", [A], {}, 100),
        ("success 1024 100 20", [f"{NAME} 2 IN A 192.0.2.1"], {}, 20),
        ("success 1024 100 20", [], {"authority": [NS]}, 20),
        ("success 1024 100 20", [], {"rcode": "REFUSED", "authority": [soa(60)]}, 20),
        ("success 1024 3", [], {}, 3),
        ("success 1024 10 30", [A], {}, 10),
        ("success 1024 3600 0", [f"{NAME} 0 IN A 192.0.2.1"], {}, 0),
        ("denial 1024 50 10", [], {"rcode": "NXDOMAIN", "authority": [soa(60)]}, 50),
        ("denial 1024 50 10", [CNAME], {"authority": [soa(1)]}, 10),
        ("denial 1024 50 10", [], {"rcode": "SERVFAIL"}, 5),
        ("servfail 1500ms", [], {"rcode": "SERVFAIL", "authority": [soa(60)]}, 1),
        ("servfail 0", [], {"rcode": "NOTIMP", "authority": [soa(60)]}, 0),
    ],
)
def test_limits_are_those_of_the_kind(text: str, answer: list[str], reply: dict[str, Any], ttl: int) -> None:
    assert verdict_on(*answer, text=text, **reply).ttl == ttl


@pytest.mark.parametrize(
    ("qtype", "answer", "is_answer"),
    [
        ("A", [A], True),
        ("A", [A.upper()], True),
        ("AAAA", [A], False),
        ("A", [CNAME, "X.example. 60 IN CNAME y.example.", "y.EXAMPLE. 60 IN A 192.0.2.1"], True),
        ("MX", [CNAME, "x.example. 60 IN A 192.0.2.1"], False),
        ("TXT", [f"{NAME} 60 IN TXT x"], True),
        ("TXT", [f"{NAME} 60 CH TXT x"], False),
        ("CNAME", [CNAME], True),
        ("CNAME", [CNAME, f"{NAME} 120 IN CNAME y.example."], False),
        ("CNAME", [A], False),
        ("ANY", [A], True),
        ("ANY", ["x.example. 60 IN A 192.0.2.1"], False),
    ],
)
def test_what_answers_a_question(qtype: str, answer: list[str], is_answer: bool) -> None:
    assert verdict_on(*answer, qtype=qtype).is_answer is is_answer


def test_a_transfer_is_of_no_kind_that_is_kept() -> None:
    verdict = judge(asking()._replace(type=codes.AXFR), Response(), options_of(), NOW)
    assert (verdict.ttl, verdict.may_be_kept) == (5, False)


def signature(inception: int, expiration: int) -> str:
    begin, end = (time.strftime("%Y%m%d%H%M%S", time.gmtime(NOW + at)) for at in (inception, expiration))
    return f"{NAME} 300 IN RRSIG A 8 2 300 {end} {begin} 1 example. AAAA"


@pytest.mark.parametrize(
    ("begins", "ends", "do", "is_kept"),
    [
        (-10, 10, True, True),
        (0, 0, True, True),
        (-10, -1, True, False),
        (1, 10, True, False),
        (-10, -1, False, True),
        (-10, -1, None, True),
    ],
)
def test_a_signature_out_of_its_time_is_not_kept_for_those_who_want_it(
    begins: int, ends: int, do: bool | None, is_kept: bool
) -> None:
    verdict = verdict_on(A, signature(begins, ends), do=do)
    assert (verdict.may_be_kept, verdict.ttl) == (is_kept, 300 if is_kept else 5)


def test_an_rrsig_that_is_cut_short_is_not_kept() -> None:
    query = asking()
    reply = reply_to(query, A, rf"{NAME} 300 IN TYPE65280 \# 4 00010801", do=True)
    reply = reply._replace(types=tuple(RRSIG if each == 65280 else each for each in reply.types))
    assert not judge(query, from_reply(reply), options_of(), NOW).may_be_kept


OWN = from_text(NAME)


def own(ttl: int, rtype: int = codes.A) -> RRset:
    return RRset(OWN, rtype, ttl, (b"\xc0\0\2\1",))


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (Response(answer=(own(30),)), 30),
        (Response(answer=(own(30),), additional=(own(7, codes.AAAA),)), 7),
        (Response(answer=(own(1),)), 5),
        (Response(codes.NXDOMAIN, authority=(own(3000, codes.SOA),)), 1800),
        (Response(answer=(own(3000, codes.CNAME),), authority=(own(3000, codes.SOA),)), 1800),
        (Response(answer=(own(3000),), authority=(own(3000, codes.SOA),)), 3000),
        (Response(codes.SERVFAIL, authority=(own(30, codes.SOA),)), 5),
        (Response(codes.REFUSED, authority=(own(30, codes.SOA),)), 5),
        (Response(authority=(own(30, codes.NS),)), 5),
    ],
)
def test_answers_of_our_own_get_one_ttl_too(response: Response, expected: int) -> None:
    verdict = judge(asking(), response, options_of(), NOW)
    assert not verdict.may_be_kept
    assert ttls(levelled(response, verdict.ttl)) == {expected}


def test_what_is_right_is_not_touched() -> None:
    response = Response(answer=(own(30),), additional=(own(30),), lifetime=30)
    assert levelled(response, 30) is response


@pytest.mark.parametrize(("lifetime", "expected"), [(200, 30), (7, 7), (None, None)])
def test_a_lifetime_stays_within_the_ttl(lifetime: int | None, expected: int | None) -> None:
    assert levelled(Response(answer=(own(60),), lifetime=lifetime), 30).lifetime == expected


def test_what_has_no_time_left_is_not_remembered() -> None:
    assert not levelled(Response(answer=(own(0),), lifetime=10), 0).remember


def test_a_reply_is_patched_and_not_opened() -> None:
    query: Query = asking()
    response = from_reply(reply_to(query, A, authority=[NS]))
    found = levelled(response, 20)
    assert found.reply is not None
    assert found.reply.lowest_ttls == (20, 20, None)
