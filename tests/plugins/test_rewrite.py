import asyncio
from typing import ClassVar

import dns.message
import dns.rrset
import pytest

from kdns.answering.chain import Rest
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response, from_reply
from kdns.plugins.rewrite import Rewrite
from kdns.records.options import RecordOptions
from kdns.wire import codes
from kdns.wire.names import to_text
from kdns.wire.replies import question_end, read_reply
from tests.builders import UDP, build_query, cluster_ip, happen, namespace, respond, responder_of, state_of
from tests.plugins.setups import at_once, lines, query, rest, set_up
from tests.plugins.test_rewrite_responses import own


class Echoing:
    """A plugin that answers with a CNAME: from the name that it is asked to the same below x."""

    name: ClassVar[str] = "echoing"

    def __init__(self) -> None:
        self.seen: list[Query] = []

    def respond(self, query: Query, rest: Rest) -> Response:
        self.seen.append(query)
        name = to_text(query.name)
        return own(f"{name} 9 CNAME x.{name}")._replace(tags=frozenset({("tag",)}))


def asked(rules: str, name: str, qtype: str = "A") -> tuple[str, list[str]]:
    """Return the question that the rest gets, and the answer that comes back."""
    echoing = Echoing()
    response = at_once(set_up(Rewrite, rules).respond(query(name, qtype), rest(echoing)))
    [seen] = echoing.seen
    assert response.tags == {("tag",)}
    return f"{to_text(seen.name)} {codes.type_to_text(seen.type)}", lines(response.answer)


@pytest.mark.parametrize(
    ("rules", "name", "became", "answer"),
    [
        ("rewrite name a. b.", "a.", "b. A", "a. 9 CNAME x.a."),
        ("rewrite name a. b.", "A.", "b. A", "a. 9 CNAME x.a."),
        ("rewrite name a. b.", "c.a.", "c.a. A", "c.a. 9 CNAME x.c.a."),
        ("rewrite name prefix a. b.", "a.c.", "b.c. A", "b.c. 9 CNAME x.b.c."),
        ("rewrite name prefix a. b. answer auto", "a.c.", "b.c. A", "a.c. 9 CNAME x.a.c."),
        ("rewrite name suffix .a .b", "c.a.", "c.b. A", "c.b. 9 CNAME x.c.b."),
        ("rewrite name suffix .a .b answer auto", "c.a.", "c.b. A", "c.a. 9 CNAME x.c.a."),
        ("rewrite name substring a. b. answer auto", "a.a.", "b.b. A", "a.a. 9 CNAME x.a.a."),
        (r"rewrite name regex (.)\.a\. {1}{1}.b", "c.a.", "cc.b. A", "cc.b. 9 CNAME x.cc.b."),
        ("rewrite name suffix .a .b answer name (.*)c.b {1}d", "c.a.", "c.b. A", "d. 9 CNAME x.c.b."),
        (r"rewrite name suffix .a .b answer value x\.(.*)\. {1}", "c.a.", "c.b. A", "c.b. 9 CNAME c.b."),
        ("rewrite name exact a b answer value x y", "a.", "b. A", "a. 9 CNAME y."),
        ("rewrite type A TXT", "a.", "a. TXT", "a. 9 CNAME x.a."),
        ("rewrite type AAAA TXT", "a.", "a. A", "a. 9 CNAME x.a."),
        ("rewrite ttl suffix a. 3", "b.a.", "b.a. A", "b.a. 3 CNAME x.b.a."),
        ("rewrite ttl suffix a. 3", "a.b.", "a.b. A", "a.b. 9 CNAME x.a.b."),
    ],
)
def test_a_rule_changes_what_is_asked_and_what_comes_back(
    rules: str, name: str, became: str, answer: str
) -> None:
    assert asked(rules, name) == (became, [answer])


@pytest.mark.parametrize(
    ("rules", "became", "answer"),
    [
        ("rewrite name a. b.\nrewrite name b. c.", "b. A", "a. 9 CNAME x.a."),
        ("rewrite continue name a. b.\nrewrite name b. c.", "c. A", "a. 9 CNAME x.a."),
        ("rewrite name x. y.\nrewrite stop name a. b.", "b. A", "a. 9 CNAME x.a."),
        (
            "rewrite continue type A TXT\nrewrite continue ttl a. 4\nrewrite name a. b.",
            "b. TXT",
            "a. 4 CNAME x.a.",
        ),
        ("rewrite continue ttl a. 4\nrewrite continue ttl a. 5-", "a. A", "a. 4 CNAME x.a."),
    ],
)
def test_rules_follow_each_other_and_are_turned_back_in_reverse(rules: str, became: str, answer: str) -> None:
    assert asked(rules, "a.") == (became, [answer])


