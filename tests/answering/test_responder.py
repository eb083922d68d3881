import asyncio
import logging
from collections.abc import Awaitable

import dns.flags
import dns.message
import dns.rcode
import pytest

from kdns.answering.blocks import Block
from kdns.answering.by_client import ClassifyingResponder
from kdns.answering.chain import Link, Rest
from kdns.answering.counts import Count
from kdns.answering.plugin import Exchange
from kdns.answering.queries import Query
from kdns.answering.responder import Responder
from kdns.answering.responses import Response
from kdns.answering.table import AnswerTable
from kdns.cluster.events import address_tag
from kdns.records.options import RecordOptions
from kdns.wire import codes, rrsets
from kdns.wire.names import Name, from_text, to_text
from kdns.wire.rrsets import RRset
from tests.builders import (
    TCP,
    UDP,
    InTurn,
    Sender,
    Static,
    ask,
    build_query,
    cluster_ip,
    endpoints,
    external,
    happen,
    headless,
    namespace,
    respond,
    responder_for,
    responder_of,
    section_lines,
    state_of,
)

CLUSTER = (
    namespace(),
    cluster_ip("svc", "10.96.0.10"),
    headless("hl"),
    endpoints("hl", *[f"10.1.0.{n}" for n in range(1, 41)]),
    external("ext", "www.example.com"),
)
SVC, HL, GONE = (f"{name}.ns.svc.cluster.local." for name in ("svc", "hl", "gone"))


def recalled(responder: Responder, query: dns.message.Message | bytes, client: Sender = UDP) -> bool:
    """Tell whether the fast path answers a query."""
    packet = query if isinstance(query, bytes) else query.to_wire()
    return responder.recall(packet, client.kind) is not None


@pytest.mark.parametrize("client", [UDP, TCP], ids=["UDP", "TCP"])
@pytest.mark.parametrize("name", [SVC, GONE, SVC.upper(), "www.example.org."])
def test_plain_questions_are_recalled_once_they_are_in_the_table(name: str, client: Sender) -> None:
    responder, _, _ = responder_for(*CLUSTER)
    assert not recalled(responder, build_query(name), client)
    ask(responder, name)
    for edns in (None, 0, 512, 1232, 65535):
        for bits in range(16):
            rd, cd, ad, do = (bool(bits & 1 << n) for n in range(4))
            query = build_query(name, edns=edns, do=do and edns is not None, rd=rd, cd=cd, ad=ad)
            assert recalled(responder, query, client)


OPT_AT = -11
PLAIN = build_query(SVC, edns=1232).to_wire()


@pytest.mark.parametrize(
    "packet",
    [
        PLAIN[:2] + b"\x21" + PLAIN[3:],
        PLAIN[:2] + b"\x03" + PLAIN[3:],
        PLAIN[:2] + b"\x81" + PLAIN[3:],
        PLAIN[:3] + b"\x40" + PLAIN[4:],
        PLAIN[:3] + b"\x05" + PLAIN[4:],
        PLAIN[:5] + b"\2" + PLAIN[6:],
        PLAIN[:7] + b"\1" + PLAIN[8:],
        PLAIN[:11] + b"\0" + PLAIN[12:],
        PLAIN[:11] + b"\2" + PLAIN[12:],
        PLAIN + b"\0",
        PLAIN[:-1],
        PLAIN[:OPT_AT],
        PLAIN[: OPT_AT - 1],
        PLAIN[:OPT_AT] + b"\1" + PLAIN[OPT_AT + 1 :],
        PLAIN[: OPT_AT + 5] + b"\1" + PLAIN[OPT_AT + 6 :],
        PLAIN[: OPT_AT + 6] + b"\1" + PLAIN[OPT_AT + 7 :],
        PLAIN[: OPT_AT + 8] + b"\1" + PLAIN[OPT_AT + 9 :],
        PLAIN[:-2] + b"\0\4\0\x0a\0\0",
        PLAIN[:11],
        PLAIN[:12],
        b"",
    ],
    ids=[
        *(
            "NOTIFY",
            "TC",
            "QR",
            "Z",
            "RCODE",
            "two questions",
            "an answer",
            "no additional",
            "two additional",
        ),
        *(
            "trailing octet",
            "cut OPT",
            "missing OPT",
            "cut question",
            "owned OPT",
            "extended RCODE",
            "version",
        ),
        *("Z of OPT", "option", "cut header", "header", "nothing"),
    ],
)
def test_anything_that_is_not_plain_takes_the_careful_path(packet: bytes) -> None:
    responder, _, _ = responder_for(*CLUSTER)
    ask(responder, SVC)
    assert recalled(responder, PLAIN)
    assert not recalled(responder, packet)


