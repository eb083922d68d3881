import random
from collections import Counter
from pathlib import Path

import dns.message
import dns.rrset
import pytest

from kdns.answering.responses import Response, from_reply
from kdns.plugins.loadbalance import LoadBalance
from kdns.wire import codes
from kdns.wire.names import from_text
from kdns.wire.replies import question_end, read_reply
from kdns.wire.rrsets import RRset, address, mx, srv
from tests.builders import build_query
from tests.plugins.lent import refusal
from tests.plugins.setups import Answering, at_once, query, rest, run_until, set_up

TARGET = from_text("t.")


def rrset(text: str) -> RRset:
    """Read "owner TYPE" and the addresses of an RRset; RRsets of other types get an RDATA of some kind."""
    owner, rtype, *addresses = text.split()
    other = {"CNAME": TARGET, "MX": mx(1, TARGET), "SRV": srv(0, 0, 80, TARGET), "TXT": b"\1t"}.get(rtype)
    rdatas = tuple(map(address, addresses)) if other is None else (other,)
    return RRset(from_text(f"{owner}."), codes.type_from_text(rtype), 5, rdatas)


def section(text: str) -> tuple[RRset, ...]:
    return tuple(rrset(line) for line in text.splitlines())


def shown(rrsets: tuple[RRset, ...]) -> str:
    """Return the types in their order, equal neighbours as one."""
    words = [codes.type_to_text(each.type) for each in rrsets]
    return " ".join(word for at, word in enumerate(words) if words[at - 1 : at] != [word])


def addresses(rrsets: tuple[RRset, ...]) -> list[bytes]:
    return [rdata for each in rrsets if each.type in (codes.A, codes.AAAA) for rdata in each.rdatas]


def balanced(text: str, response: Response, qtype: str = "A", seed: int = 0) -> Response:
    """Return what becomes of a response under a directive, with a chance that is no longer one."""
    plugin = set_up(LoadBalance, text)
    plugin._chance = random.Random(seed)
    return at_once(plugin.respond(query("x.", qtype), rest(Answering(response))))


MIXED = "x MX\nx A 192.0.2.1 192.0.2.2\nx TXT\nx AAAA ::1\nx CNAME"


@pytest.mark.parametrize("policy", ["loadbalance", "loadbalance round_robin"])
def test_cnames_come_first_and_addresses_take_turns_before_mail_exchanges(policy: str) -> None:
    mixed = section(MIXED)
    found = balanced(policy, Response(answer=mixed, authority=mixed, additional=mixed))
    for each in (found.answer, found.authority, found.additional):
        assert shown(each) == "CNAME TXT A AAAA MX"
        assert set(each) == set(mixed)
    assert found.in_turn
    assert found.remember


PREFER = "loadbalance {\nprefer 10.0.0.0/8 fd00::/8\nprefer 192.0.2.9/28\n}"


@pytest.mark.parametrize("text", ["loadbalance", PREFER])
@pytest.mark.parametrize("rcode", [codes.NXDOMAIN, codes.SERVFAIL, codes.REFUSED])
def test_a_response_with_another_rcode_stays_as_it_is(text: str, rcode: int) -> None:
    response = Response(rcode, section(MIXED))
    assert balanced(text, response) is response


def reply(*rrsets: str) -> Response:
    """Return the reply of another server with records in zone-file text."""
    asked = build_query("x.").to_wire()
    message = dns.message.make_response(dns.message.from_wire(asked))
    for text in rrsets:
        owner, rtype, *rdatas = text.split()
        message.answer.append(dns.rrset.from_text(f"{owner}.", 5, "IN", rtype, *rdatas))
    return from_reply(read_reply(message.to_wire(), asked, question_end(asked), b"\0\1"))


def test_the_octets_of_another_server_stay_and_take_turns() -> None:
    response = reply("x A 192.0.2.1 192.0.2.2", "x CNAME t.")
    assert balanced("loadbalance", response) == response._replace(in_turn=True)


