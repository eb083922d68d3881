"""How static zones are chosen, read again, and what becomes of their lookups; those are in tests/zones."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from kdns.answering.blocks import Block
from kdns.answering.chain import Link, Rest
from kdns.answering.responder import Responder
from kdns.answering.responses import Response
from kdns.answering.table import AnswerTable
from kdns.cluster.events import Tag
from kdns.plugins._zonefile import ZoneFile
from kdns.plugins.file import File
from kdns.records.options import RecordOptions
from kdns.wire import codes
from kdns.wire.names import from_text
from kdns.wire.rrsets import RRset, address
from tests.answers.cases import records, sections
from tests.builders import (
    SERIAL,
    Static,
    ask,
    cluster_ip,
    happen,
    namespace,
    responder_of,
    reverse_name,
    state_of,
)
from tests.plugins.lent import refusal
from tests.plugins.setups import Answering, at_once, lines, query, rest, run_until, set_up

ZONES = {
    "example.": """\
ns    A     192.0.2.1
www   CNAME ns
out   CNAME www.other.
nx    CNAME x.other.
none  CNAME www.other.
d     DNAME other.
mail  MX    10 ns
tosub CNAME www.sub
fails CNAME www.missing.
svc   CNAME svc.ns.svc.cluster.local.
lost  CNAME nowhere.
gone  CNAME x
bare  CNAME b
a.b   A     192.0.2.5
*.w   CNAME x
""",
    "other.": "www A 192.0.2.2\nback CNAME out.example.\n",
    "sub.example.": "www A 192.0.2.3\n",
    "10.in-addr.arpa.": "1.0.0 PTR static.example.\n",
}


def master_file(origin: str, text: str, serial: int = 7) -> str:
    return (
        f"$ORIGIN {origin}\n$TTL 60\n@ SOA ns admin {serial} 7200 3600 1209600 30\n@ NS ns.example.\n{text}"
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working directory, which has the zones in files named after them."""
    for origin, text in ZONES.items():
        (tmp_path / origin).write_text(master_file(origin, text))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def directives(*origins: str) -> str:
    return "\n".join(f"file {origin} {origin}" for origin in origins)


def responder_with(file: File, *links: Link, zones: Sequence[str]) -> Responder:
    made = Responder(AnswerTable())
    made.blocks = dict.fromkeys(map(from_text, zones), Block(Rest([file, *links], made.resolve)))
    return made


SOA = "example. 30 SOA ns.example. admin.example. 7 7200 3600 1209600 30"
OTHER_SOA = "other. 30 SOA ns.other. admin.other. 7 7200 3600 1209600 30"
NS = "example. 60 NS ns.example."
OTHER_NS = "other. 60 NS ns.example."
SUB_NS = "sub.example. 60 NS ns.example."


@pytest.mark.parametrize(
    ("question", "rcode", "answer", "authority"),
    [
        ("ns.example. A", "NOERROR", "ns.example. 60 A 192.0.2.1", NS),
        ("example. SOA", "NOERROR", SOA.replace(" 30 ", " 60 ", 1), NS),
        ("example. NS", "NOERROR", NS, ""),
        ("www.example. A", "NOERROR", "www.example. 60 CNAME ns.example.\nns.example. 60 A 192.0.2.1", NS),
        ("www.sub.example. A", "NOERROR", "www.sub.example. 60 A 192.0.2.3", SUB_NS),
        ("sub.example. DS", "NXDOMAIN", "", SOA),
        ("example. DS", "NOERROR", "", SOA),
        ("out.example. A", "NOERROR", "out.example. 60 CNAME www.other.\nwww.other. 60 A 192.0.2.2", NS),
        (
            "back.other. A",
            "NOERROR",
            "back.other. 60 CNAME out.example.\nout.example. 60 CNAME www.other.\nwww.other. 60 A 192.0.2.2",
            OTHER_NS,
        ),
        (
            "www.d.example. A",
            "NOERROR",
            "d.example. 60 DNAME other.\nwww.d.example. 60 CNAME www.other.\nwww.other. 60 A 192.0.2.2",
            NS,
        ),
        ("lost.example. A", "NOERROR", "lost.example. 60 CNAME nowhere.", NS),
        ("nx.example. A", "NXDOMAIN", "nx.example. 60 CNAME x.other.", OTHER_SOA),
        ("none.example. MX", "NOERROR", "none.example. 60 CNAME www.other.", OTHER_SOA),
        ("fails.example. A", "SERVFAIL", "fails.example. 60 CNAME www.missing.", NS),
        ("gone.example. A", "NXDOMAIN", "gone.example. 60 CNAME x.example.", SOA),
        ("ns.example. MX", "NOERROR", "", SOA),
        ("x.example. A", "NXDOMAIN", "", SOA),
        ("example. AXFR", "REFUSED", "", ""),
        ("example. IXFR", "REFUSED", "", ""),
    ],
)
def test_the_longest_zone_answers_and_aliases_are_followed_into_others(
    folder: Path, question: str, rcode: str, answer: str, authority: str
) -> None:
    zones = ("example.", "other.", "sub.example.", "missing.")
    made = responder_with(set_up(File, directives(*zones)), zones=zones)
    name, qtype = question.split()
    for asked in (name, name.upper(), name):
        response = ask(made, asked, qtype)
        found = sections(response)[:3]
        assert found == (rcode, records(answer), records(authority))
        assert bool(response.flags & 0x0400) == (rcode != "REFUSED")


