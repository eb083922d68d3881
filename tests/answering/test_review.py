"""What is counted, and for whom an answer is remembered, where the responder takes a short way."""

import dns.message
import dns.opcode

from kdns.answering.blocks import Block
from kdns.answering.counts import Count
from kdns.answering.queries import Query
from kdns.answering.responder import Responder
from kdns.answering.responses import Response
from kdns.answering.table import AnswerTable
from kdns.answering.traffic import Traffic
from kdns.measures import Family, Histogram
from kdns.wire import codes
from kdns.wire.names import from_text
from kdns.wire.rrsets import RRset
from tests.builders import build_query, respond

ONE = 3000
"""Octets in which a table has room for a few answers only."""


def measured(traffic: Traffic, name: str) -> Family | Histogram:
    [family] = [family for family in traffic.measure() if family.name == name]
    return family


def test_answers_are_counted_also_after_they_had_to_make_room_for_others() -> None:
    traffic, count = Traffic("dns://:53"), Count()
    table = AnswerTable(limit=ONE, traffic=traffic)
    responder = Responder(table)

    def answer(query: Query) -> Response:
        address = RRset(query.name, codes.A, 5, (b"\1\2\3\4",))
        return Response(answer=(address,), counts=(count,))

    responder.blocks = {from_text("."): Block(answer, ".")}
    asked = ["a."] * 3 + [f"x{number}." for number in range(10)] + ["a."] * 5
    for name in asked:
        respond(responder, build_query(name).to_wire())
    table.settle()
    requests = measured(traffic, "coredns_dns_requests_total")
    assert isinstance(requests, Family)
    assert [value for _, value in requests.samples] == [len(asked)]
    assert count.value == len(asked)


def test_a_notify_is_not_answered_with_what_is_remembered_of_a_query() -> None:
    responder = Responder(AnswerTable())

    def answer(query: Query) -> Response:
        return Response(codes.NOTIMP if query.opcode else codes.NOERROR)

    responder.blocks = {from_text("."): Block(answer)}
    query, notify = build_query("a.", "SOA"), build_query("a.", "SOA")
    notify.set_opcode(dns.opcode.NOTIFY)
    respond(responder, query.to_wire())
    response = dns.message.from_wire(respond(responder, notify.to_wire()))
    assert response.rcode() == codes.NOTIMP


def test_the_sum_of_durations_never_shrinks_though_fast_answers_get_faster() -> None:
    traffic = Traffic("dns://:53")
    sums = []
    for seconds in (4e-6, 1e-6):
        traffic.fast_seconds = seconds
        traffic.add(".", 0, codes.A, codes.NOERROR, False, 30, 60, None, 1000)
        durations = measured(traffic, "coredns_dns_request_duration_seconds")
        assert isinstance(durations, Histogram)
        [(_, _, total)] = durations.samples
        sums.append(total)
    assert sums == sorted(sums)
