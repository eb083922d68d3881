import dns.message
import pytest

from kdns.answering.blocks import Block
from kdns.answering.by_client import ClassifyingResponder
from kdns.answering.chain import Rest
from kdns.answering.table import AnswerTable
from kdns.plugins.whoami import Whoami
from kdns.wire.names import ROOT
from tests.builders import TCP, UDP, Sender, ask, build_query, respond, section_lines
from tests.plugins.lent import lent, refusal
from tests.plugins.setups import lines, query, rest


def responder() -> ClassifyingResponder:
    plugin = lent(Whoami, "whoami")
    made = ClassifyingResponder(AnswerTable(), plugin.client_class)
    made.blocks = {ROOT: Block(Rest([plugin], made.resolve))}
    return made


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        (UDP, ["Ab.test. 0 A 192.0.2.1", "_udp.Ab.test. 0 SRV 0 0 5353 ."]),
        (TCP, ["Ab.test. 0 A 192.0.2.1", "_tcp.Ab.test. 0 SRV 0 0 5353 ."]),
        (Sender(False, ("fd00::1", 99)), ["Ab.test. 0 AAAA fd00::1", "_udp.Ab.test. 0 SRV 0 0 99 ."]),
        (Sender(True, ("fe80::1%eth0", 9)), ["Ab.test. 0 AAAA fe80::1", "_tcp.Ab.test. 0 SRV 0 0 9 ."]),
        (Sender(False, ("::ffff:10.0.0.1", 7)), ["Ab.test. 0 A 10.0.0.1", "_udp.Ab.test. 0 SRV 0 0 7 ."]),
    ],
)
def test_clients_see_themselves_each_time(client: Sender, expected: list[str]) -> None:
    asked = responder()
    for other in (UDP, client, client):
        found = dns.message.from_wire(respond(asked, build_query("Ab.test.", "MX").to_wire(), other))
    assert section_lines(found.additional) == expected
    assert (found.answer, found.authority) == ([], [])


def test_the_root_is_asked_like_any_name() -> None:
    found = ask(responder(), ".")
    assert section_lines(found.additional) == [". 0 A 192.0.2.1", "_udp. 0 SRV 0 0 5353 ."]


def test_a_name_without_room_for_a_label_gets_the_address_only() -> None:
    name = ".".join(["x" * 61] * 3 + ["x" * 63])
    asked = query(f"{name}.")._replace(client="192.0.2.1", port=5)
    response = lent(Whoami, "whoami").respond(asked, rest())
    assert lines(response.additional) == [f"{name}. 0 A 192.0.2.1"]  # type: ignore[union-attr]


def test_it_has_no_options() -> None:
    assert refusal(Whoami, "whoami x") == "2:8: found 1 argument of 'whoami', expected none"
