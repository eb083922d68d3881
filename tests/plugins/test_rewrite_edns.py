from typing import ClassVar

import pytest

from kdns.answering.chain import Rest
from kdns.answering.queries import Edns, Query
from kdns.answering.responses import Response
from kdns.plugins.rewrite import Rewrite
from tests.plugins.setups import at_once, query, rest, set_up


class Seeing:
    """A plugin that keeps the queries that it sees."""

    name: ClassVar[str] = "seeing"

    def __init__(self) -> None:
        self.seen: list[Query] = []

    def respond(self, query: Query, rest: Rest) -> Response:
        self.seen.append(query)
        return Response()


def options(text: str) -> bytes:
    """Read "code=data code=data", the data in hexadecimal."""
    pairs = (word.split("=") for word in text.split())
    found = ((int(code), bytes.fromhex(data)) for code, data in pairs)
    return b"".join(code.to_bytes(2, "big") + len(data).to_bytes(2, "big") + data for code, data in found)


def seen(rules: str, asked: Query) -> tuple[Query, Response]:
    """Return the query that the rest gets, and the response that comes back."""
    seeing = Seeing()
    response = at_once(set_up(Rewrite, rules).respond(asked, rest(seeing)))
    return seeing.seen[0], response


def ask(edns: str | None, client: str = "192.0.2.77") -> Query:
    asked = query("Www.Example.")
    opt = None if edns is None else Edns(1232, 0x8000, 0, options(edns))
    return asked._replace(edns=opt, client=client, port=4096)


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        ("local set 9 0x0102", "", "9=0102"),
        ("local set 9 ab", "8=aa 9=01 9=02 10=", "8=aa 9=6162 9=02 10="),
        ("local replace 9 ab", "8=aa", "8=aa"),
        ("local replace 9 ab revert", "9=aa", "9=6162"),
        ("local append 9 ab", "", "9=6162"),
        ("local append 9 ab", "9=aa", "9=aa 9=6162"),
        ("local unset 9", "9=aa 8= 9=bb", "8="),
        ("nsid set", "3=aa", "3="),
        ("nsid set", "", "3="),
        ("nsid append", "3=aa", "3=aa 3="),
        ("nsid replace", "", ""),
        ("nsid unset", "3=aa", ""),
        ("subnet set 24 56", "8=", "8=00011800c00002"),
        ("subnet set 0 0", "", "8=00010000"),
        ("subnet set 25 56 revert", "", "8=00011900c0000200"),
        ("subnet append 24 56", "8=aa", "8=aa"),
        ("subnet append 24 56", "9=", "9= 8=00011800c00002"),
        ("subnet replace 24 56", "9=", "9="),
        ("subnet unset", "8=aa 9=", "9="),
        ("local set 9 {qname}", "", f"9={b'Www.Example.'.hex()}"),
        ("local set 9 {qtype}", "", "9=0001"),
        ("local set 9 {client_ip}", "", "9=c000024d"),
        ("local set 9 {client_port}", "", "9=1000"),
        ("local set 9 {protocol}", "", f"9={b'udp'.hex()}"),
        ("local append 9 {qtype}", "9=aa", "9=aa"),
        ("local replace 9 {qtype}", "", ""),
    ],
)
def test_options_are_changed_for_the_next_server(rule: str, before: str, after: str) -> None:
    asked = ask(before)
    found, _ = seen(f"rewrite edns0 {rule}", asked)
    assert found == asked._replace(edns=Edns(1232, 0x8000, 0, options(after)))


@pytest.mark.parametrize(("rule", "after"), [("nsid set", "3="), ("nsid replace", ""), ("nsid unset", "")])
def test_a_query_without_an_opt_gets_one(rule: str, after: str) -> None:
    found, _ = seen(f"rewrite edns0 {rule}", ask(None))
    assert found.edns == Edns(4096, 0, 0, options(after))


@pytest.mark.parametrize(
    ("client", "data"),
    [
        ("2001:db8:1:2345::1", "000238 0020010db8000123"),
        ("fe80::1%eth0", "000238 00fe800000000000"),
        ("10.1.2.3", "000109 000a00"),
    ],
)
def test_a_subnet_is_as_much_of_the_address_as_the_rule_says(client: str, data: str) -> None:
    found, _ = seen("rewrite edns0 subnet set 9 56", ask("", client))
    assert found.edns is not None
    assert found.edns.options == options(f"8={data.replace(' ', '')}")


def test_a_rule_that_finds_nothing_to_change_leaves_the_others_in_force() -> None:
    rules = "rewrite edns0 local replace 9 a\nrewrite edns0 local set 8 b\nrewrite edns0 local set 7 c"
    found, _ = seen(rules, ask(""))
    assert found.edns is not None
    assert found.edns.options == options("8=62")


@pytest.mark.parametrize(
    ("data", "is_remembered"),
    [("a", True), ("{client_ip}", True), ("{protocol}", False), ("{client_port}", False)],
)
def test_what_no_class_of_clients_has_in_common_is_not_remembered(data: str, is_remembered: bool) -> None:
    assert seen(f"rewrite edns0 local set 9 {data}", ask(None))[1].remember == is_remembered


def test_answers_are_remembered_for_all_clients_that_the_options_do_not_tell_apart() -> None:
    subnet = set_up(Rewrite, "rewrite edns0 subnet set 24 56").client_class
    assert subnet("192.0.2.1") == subnet("192.0.2.255") != subnet("192.0.3.1")
    assert subnet("2001:db8::1") == subnet("2001:db8:0:ff::") != subnet("2001:db8:1::")
    whole = set_up(Rewrite, "rewrite edns0 local set 9 {client_ip}").client_class
    assert whole("192.0.2.1") != whole("192.0.2.2")


@pytest.mark.parametrize("rule", ["local set 9 a", "nsid set", "subnet unset", "local set 9 {qname}"])
def test_a_block_without_rules_about_clients_does_not_tell_them_apart(rule: str) -> None:
    assert type(set_up(Rewrite, f"rewrite edns0 {rule}")) is Rewrite
