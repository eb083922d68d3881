"""How static zones are chosen and what is made of their lookups; the lookups are in tests/zones."""

import pytest

from kdns.answering.chain import Response, build_chain
from kdns.answering.queries import Query
from kdns.answering.responder import Responder
from kdns.answering.table import AnswerTable
from kdns.plugins.file import File
from kdns.records.options import RecordOptions
from kdns.wire import codes
from kdns.wire.names import Name, from_text
from kdns.zones.masterfile import read_zone
from kdns.zones.zone import Zone
from tests.answers.cases import records, sections
from tests.builders import ask, cluster_ip, happen, namespace, responder_of, reverse_name, state_of


def zone(origin: str, text: str) -> Zone:
    start = f"$ORIGIN {origin}\n$TTL 60\n@ SOA ns admin 7 7200 3600 1209600 30\n@ NS ns.example.\n"
    return read_zone(start + text, origin)


EXAMPLE = zone(
    "example.",
    """\
ns    A     192.0.2.1
www   CNAME ns
out   CNAME www.other.
svc   CNAME svc.ns.svc.cluster.local.
lost  CNAME nowhere.
""",
)
OTHER = zone("other.", "www A 192.0.2.2\nback CNAME out.example.\n")
BELOW = zone("sub.example.", "www A 192.0.2.3\n")
TEN = zone("10.in-addr.arpa.", "1.0.0 PTR static.example.\n")


def refuse_alias(query: Query, name: Name) -> Response:
    return Response(codes.REFUSED)


def responder() -> Responder:
    made = Responder(AnswerTable())
    chain = build_chain([File([EXAMPLE, OTHER, BELOW], made.resolve)])
    made.blocks = dict.fromkeys(map(from_text, ("example.", "other.", "sub.example.")), chain)
    return made


SOA = "example. 30 SOA ns.example. admin.example. 7 7200 3600 1209600 30"


@pytest.mark.parametrize(
    ("question", "rcode", "answer", "authority"),
    [
        ("ns.example. A", "NOERROR", "ns.example. 60 A 192.0.2.1", ""),
        ("www.example. A", "NOERROR", "www.example. 60 CNAME ns.example.\nns.example. 60 A 192.0.2.1", ""),
        ("www.sub.example. A", "NOERROR", "www.sub.example. 60 A 192.0.2.3", ""),
        ("out.example. A", "NOERROR", "out.example. 60 CNAME www.other.\nwww.other. 60 A 192.0.2.2", ""),
        (
            "back.other. A",
            "NOERROR",
            "back.other. 60 CNAME out.example.\nout.example. 60 CNAME www.other.\nwww.other. 60 A 192.0.2.2",
            "",
        ),
        ("lost.example. A", "NOERROR", "lost.example. 60 CNAME nowhere.", ""),
        ("ns.example. MX", "NOERROR", "", SOA),
        ("x.example. A", "NXDOMAIN", "", SOA),
        ("example. AXFR", "REFUSED", "", ""),
        ("example. IXFR", "REFUSED", "", ""),
    ],
)
def test_the_longest_zone_answers_and_aliases_are_followed_into_others(
    question: str, rcode: str, answer: str, authority: str
) -> None:
    name, qtype = question.split()
    made = responder()
    for asked in (name, name.upper(), name):
        response = ask(made, asked, qtype)
        assert sections(response) == (rcode, records(answer), records(authority), [])
        assert bool(response.flags & 0x0400) == (rcode != "REFUSED")


def test_a_name_outside_its_zones_is_the_rests() -> None:
    made = Responder(AnswerTable())
    made.blocks = {from_text("."): build_chain([File([EXAMPLE], made.resolve)])}
    assert sections(ask(made, "www.other."))[0] == "REFUSED"


def test_an_alias_into_the_cluster_is_forgotten_with_what_it_leads_to() -> None:
    state = state_of(namespace(), cluster_ip("svc", "10.96.0.1"))
    made = responder_of(state, RecordOptions())
    file = build_chain([File([EXAMPLE], made.resolve)])
    made.blocks = {**made.blocks, from_text("example."): file}
    for address in ("10.96.0.1", "10.96.0.2"):
        happen(state, made.table, cluster_ip("svc", address))
        for _ in range(2):
            assert sections(ask(made, "svc.example."))[1] == records(
                f"svc.example. 60 CNAME svc.ns.svc\nsvc.ns.svc 30 A {address}"
            )


def test_the_cluster_comes_before_a_static_reverse_zone() -> None:
    state = state_of(namespace())
    made = responder_of(
        state, RecordOptions(), File([TEN], refuse_alias), fallthrough=[from_text("10.in-addr.arpa.")]
    )
    name = reverse_name("10.0.0.1")
    assert sections(ask(made, name, "PTR"))[1] == records(f"{name} 60 PTR static.example.")
    happen(state, made.table, cluster_ip("svc", "10.0.0.1"))
    assert sections(ask(made, name, "PTR"))[1] == records(f"{name} 30 PTR svc.ns.svc")
