"""What is answered was compared with CoreDNS 1.14.7 over some 1,400 questions to files like this one."""

import asyncio
import logging
from pathlib import Path

import pytest

from kdns.answering.responses import Response
from kdns.cluster.events import Tag
from kdns.plugins.hosts import Hosts
from kdns.wire import codes
from tests.builders import reverse_name
from tests.plugins.lent import refusal
from tests.plugins.setups import Answering, at_once, lines, query, rest, run_until, set_up

FILE = """\
127.0.0.1 localhost
192.0.2.1 example.com
192.0.2.1 example.com
192.0.2.11 *.example.com
192.0.2.12 a.example.com
2001:db8::1 a.example.com v6.example.com
"""

INLINE = """\
10.1.1.1 inline.example.com a.example.com
10.1.1.2 *.in.example.com
192.0.2.1 example.com
"""

ELSEWHERE = Response(codes.NXDOMAIN, tags=frozenset({("other",)}))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "hosts"
    made.write_text(FILE)
    return made


def ask(plugin: Hosts, name: str, qtype: str = "A") -> Response:
    return at_once(plugin.respond(query(name, qtype), rest(Answering(ELSEWHERE))))


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("localhost. A", "127.0.0.1"),
        ("LocalHost. A", "127.0.0.1"),
        ("a.example.com. A", "192.0.2.12 10.1.1.1"),
        ("a.example.com. AAAA", "2001:db8::1"),
        ("example.com. A", "192.0.2.1"),  # CoreDNS says it three times
        ("inline.example.com. A", "192.0.2.11 10.1.1.1"),  # the file's wildcard counts beside the Corefile
        ("x.in.example.com. A", "10.1.1.2"),
        ("v6.example.com. A", "192.0.2.11"),
        ("v6.example.com. AAAA", "2001:db8::1"),
        ("localhost. AAAA", ""),
        ("localhost. TXT", ""),
        ("localhost. ANY", ""),
        ("a.example.com. HTTPS", ""),
        ("b.example.com. MX", ""),
    ],
)
def test_a_name_that_is_there_is_answered_with_authority_or_has_no_data(
    path: Path, question: str, expected: str
) -> None:
    name, qtype = question.split()
    found = ask(set_up(Hosts, f"hosts {path} {{\n{INLINE}}}"), name, qtype)
    assert lines(found.answer) == [f"{name} 3600 {qtype} {each}" for each in expected.split()]
    assert (found.rcode, found.authoritative, found.authority) == (codes.NOERROR, True, ())


def test_an_address_has_its_names_wherever_it_is_asked_for(path: Path) -> None:
    plugin = set_up(Hosts, f"hosts {path} example.com {{\n{INLINE}}}")
    for address, names in (
        ("192.0.2.1", ["example.com."]),
        ("2001:db8::1", ["a.example.com.", "v6.example.com."]),
        ("10.1.1.1", ["inline.example.com.", "a.example.com."]),
    ):
        name = reverse_name(address)
        assert lines(ask(plugin, name, "PTR").answer) == [f"{name} 3600 PTR {each}" for each in names]


def test_an_address_has_no_more_names_than_a_message_holds(path: Path) -> None:
    path.write_text("".join(f"0.0.0.0 n{number}\n" for number in range(6000)))
    [rrset] = ask(set_up(Hosts, f"hosts {path}"), "0.0.0.0.in-addr.arpa.", "PTR").answer
    assert len(rrset.rdatas) * (12 + len(b"\2n0\0")) > 0xFFFF
    assert len(rrset.rdatas) < 6000