@pytest.mark.parametrize("seed", range(5))
def test_addresses_of_preferred_networks_come_first_and_by_chance_among_themselves(seed: int) -> None:
    text = "x TXT\nx A 192.0.2.1 10.1.1.1 198.51.100.1 10.1.1.2 192.0.2.16\nx MX\nx CNAME"
    found = balanced(PREFER, Response(answer=section(text)), seed=seed)
    assert shown(found.answer) == "CNAME A MX TXT"
    ranked = addresses(found.answer)
    assert set(ranked[:2]) == {address("10.1.1.1"), address("10.1.1.2")}
    assert ranked[2] == address("192.0.2.1")
    assert set(ranked[3:]) == {address("198.51.100.1"), address("192.0.2.16")}
    assert (found.remember, found.in_turn) == (False, False)


def test_chance_gives_every_preferred_address_the_first_place() -> None:
    response = Response(answer=section("x A 192.0.2.99 10.1.1.1 10.1.1.2 10.1.1.3"))
    first = Counter(addresses(balanced(PREFER, response, seed=seed).answer)[0] for seed in range(100))
    assert set(first) == {address(f"10.1.1.{last}") for last in (1, 2, 3)}


def test_the_records_of_another_server_are_ordered_by_networks_too() -> None:
    found = balanced(PREFER, reply("x A 192.0.2.99 10.1.1.1"))
    assert addresses(found.answer) == [address("10.1.1.1"), address("192.0.2.99")]
    assert (found.reply, found.remember) == (None, False)


@pytest.mark.parametrize(
    "answer", ["x A 192.0.2.1", "x TXT", "x A 10.1.1.1 10.1.1.2", "x AAAA 2001:db8::1 2001:db8::2"]
)
def test_addresses_of_which_none_is_preferred_take_turns(answer: str) -> None:
    response = Response(answer=section(answer))
    has_two = len(response.answer[0].rdatas) > 1  # or there is nothing to take turns
    assert balanced(PREFER, response) == response._replace(in_turn=has_two)
    if "A " in answer:
        came = reply(answer)
        assert balanced(PREFER, came) == came._replace(in_turn=True)


WEIGHTS = "X\n192.0.2.1 3\n192.0.2.2 1\n::1 250\ny\n192.0.2.3 200\n"


@pytest.fixture
def weighted(tmp_path: Path) -> str:
    (tmp_path / "w").write_text(WEIGHTS)
    return f"loadbalance weighted {tmp_path / 'w'}"


def test_an_address_is_first_as_often_as_it_weighs(weighted: str) -> None:
    response = Response(answer=section("x A 192.0.2.1 192.0.2.2 192.0.2.3"))
    first = Counter(addresses(balanced(weighted, response, seed=seed).answer)[0] for seed in range(1000))
    for last, share in ((1, 600), (2, 200), (3, 200)):  # the third has the default weight
        assert abs(first[address(f"192.0.2.{last}")] - share) < 60


def test_the_chosen_address_changes_places_with_the_first() -> None:
    response = Response(answer=section("x A 192.0.2.1 192.0.2.2 192.0.2.3"))
    found = [balanced("loadbalance weighted /dev/null", response, seed=seed) for seed in range(50)]
    orders = {tuple(each[-1] for each in addresses(one.answer)) for one in found}
    assert orders == {(1, 2, 3), (2, 1, 3), (3, 2, 1)}


@pytest.mark.parametrize("qtype", ["A", "AAAA", "SRV"])
def test_answer_and_additional_are_weighed_alike_and_for_one_time_only(weighted: str, qtype: str) -> None:
    answer, additional = "x MX\nx SRV\nx AAAA ::2\nx AAAA ::1\nx CNAME", "x A 192.0.2.2\ny A 192.0.2.3"
    response = Response(answer=section(answer), additional=section(additional), authority=section(MIXED))
    found = balanced(weighted, response, qtype)
    assert shown(found.answer) == "CNAME SRV AAAA MX"
    assert addresses(found.answer) == [address("::1"), address("::2")]
    assert addresses(found.additional) == [address("192.0.2.3"), address("192.0.2.2")]
    assert found.authority == response.authority
    assert (found.remember, found.in_turn) == (False, False)


def test_the_records_of_another_server_are_weighed_too(weighted: str) -> None:
    found = balanced(weighted, reply("x AAAA ::2 ::1"))
    assert addresses(found.answer) == [address("::1"), address("::2")]
    assert (found.reply, found.remember) == (None, False)