def test_addresses_that_an_aliases_target_has_along_are_its_zones_business(folder: Path) -> None:
    made = responder_with(set_up(File, directives("example.", "other.")), zones=("example.", "other."))
    assert sections(ask(made, "mail.example.", "MX"))[3] == records("ns.example. 60 A 192.0.2.1")
    (folder / "other.").write_text(master_file("other.", "mail CNAME mail.example.\n"))
    made = responder_with(set_up(File, directives("example.", "other.")), zones=("example.", "other."))
    assert sections(ask(made, "mail.other.", "MX"))[3] == []


def test_a_notify_is_met_with_silence(folder: Path) -> None:
    file = set_up(File, directives("example."))
    notify = query("example.", "SOA")._replace(flags=codes.NOTIFY << 11)
    response = at_once(file.respond(notify, rest()))
    assert (response.silent, response.remember) == (True, False)


def test_whole_zones_can_be_handed_over_as_they_are_then(folder: Path) -> None:
    found = set_up(File, directives("example.", "other.") + "\nfile later later").whole_zones()
    assert found.keys() == {from_text("example."), from_text("other."), from_text("later.")}
    assert found[from_text("later.")] is None
    whole = found[from_text("other.")]
    assert whole is not None
    assert (whole.serial, [rrset.type for rrset in whole.rrsets()]) == (
        7,
        [codes.SOA, codes.NS, codes.A, codes.CNAME],
    )


ELSEWHERE = Response(answer=(RRset(from_text("x."), codes.A, 5, (address("10.9.9.9"),)),))


def ask_alone(file: File, name: str, qtype: str = "A") -> Response:
    return at_once(file.respond(query(name, qtype), rest(Answering(ELSEWHERE))))


def test_a_name_outside_its_zones_is_the_rests_for_good(folder: Path) -> None:
    assert ask_alone(set_up(File, directives("example.")), "www.other.") is ELSEWHERE


@pytest.mark.parametrize(
    ("options", "name", "is_passed_on"),
    [
        ("fallthrough", "x.example.", True),
        ("fallthrough", "b.example.", True),  # it is there only because of a.b
        ("fallthrough", "ns.example.", False),
        ("fallthrough", "example.", False),
        ("fallthrough other y.example", "x.example.", False),
        ("fallthrough other y.example", "x.y.example.", True),
        ("", "x.example.", False),
        ("", "b.example.", False),
    ],
)
def test_a_name_that_does_not_exist_is_passed_on_until_it_does(
    folder: Path, options: str, name: str, is_passed_on: bool
) -> None:
    file = set_up(File, f"file example. example {{\n{options}\n}}")
    own = ask_alone(file, "ns.example.").tags
    found = ask_alone(file, name, "TXT")
    assert own
    assert (found == ELSEWHERE._replace(tags=own)) is is_passed_on


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("gone.example.", "x.example."),
        ("bare.example.", "b.example."),
        ("1.w.example.", "x.example."),
        ("nx.example.", "x.other."),
    ],
)
def test_an_alias_is_followed_to_where_its_target_is_passed_on(folder: Path, name: str, target: str) -> None:
    found = RRset(from_text(target), codes.A, 5, (address("10.9.9.9"),))
    static = Static({(target, codes.A): Response(answer=(found,))})
    zones = ("example.", "other.")
    made = responder_with(set_up(File, directives(*zones) + " {\nfallthrough\n}"), static, zones=zones)
    expected = f"{name} 60 CNAME {target}\n{target} 5 A 10.9.9.9"
    servers = records(f"{'other' if 'other' in name else 'example'}. 60 NS ns.example.")
    assert sections(ask(made, name)) == ("NOERROR", records(expected), servers, [])


