"""Answers were compared with CoreDNS 1.14.7: `tests/beside/plugins/template` has what was asked."""

import asyncio
from collections.abc import Awaitable

import pytest

from kdns.answering.chain import Link, Rest
from kdns.answering.plugin import Plugin
from kdns.answering.queries import RD, Query
from kdns.answering.responses import Response
from kdns.corefile.patterns import MAX_PATTERN
from kdns.plugins.template import Template
from kdns.wire import codes
from kdns.wire.names import Name, from_text, to_text
from kdns.wire.rrsets import RRset
from tests.plugins.lent import lent, refusal
from tests.plugins.setups import Answering, at_once, lines, query, rest

ELSEWHERE = Response(codes.NXDOMAIN, tags=frozenset({("other",)}))

ADDRESSES = """
template IN A example {
    match (^|[.])ip-(?P<a>[0-9]*)-(?P<b>[0-9]*)-(?P<c>[0-9]*)-(?P<d>[0-9]*)[.]example[.]$
    answer "{{ .Name }} 60 IN A {{ .Group.a }}.{{ .Group.b }}.{{ .Group.c }}.{{ .Group.d }}"
    fallthrough
}
template IN A example {
    match "^ip0a(?P<b>[a-f0-9]{2})(?P<c>[a-f0-9]{2})(?P<d>[a-f0-9]{2})[.]example[.]$"
    answer "{{ .Name }} A 10.{{ parseInt .Group.b 16 8 }}.{{ .Group.c | len }}.{{ parseInt .Group.d 16 8 }}"
    fallthrough
}
template ANY MX example {
    match ^a ^(b)?c
    answer "{{ .Name }} 60 IN MX 10 {{ .Name }}"
    additional "{{ .Name }} 60 IN A 192.0.2.1"
    additional "{{ .Name }} 60 IN A 192.0.2.2"
    authority "{{ .Zone }} 1h NS ns0{{ index .Match 1 }}"
    fallthrough sub.example
}
"""


def set_up(text: str, zones: str = ".") -> Template:
    return lent(Template, text, zones=zones)


def ask(plugin: Plugin, name: str, qtype: str = "A", *links: Link) -> Response:
    return at_once(plugin.respond(query(name, qtype), rest(*(links or (Answering(ELSEWHERE),)))))


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("ip-1-2-3-4.example. A", "60 A 1.2.3.4"),
        ("x.IP-1-2-3-4.example. A", "60 A 1.2.3.4"),
        ("ip0a7b7b7b.example. A", "3600 A 10.123.2.123"),
        ("ip-1-2-3-4.example. ANY", "60 A 1.2.3.4"),
    ],
)
def test_the_first_rule_for_the_question_that_matches_answers(question: str, expected: str) -> None:
    name, qtype = question.split()
    found = ask(set_up(ADDRESSES), name, qtype)
    assert lines(found.answer) == [f"{name.lower()} {expected}"]
    assert (found.rcode, found.authoritative, found.remember, found.tags) == (0, True, True, frozenset())


def test_all_sections_are_written_and_records_of_an_rrset_are_one() -> None:
    found = ask(set_up(ADDRESSES), "bc.example.", "MX")
    assert lines(found.answer) == ["bc.example. 60 MX 10 bc.example."]
    assert lines(found.authority) == ["example. 3600 NS ns0b."]
    assert [len(rrset.rdatas) for rrset in found.additional] == [2]


@pytest.mark.parametrize("question", ["other. A", "ip-1.example. A", "x.example. AAAA", "x.sub.example. MX"])
def test_what_no_rule_is_for_or_falls_through_is_the_rests(question: str) -> None:
    name, qtype = question.split()
    assert ask(set_up(ADDRESSES), name, qtype) is ELSEWHERE


def test_a_name_that_no_pattern_matches_is_a_failure_without_fallthrough() -> None:
    assert ask(set_up(ADDRESSES), "x.example.", "MX") == Response(codes.SERVFAIL)


def test_the_zones_are_those_of_the_block_unless_there_are_others() -> None:
    inside, outside = set_up("template ANY ANY", "a.test b.test"), set_up("template ANY ANY c.test", "a.test")
    assert ask(inside, "x.b.test.").authoritative
    assert ask(inside, "x.c.test.") is ELSEWHERE
    assert ask(outside, "x.c.test.").authoritative
    assert ask(outside, "x.a.test.") is ELSEWHERE


def test_the_longest_zone_is_the_one() -> None:
    plugin = set_up('template IN TXT test a.test b.a.test {\nanswer "{{ .Name }} TXT {{ .Zone }}"\n}')
    assert lines(ask(plugin, "x.a.test.", "TXT").answer) == ['x.a.test. 3600 TXT "a.test."']


def test_an_rcode_and_an_extended_error_are_said() -> None:
    found = ask(set_up("template ANY ANY {\nrcode REFUSED\nrcode NXDOMAIN\nederror 21 why\n}"), "x.")
    assert found == Response(
        codes.NXDOMAIN, authoritative=True, extended_error=(21, "why"), counts=found.counts
    )