@pytest.mark.parametrize(
    ("qtype", "answer"), [("A", "x A 192.0.2.1"), ("A", "x TXT\nx CNAME"), ("ANY", MIXED), ("MX", MIXED)]
)
def test_nothing_to_weigh_stays_as_it_is(weighted: str, qtype: str, answer: str) -> None:
    response = Response(answer=section(answer))
    assert balanced(weighted, response, qtype) is response


def test_a_changed_weight_file_is_read_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "w"
    plugin = set_up(LoadBalance, f"loadbalance weighted {path} {{\nreload 1ms\n}}")
    assert caplog.messages[0].startswith("Failed to open weight file: ")
    assert caplog.messages[0].endswith("Will try again in 0.001s")
    file = plugin._weights
    assert file is not None
    path.write_text("x\n192.0.2.1 7\n")
    run_until(plugin, lambda: bool(file.weights))
    assert file.weights == {from_text("x."): {address("192.0.2.1"): 7}}


@pytest.mark.parametrize("text", ["loadbalance", "loadbalance weighted /dev/null {\nreload 0\n}"])
async def test_what_needs_no_file_or_reads_it_once_has_nothing_to_run(text: str) -> None:
    await set_up(LoadBalance, text).run()


def test_the_last_policy_counts(weighted: str) -> None:
    response = Response(answer=section("x A 192.0.2.99 10.1.1.1"))
    for text, remember, in_turn in (
        (f"{PREFER}\n{weighted}", False, False),
        (f"{weighted}\nloadbalance", True, True),
        (f"{weighted}\n{PREFER}\nloadbalance", False, False),
    ):
        found = balanced(text, response)
        assert (found.remember, found.in_turn) == (remember, in_turn)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("loadbalance random", "2:13: found 'random', expected a policy"),
        (
            "loadbalance round_robbin",
            "2:13: found 'round_robbin', expected a policy; did you mean 'round_robin'",
        ),
        ("loadbalance round_robin a", "2:25: found 'a', expected nothing after round_robin"),
        ("loadbalance weighted", "2:1: found 1 argument of 'loadbalance', expected 2"),
        ("loadbalance weighted w x", "2:24: found 3 arguments of 'loadbalance', expected 2"),
        ("loadbalance weighted nope {\nreload 0\n}", "2:22: found [Errno 2] No such file"),
        ("loadbalance weighted bad", "2:22: found could not parse weight line"),
        ("loadbalance weighted .", "2:22: found [Errno 21] Is a directory"),
        ("loadbalance weighted w {\nreload\n}", "3:1: found no arguments of 'reload'"),
        ("loadbalance weighted w {\nreload 3\n}", "3:8: found '3', expected a duration"),
        ("loadbalance weighted w {\nreload 3s 4s\n}", "3:11: found 2 arguments of 'reload'"),
        ("loadbalance weighted w {\nreload -3s\n}", "3:8: found '-3s'"),
        ("loadbalance weighted w {\nprefer 10.0.0.0/8\n}", "3:1: found 'prefer'"),
        ("loadbalance {\nreload 3s\n}", "3:1: found 'reload', expected a property of 'loadbalance'"),
        *(
            (f"loadbalance {{\nprefer ::/0 {network}\n}}", f"3:13: found '{network}', expected a network")
            for network in (
                *("10.0.0.0", "10.0.0.0/33", "10.0.0.0/255.0.0.0", "fe80::%1/64", "10.0.0.0/+8"),
                *("010.0.0.0/8", "junk"),
            )
        ),
    ],
)
def test_what_coredns_refuses_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w").touch()
    (tmp_path / "bad").write_text("a b c")
    assert refusal(LoadBalance, text).startswith(message)


@pytest.mark.parametrize(
    "text",
    [
        "loadbalance {\nprefer\n}",
        "loadbalance round_robin {\nprefer 10.0.0.0/08 ::ffff:10.0.0.0/104\n}",
        "loadbalance weighted /dev/null/w",
        "loadbalance\nloadbalance weighted /dev/null",
    ],
)
def test_what_coredns_takes_is_taken(text: str) -> None:
    assert set_up(LoadBalance, text).name == "loadbalance"
