import asyncio

import dns.message
import dns.rdata
import dns.rrset
import pytest

from kdns.answering.counts import Count
from kdns.answering.responses import Outcome, Response, from_reply
from kdns.plugins._rewrite_names import PLAIN, Rename
from kdns.plugins._rewrite_responses import Alias, Change, Owners, Rcode, TtlRange, Values, turned_back
from kdns.wire import codes
from kdns.wire.names import BadName, Name, to_text
from kdns.wire.replies import question_end, read_reply
from tests.builders import build_query
from tests.plugins.setups import at_once, lines

SUFFIX: Rename = PLAIN["suffix"](".a.", ".b.")

RECORDS = """
x.a. 9 CNAME y.a.
x.a. 9 NS y.a.
x.a. 9 PTR y.a.
x.a. 9 DNAME y.a.
x.a. 9 MX 1 y.a.
x.a. 9 SRV 1 2 3 y.a.
x.a. 9 NAPTR 1 2 "s" "SIP+D2U" "" y.a.
x.a. 9 SOA y.a. z.a. 1 2 3 4 5
x.a. 9 TXT "y.a."
x.a. 9 A 192.0.2.1
x.c. 9 CNAME y.c.
"""


def reply(*records: str, authority: tuple[str, ...] = ()) -> Response:
    """Return the reply of another server."""
    asked = build_query("x.a.").to_wire()
    message = dns.message.make_response(dns.message.from_wire(asked))
    for section, texts in ((message.answer, records), (message.authority, authority)):
        for text in texts:
            owner, ttl, rtype, rdata = text.split(maxsplit=3)
            section.append(dns.rrset.from_text(owner, int(ttl), "IN", rtype, rdata))
    return from_reply(read_reply(message.to_wire(), asked, question_end(asked), b"\0\1"))


def own(*records: str) -> Response:
    return reply(*records).opened()._replace(remember=True)


def nobody(name: Name) -> Outcome:
    raise AssertionError(to_text(name))


def changed(response: Response, *changes: Change) -> Response:
    return at_once(turned_back(response, changes, nobody))


@pytest.mark.parametrize("change", [Owners(SUFFIX), Values(SUFFIX)])
def test_names_are_changed_in_owners_or_in_values(change: Change) -> None:
    records = RECORDS.strip().splitlines()
    found = changed(reply(*records), change).answer
    is_owner = isinstance(change, Owners)
    for before, rrset in zip(records, found, strict=True):
        owner, ttl, rtype, rdata = before.split(maxsplit=3)
        if is_owner:
            owner = owner.replace(".a.", ".b.")
        elif rtype not in ("TXT", "A"):
            rdata = rdata.replace("y.a.", "y.b.")
        expected = dns.rdata.from_text("IN", rtype, rdata)
        [octets] = rrset.rdatas
        assert (to_text(rrset.owner), rrset.ttl, octets) == (owner, int(ttl), expected.to_wire())


def test_names_are_changed_in_all_sections() -> None:
    found = changed(
        reply("x.a. 9 A 192.0.2.1", authority=("x.a. 5 NS y.a.",)), Owners(SUFFIX), Values(SUFFIX)
    )
    assert lines(found.authority) == ["x.b. 5 NS y.b."]
    assert found.reply is None


@pytest.mark.parametrize("rdata", [b"", b"\0\1\0\1\1a", b"\0\1\0\1\0\0\0\xc0\x0c"])
def test_rdata_of_no_known_shape_stays(rdata: bytes) -> None:
    rrset = own("x.a. 9 A 192.0.2.1").answer[0]._replace(type=35, rdatas=(rdata,))
    response = Response(answer=(rrset,))
    assert changed(response, Values(SUFFIX)) == response


def test_the_last_change_comes_first() -> None:
    first, second = PLAIN["exact"]("x.b.", "x.c."), PLAIN["exact"]("x.a.", "x.b.")
    assert lines(changed(own("x.a. 9 A 192.0.2.1"), Owners(first), Owners(second)).answer) == [
        "x.c. 9 A 192.0.2.1"
    ]


def test_a_name_that_is_none_is_told_at_once() -> None:
    with pytest.raises(BadName):
        turned_back(own("x.a. 9 A 192.0.2.1"), [Owners(lambda text: "..")], nobody)


def test_an_rcode_stands_in_the_place_of_another() -> None:
    response = reply()._replace(rcode=codes.SERVFAIL)
    assert changed(response, Rcode(codes.SERVFAIL, 0)) == response._replace(rcode=0)
    assert changed(response, Rcode(codes.REFUSED, 0)) is response