def test_an_answer_that_holds_srv_is_recalled_in_lower_case_only() -> None:
    responder, _, _ = responder_for(*CLUSTER)
    ask(responder, SVC.upper(), "SRV")
    assert recalled(responder, build_query(SVC, "SRV"))
    assert not recalled(responder, build_query(SVC.upper(), "SRV"))
    assert section_lines(ask(responder, SVC.upper(), "SRV").answer)[0].endswith("svc.ns.svc.CLUSTER.LOCAL.")


def test_an_answer_that_does_not_fit_is_cut_on_the_careful_path() -> None:
    responder, _, _ = responder_for(*CLUSTER)
    whole = len(respond(responder, build_query(HL, edns=4096).to_wire()))
    assert recalled(responder, build_query(HL, edns=whole))
    assert not recalled(responder, build_query(HL, edns=whole - 1))
    assert recalled(responder, build_query(HL), TCP)


@pytest.mark.parametrize(
    ("name", "qtype", "is_remembered"),
    [
        (SVC, "A", True),
        (SVC, "MX", True),
        (GONE, "A", True),
        ("www.example.org.", "A", True),
        (SVC, "AXFR", True),
        (r"a\000b.ns.svc.cluster.local.", "A", False),
    ],
)
def test_what_is_remembered(name: str, qtype: str, is_remembered: bool) -> None:
    responder, _, table = responder_for(*CLUSTER)
    for _ in range(2):
        ask(responder, name, qtype)
    assert len(table.entries) == is_remembered


def test_a_name_with_a_zero_octet_is_not_taken_for_the_name_before_it() -> None:
    responder, _, _ = responder_for(*CLUSTER)
    ask(responder, ".")
    ask(responder, "a.")
    for name in (r"a\000.", r"\000.", r"a\000\000\001\000\001.", r"\000\000\001\000\001.a."):
        assert not recalled(responder, build_query(name))
        assert ask(responder, name).rcode() == dns.rcode.REFUSED


def test_names_that_differ_above_ascii_are_different() -> None:
    responder, _, table = responder_for(*CLUSTER)
    ask(responder, r"\192.cluster.local.")
    ask(responder, r"\224.cluster.local.")
    assert len(table.entries) == 2


def test_rotation_goes_on_from_path_to_path() -> None:
    responder, _, _ = responder_for(*CLUSTER)
    firsts = []
    for turn in range(80):
        way = ({"tcp": True}, {"edns": 4096}, {}, {"edns": 4096, "cd": True, "ad": True})[turn % 4]
        firsts.append(int(str(ask(responder, HL, **way).answer[0][0]).rsplit(".", 1)[1]))
    assert firsts == [*range(1, 41)] * 2


class Named(Static):
    """A plugin that answers everything with its own name."""

    def __init__(self, name: str) -> None:
        self._text = name

    def respond(self, query: Query, rest: Rest) -> Response:
        return Response(answer=(RRset(query.name, codes.TXT, 5, (rrsets.txt([self._text.encode()]),)),))