PASSED_ON = [
    ("names of addresses", "", reverse_name("192.0.2.99"), "PTR"),
    ("no name of an address", "", "example.com.", "PTR"),
    ("a part of an address", "", "127.in-addr.arpa.", "PTR"),
    ("an address of a wildcard", "", reverse_name("192.0.2.11"), "PTR"),
    ("no_reverse", "no_reverse", reverse_name("192.0.2.1"), "PTR"),
    ("fallthrough", "fallthrough", "nowhere.", "A"),
    ("fallthrough, another type", "fallthrough", "nowhere.", "TXT"),
    ("fallthrough in its zone", "fallthrough example.com org", "x.y.example.com.", "A"),
    ("fallthrough_unsupported", "fallthrough\nfallthrough_unsupported", "example.com.", "TXT"),
]


@pytest.mark.parametrize(
    ("options", "name", "qtype"), [case[1:] for case in PASSED_ON], ids=[case[0] for case in PASSED_ON]
)
def test_what_is_not_there_is_passed_on_until_it_is(path: Path, options: str, name: str, qtype: str) -> None:
    plugin = set_up(Hosts, f"hosts {path} {{\n{options}\n}}")
    found, own = ask(plugin, name, qtype), ask(plugin, "example.com.").tags
    assert found == ELSEWHERE._replace(tags=ELSEWHERE.tags | own)
    assert own


def test_a_name_outside_of_the_zones_is_the_rests_for_good(path: Path) -> None:
    plugin = set_up(Hosts, f"hosts {path} example.com")
    assert ask(plugin, "localhost.") is ELSEWHERE
    assert ask(set_up(Hosts, f"hosts {path}", "example.com"), "localhost.") is ELSEWHERE


@pytest.mark.parametrize(
    "options", ["", "fallthrough example.com", "fallthrough org\nfallthrough_unsupported"]
)
@pytest.mark.parametrize("question", ["nowhere. A", "nowhere. AAAA", "nowhere. TXT", ". A"])
def test_a_name_that_does_not_exist_is_a_failure_since_there_is_no_soa(
    path: Path, options: str, question: str
) -> None:
    plugin = set_up(Hosts, f"hosts {path} {{\n{options}\n}}")
    found = ask(plugin, *question.split())
    assert found == Response(codes.SERVFAIL, tags=ask(plugin, "example.com.").tags)


def test_an_unsupported_type_of_a_name_that_exists_has_no_data_outside_of_fallthrough(path: Path) -> None:
    plugin = set_up(Hosts, f"hosts {path} {{\nfallthrough org\nfallthrough_unsupported\n}}")
    assert ask(plugin, "example.com.", "TXT").rcode == codes.NOERROR


@pytest.mark.parametrize(("written", "ttl"), [("30", 30), ("+65535 and more", 65535)])
def test_the_ttl_is_that_of_the_directive(path: Path, written: str, ttl: int) -> None:
    assert ask(set_up(Hosts, f"hosts {path} {{\nttl {written}\n}}"), "localhost.").answer[0].ttl == ttl


def test_a_changed_file_is_read_again_and_one_that_is_gone_changes_nothing(path: Path) -> None:
    forgotten: list[frozenset[Tag]] = []
    plugin = set_up(Hosts, f"hosts {path} {{\nreload 1ms\n}}", forget=forgotten.append)
    path.unlink()
    before = ask(plugin, "new.example.com.")
    assert lines(before.answer) == ["new.example.com. 3600 A 192.0.2.11"]
    path.write_text("192.0.2.77 new.example.com\n")
    run_until(plugin, lambda: bool(forgotten))
    assert forgotten[0] == before.tags
    assert lines(ask(plugin, "new.example.com.").answer) == ["new.example.com. 3600 A 192.0.2.77"]


def test_reload_0_reads_the_file_once(path: Path) -> None:
    asyncio.run(set_up(Hosts, f"hosts {path} {{\nreload 0\n}}").run())