def test_an_alias_into_the_cluster_is_forgotten_with_what_it_leads_to(folder: Path) -> None:
    state = state_of(namespace(), cluster_ip("svc", "10.96.0.1"))
    made = responder_of(state, RecordOptions())
    file = Block(Rest([set_up(File, directives("example."))], made.resolve))
    made.blocks = {**made.blocks, from_text("example."): file}
    for address_ in ("10.96.0.1", "10.96.0.2"):
        happen(state, made.table, cluster_ip("svc", address_))
        for _ in range(2):
            assert sections(ask(made, "svc.example."))[1] == records(
                f"svc.example. 60 CNAME svc.ns.svc\nsvc.ns.svc 30 A {address_}"
            )


def test_the_cluster_comes_before_a_static_reverse_zone(folder: Path) -> None:
    state, ten = state_of(namespace()), "10.in-addr.arpa."
    made = responder_of(state, RecordOptions(), set_up(File, directives(ten)), fallthrough=[from_text(ten)])
    name = reverse_name("10.0.0.1")
    assert sections(ask(made, name, "PTR"))[1] == records(f"{name} 60 PTR static.example.")
    happen(state, made.table, cluster_ip("svc", "10.0.0.1"))
    assert sections(ask(made, name, "PTR"))[1] == records(f"{name} 30 PTR svc.ns.svc")


def test_a_file_without_zones_is_for_those_of_its_block(folder: Path) -> None:
    (folder / "db").write_text("@ 60 SOA ns admin 1 2 3 4 5\n@ 60 NS ns\nwww 60 A 192.0.2.9\n")
    file = set_up(File, "file db", "example.org example.net")
    for zone in ("example.org.", "example.net."):
        assert lines(ask_alone(file, f"www.{zone}").answer) == [f"www.{zone} 60 A 192.0.2.9"]


def test_names_that_a_zone_is_served_for_but_that_are_outside_of_it_do_not_exist(folder: Path) -> None:
    file = set_up(File, "file example.")
    found = ask_alone(file, "www.other.")
    assert (found.rcode, lines(found.authority), found.authoritative) == (codes.NXDOMAIN, [SOA], True)
    assert lines(ask_alone(file, "ns.example.").answer) == ["ns.example. 60 A 192.0.2.1"]


class Followed:
    """A file that is looked at all the time, and the answers of its zone."""

    def __init__(self, path: Path, options: str = "") -> None:
        table = AnswerTable()
        self.path, self.forgotten = path, list[frozenset[Tag]]()
        self.file = set_up(File, f"file {path} example. {{\nreload 1ms\n{options}\n}}", forget=self._forget)
        self.made = Responder(table)
        self.made.blocks = {from_text("example."): Block(Rest([self.file], self.made.resolve))}

    def _forget(self, tags: frozenset[Tag]) -> None:
        self.forgotten.append(tags)
        self.made.table.forget(tags, SERIAL)

    def write(self, text: str, serial: int) -> None:
        self.path.write_text(master_file("example.", text, serial))

    def said(self) -> tuple[str, list[str]]:
        rcode, answer, *_ = sections(ask(self.made, "ns.example."))
        return rcode, answer

    def run_until_forgotten(self, times: int) -> None:
        run_until(self.file, lambda: len(self.forgotten) == times)


OLD = ("NOERROR", records("ns.example. 60 A 192.0.2.1"))
NEW = ("NOERROR", records("ns.example. 60 A 192.0.2.111"))