@pytest.mark.parametrize(("ttl", "limited"), [(5, 10), (10, 10), (15, 15), (20, 20), (21, 20)])
def test_ttls_are_brought_into_the_range_and_octets_stay_octets(ttl: int, limited: int) -> None:
    texts = f"x.a. {ttl} A 192.0.2.1", f"y.a. {ttl} A 192.0.2.1"
    found = changed(reply(*texts), TtlRange(10, 20))
    assert found.reply is not None
    assert found.reply.lowest_ttls == (limited, None, None)
    assert {rrset.ttl for rrset in found.opened().answer} == {limited}
    assert changed(own(*texts), TtlRange(10, 20)).answer == found.opened().answer


@pytest.mark.parametrize(
    ("ttls", "lifetime", "keeps_ttl", "expected"),
    [
        ((5,), 30, False, (30, True, True)),
        ((20,), 30, False, (10, False, True)),
        ((50,), 60, False, (30, True, True)),
        ((50,), 15, False, (15, True, True)),
        ((5, 50), 60, False, (30, True, True)),
        ((15, 18), 60, False, (5, False, True)),
        ((15, 50), 60, False, (60, False, False)),
        ((5, 15), 60, False, (60, False, False)),
        ((50,), 60, True, (60, True, True)),
        ((50,), None, False, (None, False, True)),
        ((), 60, False, (60, False, True)),
    ],
)
def test_a_limited_response_is_remembered_as_long_as_its_ttls_go_on_as_they_begin(
    ttls: tuple[int, ...], lifetime: int | None, keeps_ttl: bool, expected: tuple[int | None, bool, bool]
) -> None:
    before = own(*(f"x.a. {ttl} A 192.0.2.{ttl}" for ttl in ttls))
    found = changed(before._replace(lifetime=lifetime, keeps_ttl=keeps_ttl), TtlRange(10, 20))
    assert (found.lifetime, found.keeps_ttl, found.remember) == expected


ALIASES = "x.a. 9 CNAME y.a.", "y.a. 9 CNAME z.a.", "z.a. 9 A 192.0.2.1"
ELSEWHERE = Alias(PLAIN["exact"]("z.a.", "other.c."))


def answers(name: Name) -> Response:
    return own(f"{to_text(name)} 7 A 192.0.2.9")._replace(tags=frozenset({("other",)}), lifetime=7)


@pytest.mark.parametrize("is_reply", [False, True])
def test_a_cname_leads_elsewhere_and_the_answer_goes_on_from_there(is_reply: bool) -> None:
    count = Count()
    response = (reply if is_reply else own)(*ALIASES)._replace(tags=frozenset({("own",)}), counts=(count,))
    found = at_once(turned_back(response, [ELSEWHERE], answers))
    assert lines(found.answer) == ["x.a. 9 CNAME y.a.", "y.a. 9 CNAME other.c.", "other.c. 7 A 192.0.2.9"]
    assert (found.tags, found.lifetime) == (frozenset({("own",), ("other",)}), 7)
    assert (found.remember, found.counts) == (not is_reply, (count,))


def test_what_a_cname_leads_to_decides_whether_it_is_truncated_but_not_on_the_rcode() -> None:
    response = own(*ALIASES)._replace(truncated=True, authoritative=True)
    found = at_once(turned_back(response, [ELSEWHERE], lambda name: Response(codes.NXDOMAIN)))
    assert (found.rcode, found.truncated, found.authoritative) == (0, False, True)
    assert lines(found.answer) == ["x.a. 9 CNAME y.a.", "y.a. 9 CNAME other.c."]


def test_an_answer_with_the_serial_of_the_cluster_is_not_remembered_behind_an_alias() -> None:
    found = turned_back(own(*ALIASES), [ELSEWHERE], lambda name: Response(has_live_serial=True))
    assert (at_once(found).remember, at_once(found).has_live_serial) == (False, False)


def test_where_the_target_has_to_be_waited_for_so_has_the_response() -> None:
    async def later(name: Name) -> Response:
        return answers(name)

    async def waited(*changes: Change) -> Response:
        outcome = turned_back(own(*ALIASES), changes, later)
        assert not isinstance(outcome, Response)
        return await outcome

    found = asyncio.run(waited(TtlRange(1, 2), ELSEWHERE))
    assert lines(found.answer) == ["x.a. 2 CNAME y.a.", "y.a. 2 CNAME other.c.", "other.c. 7 A 192.0.2.9"]
    nearer = Alias(PLAIN["exact"]("y.a.", "near.c."))
    found = asyncio.run(waited(nearer, ELSEWHERE))
    assert lines(found.answer)[:2] == ["x.a. 9 CNAME near.c.", "near.c. 7 A 192.0.2.9"]


@pytest.mark.parametrize("response", [reply("x.a. 9 A 192.0.2.1"), reply(*ALIASES), Response()])
def test_a_response_without_the_cname_stays_as_it_came(response: Response) -> None:
    assert turned_back(response, [Alias(PLAIN["exact"]("w.a.", "v."))], nobody) is response