def test_the_class_is_changed_too() -> None:
    echoing = Echoing()
    set_up(Rewrite, "rewrite class CH IN").respond(query("a.")._replace(rdclass=codes.CH), rest(echoing))
    set_up(Rewrite, "rewrite class HS IN").respond(query("a.")._replace(rdclass=codes.CH), rest(echoing))
    assert [each.rdclass for each in echoing.seen] == [codes.IN, codes.CH]


def test_a_query_that_no_rule_is_for_is_passed_on_as_it_is() -> None:
    before = query("MiXed.")
    rules = "rewrite name a. b.\nrewrite type TXT A\nrewrite ttl regex ^a 3\nrewrite rcode a. 2 0"
    echoing = Echoing()
    set_up(Rewrite, rules).respond(before, rest(echoing))
    assert echoing.seen[0] is before


def test_a_name_that_is_none_is_servfail_and_nobody_is_asked() -> None:
    echoing = Echoing()
    found = at_once(set_up(Rewrite, "rewrite name a. b..c.").respond(query("a."), rest(echoing)))
    assert (found.rcode, found.remember, echoing.seen) == (codes.SERVFAIL, False, [])
    assert found.error.startswith("invalid name after rewrite: ")


def test_a_name_that_becomes_none_on_the_way_back_is_servfail() -> None:
    rules = "rewrite name suffix .a .b answer value (.*) {1}.."
    found = at_once(set_up(Rewrite, rules).respond(query("c.a."), rest(Echoing())))
    assert (found.rcode, found.remember, found.answer) == (codes.SERVFAIL, False, ())


class Forwarding:
    """Answers from another server's octets, after a while."""

    name: ClassVar[str] = "forwarding"

    def respond(self, query: Query, rest: Rest) -> Outcome:
        return self._reply(to_text(query.name))

    async def _reply(self, name: str) -> Response:
        await asyncio.sleep(0)
        packet = build_query(name).to_wire()
        message = dns.message.make_response(dns.message.from_wire(packet))
        message.answer.append(dns.rrset.from_text(name, 9, "IN", "CNAME", f"x.{name}"))
        return from_reply(read_reply(message.to_wire(), packet, question_end(packet), b"\0\1"))


def forwarded(rules: str, name: str) -> Response:
    async def ask() -> Response:
        outcome = set_up(Rewrite, rules).respond(query(name), rest(Forwarding()))
        assert not isinstance(outcome, Response)
        return await outcome

    return asyncio.run(ask())


@pytest.mark.parametrize("rules", ["rewrite ttl a. 3", "rewrite type A TXT", "rewrite edns0 nsid set"])
def test_octets_of_another_server_stay_octets_if_no_name_changes(rules: str) -> None:
    assert forwarded(rules, "a.").reply is not None


@pytest.mark.parametrize(
    ("rules", "answer"),
    [
        ("rewrite name suffix .a .long", "c.long. 9 CNAME x.c.long."),
        ("rewrite name suffix .a .b answer auto", "c.a. 9 CNAME x.c.a."),
        ("rewrite continue name suffix .a .b answer auto\nrewrite ttl suffix .b 3", "c.a. 3 CNAME x.c.a."),
    ],
)
def test_octets_of_another_server_are_opened_if_a_name_changes(rules: str, answer: str) -> None:
    found = forwarded(rules, "c.a.")
    assert (found.reply, lines(found.answer)) == (None, [answer])


def test_a_cname_is_followed_through_the_whole_server() -> None:
    plugin = set_up(Rewrite, "rewrite cname suffix .a. .b.")
    echoing = Echoing()
    found = at_once(plugin.respond(query("c.a.", "TXT"), rest(echoing)))
    assert lines(found.answer) == ["c.a. 9 CNAME x.c.b."]  # what this fake server resolves is refused


def test_a_rewritten_answer_is_remembered_until_the_object_changes_that_it_became_one_of() -> None:
    state = state_of(namespace(), cluster_ip("ns/web", "10.96.0.1"))
    plugin = set_up(Rewrite, "rewrite name suffix .example .ns.svc.cluster.local answer auto")
    responder = responder_of(state, RecordOptions(), origins=["example."], first=[plugin])

    def answer() -> tuple[str, bool]:
        """Return the address, and whether it was remembered."""
        packet = build_query("web.example.").to_wire()
        was_remembered = responder.recall(packet, UDP.kind) is not None
        [rrset] = dns.message.from_wire(respond(responder, packet)).answer
        assert rrset.name.to_text() == "web.example."
        return rrset[0].to_text(), was_remembered

    assert answer() == ("10.96.0.1", False)
    assert answer() == ("10.96.0.1", True)
    happen(state, responder.table, cluster_ip("ns/other", "10.96.0.3"))
    assert answer() == ("10.96.0.1", True)
    happen(state, responder.table, cluster_ip("ns/web", "10.96.0.2"))
    assert answer() == ("10.96.0.2", False)