@pytest.mark.parametrize("serial", [8, 6])
def test_a_zone_with_another_serial_is_taken_over_and_answered_at_once(
    folder: Path, serial: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    followed = Followed(folder / "example.")
    assert followed.said() == OLD
    followed.write("ns A 192.0.2.111\n", serial)
    followed.run_until_forgotten(1)
    assert followed.said() == NEW
    assert caplog.messages == [
        f'Successfully reloaded zone "example." in "{followed.path}" with {serial} SOA serial'
    ]


def test_a_zone_with_the_same_serial_is_taken_over_only_by_mtime(folder: Path) -> None:
    followed = Followed(folder / "example.", "reload_by_mtime")
    by_serial = ZoneFile(str(followed.path), from_text("example."))
    by_serial.load()
    followed.write("ns A 192.0.2.111\n", 7)
    followed.run_until_forgotten(1)
    assert followed.said() == NEW
    assert by_serial.look() is None


@pytest.mark.parametrize("broken", ["ns A 192.0.2.1 junk\n", None], ids=["broken", "gone"])
def test_the_old_zone_stays_until_the_file_is_well_again(
    folder: Path, broken: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    followed = Followed(folder / "example.")
    if broken is None:
        followed.path.unlink()
    else:
        followed.write(broken, 8)
    run_until(followed.file, lambda: bool(caplog.messages))
    said = "Failed to open" if broken is None else "Parsing"
    assert caplog.messages[0].startswith(f'{said} zone "example."')
    assert (followed.said(), followed.forgotten) == (OLD, [])
    followed.write("ns A 192.0.2.111\n", 9)
    followed.run_until_forgotten(1)
    assert followed.said() == NEW


def test_a_zone_is_taken_over_when_a_file_that_it_includes_has_changed(folder: Path) -> None:
    (folder / "soa").write_text("@ SOA ns admin 7 7200 3600 1209600 30\n@ NS ns\n")
    (folder / "hosts").write_text("ns A 192.0.2.1\n")
    (folder / "example.").write_text("$TTL 60\n$INCLUDE soa\n$INCLUDE hosts\n")
    followed = Followed(folder / "example.")
    assert followed.said() == OLD
    (folder / "hosts").write_text("ns A 192.0.2.111\n")
    (folder / "soa").write_text("@ SOA ns admin 8 7200 3600 1209600 30\n@ NS ns\n")
    followed.run_until_forgotten(1)
    assert followed.said() == NEW


def test_what_a_zone_has_that_makes_no_sense_is_in_the_log(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "example.").write_text(master_file("example.", "ns A 192.0.2.1\nns.other. A 192.0.2.1\n"))
    set_up(File, directives("example."))
    assert caplog.messages == ["the records at ns.other. are ignored: they are outside the zone"]


def test_a_file_that_is_not_there_yet_is_a_failure_until_it_comes(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    followed = Followed(folder / "later", "fallthrough")
    assert caplog.messages[0].endswith("later'\": trying again in 0.001s")
    assert followed.said() == ("SERVFAIL", [])
    assert sections(ask(followed.made, "example.", "AXFR"))[0] == "REFUSED"
    followed.write("ns A 192.0.2.1\n", 1)
    followed.run_until_forgotten(1)
    assert followed.said() == OLD


def test_reload_0_and_later_directives_that_do_not_say_otherwise_never_look_again(folder: Path) -> None:
    asyncio.run(set_up(File, f"file example. example {{\nreload 0\n}}\n{directives('other.')}").run())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file", "2:1: found no arguments of 'file', expected 1 or more"),
        ("file example. {\nreload\n}", "3:1: found no arguments of 'reload'"),
        ("file example. {\nreload 30\n}", "3:8: found '30', expected a duration"),
        ("file example. {\nreload -30s\n}", "3:8: found '-30s'"),
        ("file example. {\nreload_by_mtime 3s\n}", "3:17: found 1 argument of 'reload_by_mtime'"),
        ("file example. {\nno_reload\n}", "3:1: found 'no_reload', expected a property of 'file'"),
        ("file example. {\ntransfer to *\n}", "3:1: found 'transfer'"),
        ("file nope {\nreload 0\n}", "2:6: found [Errno 2] No such file"),
        ("file example. {\nreload 0\n}\nfile nope", "5:6: found [Errno 2] No such file"),
        ("file . example", "2:6: found [Errno 21] Is a directory"),
        ("file broken example", "2:6: found broken:1: found junk, expected"),
    ],
)
def test_what_coredns_refuses_is_an_error(folder: Path, text: str, message: str) -> None:
    (folder / "broken").write_text("@ junk\n")
    assert refusal(File, text).startswith(message)


@pytest.mark.parametrize(
    "text",
    [
        "file example. example {\nreload 30s 5 junk\n}",
        "file example. example {\nupstream 1.2.3.4 5\nupstream\n}",
        "file nope example {\nreload 0\n}\nfile other. other {\nreload 5s\n}",
        "file /dev/null/x example",
        "file example. example\nfile sub.example. example",
    ],
)
def test_what_coredns_takes_is_taken(folder: Path, text: str) -> None:
    assert set_up(File, text).name == "file"