def of_blocks(**blocks: Link) -> Responder:
    """Return a responder of these blocks; `_` stands for the dots of an origin."""
    responder = Responder(AnswerTable())
    responder.blocks = {
        from_text(key.replace("_", ".")): Block(Rest([InTurn(), plugin], responder.resolve))
        for key, plugin in blocks.items()
    }
    return responder


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("example.com.", "two"),
        ("www.Example.COM.", "two"),
        ("a.b.example.com.", "two"),
        ("com.", "one"),
        ("anexample.com.", "one"),
        (r"a\.example.com.", "one"),
        ("org.", "root"),
        (".", "root"),
    ],
)
def test_the_longest_origin_at_or_above_the_name_answers(name: str, block: str) -> None:
    responder = of_blocks(_=Named("root"), com_=Named("one"), example_com_=Named("two"))
    for _ in range(2):
        assert section_lines(ask(responder, name, "TXT").answer) == [f'{name} 5 TXT "{block}"']


class Alias(Static):
    """A plugin whose every name is an alias of another."""

    def __init__(self, target: str) -> None:
        self._target = from_text(target)

    def respond(self, query: Query, rest: Rest) -> Response:
        cname = RRset(query.name, codes.CNAME, 5, (self._target,))
        found = rest.resolve(query, self._target)
        assert isinstance(found, Response)
        return Response(answer=(cname, *found.answer), remember=found.remember)


def test_chains_that_ask_each_other_in_circles_stop() -> None:
    responder = of_blocks(a_=Alias("b."), b_=Alias("a."))
    response = ask(responder, "a.")
    assert len(response.answer) == 11
    assert len(responder.table.entries) == 0


class Slow:
    """A plugin that waits until it is told the answer; it notes what it was asked."""

    name = "slow"

    def __init__(self) -> None:
        self.told: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self.asked: list[str] = []

    def respond(self, query: Query, rest: Rest) -> Awaitable[Response]:
        self.asked.append(to_text(query.name))
        return self.told


def found(name: Name, *tags: tuple[str, ...]) -> Response:
    return Response(answer=(RRset(name, codes.A, 60, (rrsets.address("192.0.2.1"),)),), tags=frozenset(tags))


WWW = from_text("www.example.com.")


async def finish(waiting: object) -> dns.message.Message:
    assert isinstance(waiting, Awaitable)
    packet = await waiting
    assert isinstance(packet, bytes)
    return dns.message.from_wire(packet)


async def test_an_answer_that_was_waited_for_is_sent_and_remembered() -> None:
    slow = Slow()
    responder = of_blocks(example_com_=slow)
    query = build_query("WWW.example.com.", id=1)
    waiting = responder.respond(query.to_wire(), UDP)
    slow.told.set_result(found(WWW))
    response = await finish(waiting)
    assert section_lines(response.answer) == ["WWW.example.com. 60 A 192.0.2.1"]
    assert query.is_response(response)
    assert section_lines(ask(responder, "www.example.com.").answer) == ["www.example.com. 60 A 192.0.2.1"]
    assert slow.asked == ["www.example.com."]


async def test_an_alias_is_followed_to_an_answer_that_has_to_be_waited_for() -> None:
    slow = Slow()
    responder = responder_of(state_of(*CLUSTER), RecordOptions(), slow, origins=["example.com."])
    waiting = responder.respond(build_query("ext.ns.svc.cluster.local.").to_wire(), UDP)
    slow.told.set_result(found(WWW))
    assert section_lines((await finish(waiting)).answer) == [
        "ext.ns.svc.cluster.local. 30 CNAME www.example.com.",
        "www.example.com. 60 A 192.0.2.1",
    ]


@pytest.mark.parametrize(
    ("event", "is_remembered"),
    [
        (external("ext", "www.example.org"), False),
        (cluster_ip("ext", "10.96.0.99"), False),
        (cluster_ip("other", "10.96.0.99"), True),
        (external("ext", "www.example.com"), True),
    ],
)
async def test_an_answer_that_changed_while_it_was_waited_for_is_sent_but_not_remembered(
    event: object, is_remembered: bool
) -> None:
    slow = Slow()
    state = state_of(*CLUSTER)
    responder = responder_of(state, RecordOptions(), slow, origins=["example.com."])
    waiting = responder.respond(build_query("ext.ns.svc.cluster.local.").to_wire(), UDP)
    happen(state, responder.table, event)  # type: ignore[arg-type]
    slow.told.set_result(found(WWW))
    assert (await finish(waiting)).answer[0].rdtype == codes.CNAME
    assert len(responder.table.entries) == is_remembered


