import pytest

from kdns.answering.blocks import Block
from kdns.answering.by_client import ClassifyingResponder
from kdns.answering.chain import Rest
from kdns.answering.responses import Response
from kdns.answering.table import AnswerTable
from kdns.plugins.acl import Acl
from kdns.wire import codes
from kdns.wire.names import ROOT
from tests.builders import Sender, build_query
from tests.plugins.lent import lent, refusal
from tests.plugins.setups import Answering, at_once, query, rest

ALLOWED = Response(codes.NXDOMAIN)


def decided(text: str, client: str, qtype: str = "A", name: str = "a.test.", zones: str = ".") -> str:
    asked = query(name, qtype)._replace(client=client)
    response = at_once(lent(Acl, text, zones=zones).respond(asked, rest(Answering(ALLOWED))))
    assert len(response.counts) == 1
    return SAID[response._replace(counts=())]


SAID = {
    ALLOWED: "allow",
    Response(codes.REFUSED, extended_error=(15, "")): "block",
    Response(codes.NOERROR, extended_error=(17, "")): "filter",
    Response(silent=True): "drop",
}


def policies(*lines: str, zones: str = "") -> str:
    return "\n".join((f"acl {zones} {{", *lines, "}"))


INSIDE, OUTSIDE, SIX = "10.1.2.3", "192.0.2.1", "fd00::1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("block net 10.0.0.0/8", "block allow allow"),
        ("filter net 10.1.2.3", "filter allow allow"),
        ("drop net 10.1.2.3/8 fd00::1", "drop allow drop"),
        ("block net 10.1.2.4/31", "allow allow allow"),
        ("block net fd00::/8 192.0.2.0/24", "allow block block"),
        ("block net ::/0", "allow allow block"),
        ("block net 0.0.0.0/0", "block block allow"),
        ("block net *", "block block block"),
        ("block net 10.0.0.0/8 * and whatever", "block block block"),
        ("block", "block block block"),
        ("BLOCK Net 10.0.0.0/8 NET fd00::/8", "block allow block"),
        ("allow net 10.0.0.0/8\nblock", "allow block block"),
        ("filter net 10.0.0.0/8\nblock net 10.0.0.0/8\ndrop", "filter drop drop"),
        ("block type A", "block block block"),
        ("block type AAAA MX", "allow allow allow"),
        ("block type AAAA type A net 10.0.0.0/8", "block allow allow"),
        ("block type MX *", "block block block"),
        ("block type * type MX", "block block block"),
        ("block net ::ffff:0:0/96", "allow allow allow"),
        ("", "allow allow allow"),
    ],
)
def test_the_first_policy_for_a_network_and_a_type_decides(text: str, expected: str) -> None:
    assert [decided(policies(text), client) for client in (INSIDE, OUTSIDE, SIX)] == expected.split()


@pytest.mark.parametrize(
    ("client", "expected"), [("::ffff:10.0.0.1", "block"), ("fe80::1%eth0", "block"), ("fe80::2", "allow")]
)
def test_addresses_are_what_they_mean(client: str, expected: str) -> None:
    assert decided(policies("block net 10.0.0.0/8 fe80::1"), client) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.b.test.", "block"),
        ("A.Test.", "filter"),
        ("a.other.", "drop"),
        ("a.", "allow"),
        ("x.net.", "allow"),
    ],
)
def test_rules_are_for_zones_and_the_first_with_a_decision_counts(name: str, expected: str) -> None:
    text = "\n".join(
        (
            policies("block net 192.0.2.0/24", zones="b.test"),
            policies("block type MX", zones="test"),
            policies("filter", zones="test b.test"),
            policies("allow", zones="net."),
            policies("drop", zones="other net"),
        )
    )
    assert decided(text, OUTSIDE, name=name) == expected


def test_a_rule_without_zones_is_for_those_of_the_server_block() -> None:
    for name, expected in (("x.test.", "block"), ("x.org.", "allow")):
        assert decided(policies("block"), INSIDE, name=name, zones="test") == expected


def test_clients_in_the_same_networks_are_of_one_class() -> None:
    plugin = lent(Acl, policies("allow net 10.0.0.0/8 fd00::/8", "block net 10.1.0.0/16", "drop type MX"))
    classes = [plugin.client_class(each) for each in ("10.0.0.1", "10.9.9.9", "fd00::9", INSIDE, OUTSIDE)]
    assert classes[0] == classes[1] == classes[2]
    assert len(set(classes)) == 3


def test_every_answer_is_counted_remembered_or_not() -> None:
    plugin = lent(Acl, policies("block net 10.0.0.0/8", "drop net 11.0.0.0/8", "filter net 12.0.0.0/8"))
    responder = ClassifyingResponder(AnswerTable(), plugin.client_class)
    responder.blocks = {ROOT: Block(Rest([plugin, Answering(ALLOWED)], responder.resolve))}
    for number, client in enumerate(("10.0.0.1", "11.0.0.1", "12.0.0.1", "13.0.0.1"), 2):
        for _ in range(number):
            responder.respond(build_query("www.test.", edns=1232).to_wire(), Sender(False, (client, 5)))
    responder.table.settle()
    assert {family.name: list(family.samples) for family in plugin.measure()} == {
        "coredns_acl_blocked_requests_total": [(("dns://:53", ".", ""), 2)],
        "coredns_acl_dropped_requests_total": [(("dns://:53", ".", ""), 3)],
        "coredns_acl_filtered_requests_total": [(("dns://:53", ".", ""), 4)],
        "coredns_acl_allowed_requests_total": [(("dns://:53", ""), 5)],
    }


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("deny", "3:1: found 'deny', expected one of allow, block, filter, drop"),
        (
            "blok net *",
            "3:1: found 'blok', expected one of allow, block, filter, drop; did you mean 'block'?",
        ),
        ("block 10.0.0.0/8", "3:7: found '10.0.0.0/8', expected type or net"),
        ("block nets *", "3:7: found 'nets', expected type or net; did you mean 'net'?"),
        ("block net", "3:7: found nothing after 'net', expected what it is about"),
        ("block type net *", "3:7: found nothing after 'type', expected what it is about"),
        (
            "block type a",
            "3:12: found 'a', expected the mnemonic of a type, in upper case; did you mean 'A'?",
        ),
        ("block type TYPE1", "3:12: found 'TYPE1', expected the mnemonic of a type, in upper case"),
        ("block net 10.0.0.0/33", "3:11: found '10.0.0.0/33', expected a network such as 10.0.0.0/8"),
        ("block net 10.0.0", "3:11: found '10.0.0', expected a network such as 10.0.0.0/8, or an address"),
        ("block {\n}", "3:1: found a block after 'block', expected the end of the line"),
    ],
)
def test_what_is_wrong_is_told(line: str, expected: str) -> None:
    assert refusal(Acl, policies(line)) == expected