def test_servfail_says_nothing_else() -> None:
    found = ask(set_up('template ANY ANY {\nrcode SERVFAIL\nederror 21\nanswer "a. A 1.2.3.4"\n}'), "x.")
    assert found == Response(codes.SERVFAIL, counts=found.counts)


FAILURES = [
    (
        "{{ index .Match 4 }}",
        'template: answer:1:3: executing "answer" at <index .Match 4>: error calling index: ',
    ),
    ("{{ .Nmae }}", "can't evaluate field Nmae in type *template.templateData"),
    ("{{ .Name }} A 1.2.3.256", "'x. A 1.2.3.256' is no record: "),
    ("a. A 1.2.3.256", "'a. A 1.2.3.256' is no record: "),
    ("", "'' is no record: there is nothing in it"),
    (" {{ .Name }} A 1.2.3.4", "it begins with blanks"),
    ("{{ .Name }} 60", "it has no type"),
    ("{{ .Name }} 4294967296 A 1.2.3.4", "is no record: more than 4294967295"),
    ("{{ .Name }} A {{ printf `%d` .Match }}", "is no record"),
    ("{{ .Name }} TXT ( a", "is no record"),
    ("a..b. A 1.2.3.4", "is no record"),
]


@pytest.mark.parametrize(("template", "message"), FAILURES)
def test_a_template_that_fails_is_a_failure_that_is_told_and_counted(template: str, message: str) -> None:
    found = ask(set_up(f'template ANY ANY {{\nanswer "{template}"\n}}'), "x.")
    assert message in found.error
    assert found == Response(codes.SERVFAIL, remember=False, error=found.error, counts=found.counts)
    assert len(found.counts) == 2


def test_matches_and_failures_are_measured_once_they_happen() -> None:
    plugin = set_up(
        'template IN ANY a.test {\nmatch ^t\nanswer "{{  .Nmae  }}"\n}\n'
        'template ANY A b.test {\nanswer "x A y"\n}'
    )
    assert list(plugin.measure()) == []
    for found in (ask(plugin, "t.a.test.", "MX"), ask(plugin, "b.test.", "ANY")):
        assert list(plugin.measure()) == [] or found.counts
        for count in found.counts:
            count.value += 3
    ask(plugin, "t.a.test.", "TYPE65280")
    assert {
        (family.name, labels, value) for family in plugin.measure() for labels, value in family.samples
    } == {
        ("coredns_template_matches_total", ("dns://:53", "a.test.", "", "IN", "MX"), 3),
        ("coredns_template_matches_total", ("dns://:53", "b.test.", "", "IN", "A"), 3),
        (
            "coredns_template_template_failures_total",
            ("dns://:53", "a.test.", "", "IN", "MX", "answer", "{{.Nmae}}"),
            3,
        ),
        ("coredns_template_rr_failures_total", ("dns://:53", "b.test.", "", "IN", "A", "answer", "x A y"), 3),
    }


def test_a_type_without_a_name_has_none_in_templates() -> None:
    plugin = set_up(
        'template IN ANY {\nanswer ". TXT \\"{{ .Type }}|{{ .Class }}|{{ .Question.Qtype }}\\""\n}'
    )
    assert lines(ask(plugin, "x.", "TYPE65280").answer) == ['. 3600 TXT "|IN|65280"']


class Targets:
    """What names lead to, at once or later."""

    def __init__(self, *, is_later: bool) -> None:
        self.asked: list[str] = []
        self._is_later = is_later

    def __call__(self, query: Query, name: Name) -> Response | Awaitable[Response]:
        self.asked.append(to_text(name))
        record = RRset(name, query.type, 5, (b"\1\2\3\4",))
        found = Response(codes.NXDOMAIN, (record,), (record,), (record,), tags=frozenset({(to_text(name),)}))
        return self._later(found) if self._is_later else found

    async def _later(self, found: Response) -> Response:
        return found


ALIASES = """
template IN ANY {
    answer "{{ .Name }} CNAME a.test" "x.test. TXT a" "{{ .Name }} CNAME b.test."
    additional "y. A 192.0.2.1"
}
"""


@pytest.mark.parametrize("is_later", [False, True])
def test_where_aliases_lead_follows_each_for_addresses(is_later: bool) -> None:
    targets = Targets(is_later=is_later)
    outcome = set_up(ALIASES).respond(query("x."), Rest([], targets))

    async def wait() -> Response:
        return await outcome if isinstance(outcome, Awaitable) else outcome

    found = asyncio.run(wait())
    assert lines(found.answer) == [
        "x. 3600 CNAME a.test.",
        "a.test. 5 A 1.2.3.4",
        'x.test. 3600 TXT "a"',
        "x. 3600 CNAME b.test.",
        "b.test. 5 A 1.2.3.4",
    ]
    assert (lines(found.authority), lines(found.additional)) == ([], ["y. 3600 A 192.0.2.1"])
    assert (found.rcode, found.tags) == (0, frozenset({("a.test.",), ("b.test.",)}))