async def test_a_defect_of_what_is_waited_for_is_servfail_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    slow = Slow()
    responder = of_blocks(example_com_=slow)
    waiting = responder.respond(build_query("www.example.com.", edns=1232).to_wire(), UDP)
    slow.told.set_exception(ZeroDivisionError())
    with caplog.at_level(logging.ERROR, "kdns"):
        response = await finish(waiting)
    assert (response.rcode(), response.edns) == (dns.rcode.SERVFAIL, 0)
    assert "ZeroDivisionError" in caplog.text
    assert len(responder.table.entries) == 0


def test_an_answer_of_more_records_than_a_message_can_count_is_cut() -> None:
    many = [f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(66_000)]
    responder, _, _ = responder_for(namespace(), headless("hl"), endpoints("hl", *many))
    for client in (UDP, TCP, UDP):
        response = dns.message.from_wire(respond(responder, build_query(HL).to_wire(), client))
        assert (response.rcode(), bool(response.flags & 0x0200)) == (dns.rcode.NOERROR, True)


def test_many_shapes_of_queries_do_not_wear_the_responder_out() -> None:
    responder, _, _ = responder_for(*CLUSTER)
    packet = build_query(SVC, edns=0).to_wire()
    expected = respond(responder, packet)
    for size in range(0, 65536, 11):
        octets = size.to_bytes(2, "big")
        response = respond(responder, packet[:-8] + octets + packet[-6:])
        assert response == expected[:-8] + octets + expected[-6:]


class ByNetwork(Static):
    """A plugin that answers with the first number of the client's address, and counts how it is asked."""

    name = "by_network"

    def __init__(self) -> None:
        self.asked = 0

    def respond(self, query: Query, rest: Rest) -> Response:
        self.asked += 1
        text = query.client.partition(".")[0].encode()
        return Response(answer=(RRset(query.name, codes.TXT, 5, (rrsets.txt([text]),)),))


@pytest.mark.parametrize("do", [False, True])
def test_answers_are_remembered_for_each_class_of_clients(do: bool) -> None:
    plugin = ByNetwork()
    responder = ClassifyingResponder(AnswerTable(), lambda address: address.partition(".")[0])
    chain = Rest([plugin], responder.resolve)
    responder.blocks = {from_text("."): Block(chain)}
    query = build_query("www.test.", "TXT", edns=1232, do=do).to_wire()
    for client in ("10.0.0.1", "192.0.2.1", "10.9.9.9", "192.0.2.2"):
        found = dns.message.from_wire(respond(responder, query, Sender(False, (client, 53))))
        assert section_lines(found.answer) == [f'www.test. 5 TXT "{client.partition(".")[0]}"']
    assert plugin.asked == 2
    assert not recalled(responder, query)


def test_a_client_is_of_another_class_once_its_address_is_anothers() -> None:
    owner = {"10.0.0.1": "a", "10.0.0.2": "a"}
    responder = ClassifyingResponder(AnswerTable(), owner.__getitem__)
    asked = []

    class Owner:
        name = "owner"

        def respond(self, query: Query, rest: Rest) -> Response:
            asked.append(owner[query.client])
            return Response(answer=(RRset(query.name, codes.TXT, 5, (rrsets.txt([asked[-1].encode()]),)),))

    responder.blocks = {from_text("."): Block(Rest([Owner()], responder.resolve))}

    def text(client: str) -> str:
        query = build_query("www.test.", "TXT").to_wire()
        found = dns.message.from_wire(respond(responder, query, Sender(False, (client, 53))))
        return section_lines(found.answer)[0].split('"')[1]

    assert [text(client) for client in ("10.0.0.1", "10.0.0.2")] == ["a", "a"]
    owner["10.0.0.2"] = "b"
    responder.forget(frozenset({address_tag("10.0.0.2")}), 0)
    assert [text(client) for client in ("10.0.0.1", "10.0.0.2")] == ["a", "b"]
    assert asked == ["a", "b"], "the answers for others of the class stay"