def test_a_file_that_comes_later_is_read_then(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    forgotten: list[frozenset[Tag]] = []
    path.unlink()
    plugin = set_up(Hosts, f"hosts {path} {{\nreload 1ms\n10.1.1.1 x\n}}", forget=forgotten.append)
    assert caplog.messages == [f"File does not exist: {path}"]
    assert lines(ask(plugin, "x.").answer) == ["x. 3600 A 10.1.1.1"]
    assert ask(plugin, "localhost.").rcode == codes.SERVFAIL
    path.write_text(FILE)
    run_until(plugin, lambda: bool(forgotten))
    assert ask(plugin, "localhost.").rcode == codes.NOERROR


def test_a_directory_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert ask(set_up(Hosts, f"hosts {tmp_path}"), "localhost.").rcode == codes.SERVFAIL
    assert caplog.messages == [f'Hosts file "{tmp_path}" is a directory']


def test_a_line_that_is_neither_entry_nor_property_is_warned_of(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    set_up(Hosts, f"hosts {path} {{\nfallthrogh\n}}")
    [message] = caplog.messages
    assert message == (
        "Corefile:3:1: found 'fallthrogh', expected an IP address, or a property; did you mean "
        "'fallthrough'?; the line is ignored"
    )


def test_the_default_is_the_file_of_the_system() -> None:
    assert set_up(Hosts, "hosts")._options.path == "/etc/hosts"


def test_it_measures_its_entries_and_when_the_file_was_written(path: Path) -> None:
    entries, read_at = set_up(Hosts, f"hosts {path} {{\n10.1.1.1 x\n10.1.1.2 *.x\n}}").measure()
    assert entries.name == "coredns_hosts_entries"
    assert entries.samples == [((str(path),), 2 + 2 + 2 + 1 + 2 + 4 + 2 + 1)]
    assert read_at.name == "coredns_hosts_reload_timestamp_seconds"
    assert read_at.samples == [((), path.stat().st_mtime_ns / 1e9)]


def test_a_file_that_was_never_read_has_no_entries(path: Path) -> None:
    path.unlink()
    entries, read_at = set_up(Hosts, f"hosts {path} {{\n10.1.1.1 x\n}}").measure()
    assert (list(entries.samples), list(read_at.samples)) == ([], [((), 0.0)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hosts h\nhosts h", "3:1: found a second 'hosts'"),
        ("hosts h {\nttl\n}", "3:1: found no arguments of 'ttl'"),
        ("hosts h {\nttl 0\n}", "3:5: found '0', expected an integer from 1 to 65535"),
        ("hosts h {\nttl 65536\n}", "3:5: found '65536'"),
        ("hosts h {\nttl 30s\n}", "3:5: found '30s'"),
        ("hosts h {\nreload\n}", "3:1: found no arguments of 'reload'"),
        ("hosts h {\nreload 5\n}", "3:8: found '5', expected a duration"),
        ("hosts h {\nreload -5s\n}", "3:8: found '-5s'"),
        ("hosts h {\nreload 5s 6s\n}", "3:11: found 2 arguments of 'reload'"),
        ("hosts h {\nfallthrough_unsupported\n}", "2:1: found fallthrough_unsupported alone"),
        ("hosts h {\nfallthrough_unsupported x\nfallthrough\n}", "3:25: found 1 argument"),
        ("hosts h {\nfallthrough\ntttl 5\n}", "4:1: found 'tttl', expected a property of 'hosts'"),
        ("hosts h {\nfallthrough\n10.0.0.1 x\n}", "4:1: found '10.0.0.1'"),
        ("hosts /dev/null/x", "2:7: found [Errno 20] Not a directory"),
    ],
)
def test_what_coredns_refuses_is_an_error(text: str, message: str) -> None:
    assert refusal(Hosts, text).startswith(message)


@pytest.mark.parametrize(
    "text",
    [
        "hosts {\n}",
        "hosts h a b",
        "hosts h {\nreload 0\n}",
        "hosts h {\nfallthrough a.org:53 10.0.0.0/8\nttl 5\n}",
        'hosts h {\n10.0.0.1 "a b"\n}',
        "hosts h {\nfallthrough_unsupported\nfallthrough\n}",
    ],
)
def test_what_coredns_takes_is_taken(text: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    assert set_up(Hosts, text).name == "hosts"