def test_for_other_types_no_alias_is_followed() -> None:
    targets = Targets(is_later=False)
    found = at_once(set_up(ALIASES).respond(query("x.", "MX"), Rest([], targets)))
    assert (len(found.answer), targets.asked) == (3, [])


@pytest.mark.parametrize(
    ("field", "text", "remember"),
    [
        ("len .Match", "1", True),
        (".Message.Id", "7", False),
        (".Message.RecursionDesired", "true", False),
        ("(index .Message.Question 0).Name", "x.", True),
        ("with .Message }}{{ .Opcode }}{{ end", "0", False),
        ('.Meta \\"kubernetes/client-namespace\\" | len', "0", True),
    ],
)
def test_what_depends_on_more_than_the_question_is_not_remembered(
    field: str, text: str, remember: bool
) -> None:
    plugin = set_up(f'template IN TXT {{\nanswer ". TXT {{{{ {field} }}}}"\n}}')
    asked = Query(b"\0\7", RD, from_text("x."), codes.TXT)
    found = at_once(plugin.respond(asked, rest()))
    assert (lines(found.answer), found.remember) == ([f'. 3600 TXT "{text}"'], remember)


def test_clients_are_told_apart_only_where_a_record_has_their_address() -> None:
    alike = set_up('template IN A {\nanswer "{{ .Name }} A 192.0.2.1"\n}')
    apart = set_up('template IN A {\nanswer "{{ .Name }} A {{ .Remote }}"\n}')
    assert type(alike).client_class is Plugin.client_class
    assert apart.client_class("192.0.2.7") != apart.client_class("192.0.2.8")
    found = at_once(apart.respond(query("x.")._replace(client="192.0.2.7"), rest()))
    assert lines(found.answer) == ["x. 3600 A 192.0.2.7"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("template", "2:1: found no arguments of 'template'"),
        ("template ANY", "2:1: found 1 argument of 'template'"),
        (
            "template in A",
            "2:10: found 'in', expected a class, one of IN, CS, CH, HS, NONE, ANY; did you mean 'IN'?",
        ),
        (
            "template IN a",
            "2:13: found 'a', expected a type by its name, such as A, PTR or ANY; did you mean 'A'?",
        ),
        ("template IN TYPE65", "2:13: found 'TYPE65'"),
        ("template IN NOTYPE", "2:13: found 'NOTYPE'"),
        ("template IN A a..b", "2:15: found 'a..b'"),
        ("template IN A {\nmatch\n}", "3:1: found no arguments of 'match'"),
        ("template IN A {\nmatch (\n}", "3:7: found '('"),
        (f"template IN A {{\nmatch {'a' * (MAX_PATTERN + 1)}\n}}", "3:7: found 10001 octets"),
        ("template IN A {\nanswer\n}", "3:1: found no arguments of 'answer'"),
        ('template IN A {\nanswer "{{ nope }}"\n}', "3:12: found 'nope', expected the name of a function"),
        (
            'template IN A {\nanswer "{{ .Message.Answer }}"\n}',
            "3:12: found '.Message.Answer', which kdns does not",
        ),
        ("template IN A {\nrcode\n}", "3:1: found no arguments of 'rcode'"),
        ("template IN A {\nrcode nxdomain\n}", "3:7: found 'nxdomain', expected the name of an RCODE"),
        ("template IN A {\nrcode BADCOOKIE\n}", "3:7: found 'BADCOOKIE', an extended RCODE"),
        ("template IN A {\nederror\n}", "3:1: found no arguments of 'ederror'"),
        ("template IN A {\nederror 65536\n}", "3:9: found '65536'"),
        ("template IN A {\nederror -1\n}", "3:9: found '-1'"),
        ("template IN A {\nederror 1 a b\n}", "3:13: found 3 arguments of 'ederror'"),
        ("template IN A {\nvar x 1\n}", "3:1: found 'var', which kdns does not have yet"),
        ("template IN A {\nexpr true\n}", "3:1: found 'expr', which kdns does not have yet"),
        (
            "template IN A {\nansver x\n}",
            "3:1: found 'ansver', expected a property of 'template'; did you mean 'answer'?",
        ),
    ],
)
def test_what_coredns_refuses_is_an_error(text: str, message: str) -> None:
    assert refusal(Template, text).startswith(message)


@pytest.mark.parametrize(
    "text",
    [
        "template ANY ANY",
        "template ANY AAAA { rcode NOERROR }",
        "template NONE HTTPS a.test 10.0.0.0/9",
        "template IN A {\nupstream\nupstream 1.2.3.4\nfallthrough\nfallthrough a.test\nederror 00065535\n}",
        'template IN A {\nanswer "{{ .Grup.d }}" ""\nauthority ""\nmatch a b\nmatch c\n}',
    ],
)
def test_what_coredns_takes_is_taken(text: str) -> None:
    assert set_up(text).name == "template"