def test_ds_at_a_zone_is_asked_of_the_parent_where_that_is_served() -> None:
    responder = of_blocks(test_=Named("parent"), sub_test_=Named("child"), other_=Named("alone"))
    for name, block in (
        ("sub.test.", "parent"),
        ("test.", "parent"),
        ("a.sub.test.", "child"),
        ("other.", "alone"),
    ):
        assert section_lines(ask(responder, name, "DS").answer) == [f'{name} 5 TXT "{block}"']
    assert section_lines(ask(responder, "sub.test.", "A").answer) == ['sub.test. 5 TXT "child"']


EDE = 15


def of_response(response: Response, **block: object) -> Responder:
    """Return a responder whose one block says this to everything."""
    responder = Responder(AnswerTable())
    responder.blocks = {from_text("."): Block(lambda query: response, **block)}  # type: ignore[arg-type]
    return responder


@pytest.mark.parametrize("again", [False, True])
def test_an_extended_error_is_for_queries_with_an_opt(again: bool) -> None:
    responder = of_response(Response(codes.REFUSED, extended_error=(15, "not you")))
    for _ in range(1 + again):
        assert ask(responder, "www.test.").options == ()
        [option] = ask(responder, "www.test.", edns=1232).options
    assert (option.otype, option.to_wire()) == (EDE, b"\0\x0fnot you")
    assert recalled(responder, build_query("www.test.", edns=1232))


def test_an_extended_error_gives_way_to_records() -> None:
    text = RRset(from_text("www.test."), codes.TXT, 5, (rrsets.txt([b"x" * 255, b"x" * 150]),))
    responder = of_response(Response(answer=(text,), extended_error=(4, "y" * 60)))
    for size, has_error in ((512, False), (600, True), (512, False)):
        found = ask(responder, "www.test.", "TXT", edns=size)
        assert (len(found.answer), len(found.options)) == (1, int(has_error))
        assert not found.flags & dns.flags.TC


@pytest.mark.parametrize("rd", [False, True])
def test_rd_is_the_querys_unless_a_response_has_its_own(rd: bool) -> None:
    for own, expected in ((None, rd), (True, True), (False, False)):
        responder = of_response(Response(recursion_desired=own))
        for _ in range(2):
            assert bool(ask(responder, "www.test.", rd=rd).flags & dns.flags.RD) is expected
        assert recalled(responder, build_query("www.test.", rd=rd))


def test_of_a_silent_response_nothing_is_sent_but_all_is_counted_and_observed() -> None:
    count, seen = Count(), list[Exchange]()
    response = Response(silent=True, counts=(count,))
    responder = of_response(response, zone="test.", observers=(seen.append,))
    for client in (UDP, TCP, UDP):
        assert responder.respond(build_query("www.test.").to_wire(), client) is None
    assert count.value == 3
    assert [each.sent for each in seen] == [None] * 3


def test_a_query_is_adjusted_before_anything_else_sees_it() -> None:
    def smaller(query: Query) -> Query:
        return query._replace(edns=query.edns and query.edns._replace(udp_size=600))

    asked, seen = list[Query](), list[Exchange]()

    def answer(query: Query) -> Response:
        asked.append(query)
        return Response()

    responder = Responder(AnswerTable())
    responder.blocks = {from_text("."): Block(answer, observers=(seen.append,), adjusting=(smaller,))}
    for _ in range(2):
        assert ask(responder, "www.test.", edns=4096).payload == 600
    assert [query.edns and query.edns.udp_size for query in (*asked, *(each.query for each in seen))] == [
        600
    ] * 3


def test_other_classes_are_for_the_blocks_that_want_them() -> None:
    responder = of_response(Response(), classes=frozenset({codes.CH}))
    for qclass, rcode in (("IN", codes.NOERROR), ("CH", codes.NOERROR), ("HS", codes.REFUSED)):
        assert ask(responder, "www.test.", qclass=qclass).rcode() == rcode
    assert ask(of_response(Response()), "www.test.", qclass="CH").rcode() == codes.REFUSED
