"""Which zones a folder has, and how they come, change and go; what they answer is in test_file.py."""

import asyncio
import os
from pathlib import Path

import pytest

from kdns.answering.blocks import Block
from kdns.answering.chain import Rest
from kdns.answering.responder import Responder
from kdns.answering.responses import Response
from kdns.answering.table import AnswerTable
from kdns.cluster.events import Tag
from kdns.plugins.auto import Auto
from kdns.wire import codes
from kdns.wire.names import from_text, to_text
from tests.answers.cases import records, sections
from tests.builders import SERIAL, ask
from tests.plugins.lent import refusal
from tests.plugins.setups import Answering, at_once, lines, query, rest, run_until, set_up


def master_file(origin: str, address: str = "192.0.2.1", serial: int = 7) -> str:
    return (
        f"$ORIGIN {origin}\n$TTL 60\n@ SOA ns admin {serial} 7200 3600 1209600 30\n@ NS ns\n"
        f"www A {address}\nalias CNAME www.other.\n"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that has zones in it, and other files."""
    zones = tmp_path / "zones"
    (zones / "sub").mkdir(parents=True)
    for path, origin in (("db.example", "example."), ("sub/db.other", "other.")):
        (zones / path).write_text(master_file(origin))
    (zones / "notes.txt").write_text("no zone\n")
    return zones


def origins(auto: Auto) -> set[str]:
    return {to_text(origin) for origin in auto.whole_zones()}


def test_zones_are_in_the_files_of_a_folder_and_below(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    auto = set_up(Auto, f"auto {{\ndirectory {folder}\n}}")
    assert origins(auto) == {"example.", "other."}
    assert sorted(caplog.messages) == [
        f"Inserting zone `example.' from: {folder}/db.example",
        f"Inserting zone `other.' from: {folder}/sub/db.other",
    ]
    whole = auto.whole_zones()[from_text("other.")]
    assert whole is not None and whole.serial == 7
    assert next(whole.rrsets()).type == codes.SOA


@pytest.mark.parametrize(
    ("name", "pattern", "template", "origin"),
    [
        ("db.example.org", r"db\.(.*)", "{1}", "example.org."),
        ("old.db.Example.org.bak", r"db\.(.*)", "{1}", "example.org.bak."),
        ("www.db.example", r"^www\.db\.(.*)$", "{1}.", "example."),
        ("a-b.zone", r"^(.*)-(.*)\.zone$", "{2}.x.{1}", "b.x.a."),
        ("a.zone", r"^(?P<name>.*)\.zone$", "{name}.example", "a.example."),
        ("a.zone", r"^(.*)\.zone$", "$1.example", "a.example."),
        ("a.zone", r"^(.*)\.zone(x)?$", "{1}{2}{3}{none}", "a."),
        ("a.zone", r"^(.*)\.zone$", "fixed", "fixed."),
        ("a.zone", r"^(.*)\.zone$", "$$", r"\$."),
        ("a.zone", r"^(.*)\.zone$", "{2}", None),
        ("a.zone", r"^(.*)\.zone$", "a..b", None),
        ("a.zone.bak", r"^(.*)\.zone$", "{1}", None),
    ],
)
def test_a_zones_origin_is_made_of_the_files_name(
    tmp_path: Path, name: str, pattern: str, template: str, origin: str | None
) -> None:
    (tmp_path / name).write_text("@ 60 SOA ns admin 1 2 3 4 5\n")
    auto = set_up(Auto, f'auto {{\ndirectory {tmp_path} "{pattern}" {template}\n}}')
    assert origins(auto) == (set() if origin is None else {origin})


def test_a_folder_may_be_a_link_and_files_in_it_too_as_those_of_a_configmap_are(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data, seen = tmp_path / "..2026_01", tmp_path / "seen"
    data.mkdir()
    (data / "db.example").write_text(master_file("example."))
    (tmp_path / "..data").symlink_to(data.name)
    (tmp_path / "db.example").symlink_to("..data/db.example")
    (tmp_path / "db.gone").symlink_to("..data/db.gone")
    seen.symlink_to(tmp_path)
    assert origins(set_up(Auto, f"auto {{\ndirectory {seen}\n}}")) == {"example."}
    assert not caplog.messages


def test_of_two_files_for_one_zone_the_first_counts(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "old.db.example").write_text(master_file("example.", "192.0.2.2"))
    auto = set_up(Auto, f"auto {{\ndirectory {folder}\n}}")
    assert caplog.messages == [
        f'Multiple zone files match origin "example.": using "{folder}/db.example"'
        f' instead of "{folder}/old.db.example"'
    ]
    response = at_once(auto.respond(query("www.example."), rest()))
    assert lines(response.answer) == ["www.example. 60 A 192.0.2.1"]


def test_a_file_alone_may_stand_for_a_folder(folder: Path) -> None:
    assert origins(set_up(Auto, f"auto {{\ndirectory {folder}/db.example\n}}")) == {"example."}


ELSEWHERE = Response(codes.NXDOMAIN)


@pytest.mark.parametrize(
    ("name", "alone", "behind"),
    [
        ("www.example.", codes.NOERROR, codes.NOERROR),
        ("x.example.", codes.NXDOMAIN, codes.NXDOMAIN),
        ("x.example.org.", codes.REFUSED, codes.NXDOMAIN),
        ("www.other.", codes.REFUSED, codes.NXDOMAIN),
    ],
)
def test_it_answers_in_its_zones_only_and_leaves_the_others_to_the_rest(
    folder: Path, name: str, alone: int, behind: int
) -> None:
    auto = set_up(Auto, f"auto example example.org {{\ndirectory {folder}\n}}")
    assert at_once(auto.respond(query(name), rest())).rcode == alone
    assert at_once(auto.respond(query(name), rest(Answering(ELSEWHERE)))).rcode == behind


def test_what_does_not_depend_on_the_folder_has_no_tags_of_it(folder: Path) -> None:
    auto = set_up(Auto, f"auto example {{\ndirectory {folder}\n}}")
    assert at_once(auto.respond(query("www.other."), rest(Answering(ELSEWHERE)))) is ELSEWHERE
    assert at_once(auto.respond(query("www.example."), rest())).tags


class Followed:
    """A folder that is looked at all the time, and the answers of its zones."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.forgotten = folder, list[frozenset[Tag]]()
        self.auto = set_up(Auto, f"auto {{\ndirectory {folder}\nreload 1ms\n}}", forget=self._forget)
        self.made = Responder(AnswerTable())
        self.made.blocks = {from_text("."): Block(Rest([self.auto, Answering(ELSEWHERE)], self.made.resolve))}
        self.forgotten.clear()

    def _forget(self, tags: frozenset[Tag]) -> None:
        self.forgotten.append(tags)
        if hasattr(self, "made"):
            self.made.table.forget(tags, SERIAL)

    def said(self, name: str = "www.example.") -> tuple[str, list[str]]:
        rcode, answer, *_ = sections(ask(self.made, name))
        return rcode, answer

    def run_until_forgotten(self, times: int) -> None:
        run_until(self.auto, lambda: len(self.forgotten) == times)


def address(text: str, name: str = "www.example.") -> tuple[str, list[str]]:
    return "NOERROR", records(f"{name} 60 A {text}")


def test_a_zone_that_comes_is_served_and_one_that_is_gone_is_not(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    followed = Followed(folder)
    assert followed.said() == address("192.0.2.1")
    assert followed.said("www.new.") == ("NXDOMAIN", [])
    assert followed.said("www.sub.example.") == ("NXDOMAIN", [])
    caplog.clear()
    (folder / "db.new").write_text(master_file("new."))
    followed.run_until_forgotten(1)
    assert followed.said("www.new.") == address("192.0.2.1", "www.new.")
    (folder / "db.sub.example").write_text(master_file("sub.example."))
    followed.run_until_forgotten(2)
    assert followed.said("www.sub.example.") == address("192.0.2.1", "www.sub.example.")
    (folder / "db.new").unlink()
    followed.run_until_forgotten(3)
    assert followed.said("www.new.") == ("NXDOMAIN", [])
    assert followed.said() == address("192.0.2.1")
    assert caplog.messages == [
        f"Inserting zone `new.' from: {folder}/db.new",
        f"Inserting zone `sub.example.' from: {folder}/db.sub.example",
        "Deleting zone `new.'",
    ]


def test_a_zone_that_changes_is_taken_over_by_its_serial(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    followed = Followed(folder)
    (folder / "db.example").write_text(master_file("example.", "192.0.2.9", 8))
    followed.run_until_forgotten(1)
    assert followed.said() == address("192.0.2.9")
    (folder / "db.example").write_text(master_file("example.", "192.0.2.10", 8))
    (folder / "db.new").write_text(master_file("new."))
    followed.run_until_forgotten(2)
    assert followed.said() == address("192.0.2.9")


def test_a_zone_may_move_to_another_file(folder: Path) -> None:
    followed = Followed(folder)
    (folder / "sub" / "db.example").write_text(master_file("example.", "192.0.2.9", 8))
    (folder / "db.example").unlink()
    followed.run_until_forgotten(1)
    assert followed.said() == address("192.0.2.9")


def test_a_broken_file_leaves_the_old_zone_in_place_and_a_new_one_out_until_it_is_well(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "db.new").write_text("junk\n")
    followed = Followed(folder)
    assert caplog.messages[0].startswith(f"Parse zone `new.': {folder}/db.new:1: found the end of the record")
    caplog.clear()
    (folder / "db.example").write_text("junk\n")
    run_until(followed.auto, lambda: bool(caplog.messages))
    assert caplog.messages[0].startswith('Parsing zone "example."')
    assert (followed.said(), followed.said("www.new.")) == (address("192.0.2.1"), ("NXDOMAIN", []))
    (folder / "db.new").write_text(master_file("new."))
    followed.run_until_forgotten(1)
    assert followed.said("www.new.") == address("192.0.2.1", "www.new.")
    assert len(caplog.messages) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_no_zone(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "db.example").chmod(0)
    assert origins(set_up(Auto, f"auto {{\ndirectory {folder}\n}}")) == {"other."}
    assert caplog.messages[0].startswith(f"Opening {folder}/db.example failed")


def test_a_folder_that_is_not_there_yet_has_no_zones_until_it_comes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    later = tmp_path / "later"
    followed = Followed(later)
    assert caplog.messages[0] == f"Directory does not exist: {later}"
    assert followed.said() == ("NXDOMAIN", [])
    later.mkdir()
    (later / "db.example").write_text(master_file("example."))
    followed.run_until_forgotten(1)
    assert followed.said() == address("192.0.2.1")


def test_reload_0_never_looks_again(folder: Path) -> None:
    asyncio.run(set_up(Auto, f"auto {{\ndirectory {folder}\nreload 0\n}}").run())


def test_of_several_directives_the_last_one_counts_for_what_it_says(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a.zone").write_text(master_file("a."))
    first = f"auto a {{\ndirectory {folder} ^(.*)\\.zone$ {{1}}\nreload 0\n}}"
    auto = set_up(Auto, f"{first}\nauto a b {{\ndirectory {tmp_path}\n}}")
    assert origins(auto) == {"a."}
    asyncio.run(auto.run())
    assert at_once(auto.respond(query("www.a."), rest())).rcode == codes.NOERROR
    assert at_once(auto.respond(query("www.b."), rest())).rcode == codes.REFUSED


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("auto {\ndirectory\n}", "3:1: found no arguments of 'directory'"),
        ("auto {\ndirectory . (.*)\n}", "3:13: found the end of the line, expected a template"),
        ("auto {\ndirectory . (.*) {1} x\n}", "3:22: found 4 arguments of 'directory'"),
        ("auto {\ndirectory . .* {1}\n}", "3:13: found '.*', expected a regular expression with a group"),
        ("auto {\ndirectory . * {1}\n}", "3:13: found '*' ('no argument for repetition operator"),
        ("auto {\nreload\n}", "3:1: found no arguments of 'reload'"),
        ("auto {\nreload 30\n}", "3:8: found '30', expected a duration"),
        ("auto {\nreload -30s\n}", "3:8: found '-30s'"),
        ("auto {\nno_reload\n}", "3:1: found 'no_reload', expected a property of 'auto'"),
        ("auto {\ntransfer to *\n}", "3:1: found 'transfer'"),
        ("auto {\nfallthrough\n}", "3:1: found 'fallthrough'"),
        ("auto {\ndirectory /dev/null/x\n}", "3:11: found [Errno 20] Not a directory"),
    ],
)
def test_what_coredns_refuses_is_an_error(text: str, message: str) -> None:
    assert refusal(Auto, text).startswith(message)


@pytest.mark.parametrize(
    "text",
    [
        "auto",
        "auto example.org 10.0.0.0/24",
        "auto {\nreload 30s 5 junk\n}",
        "auto {\nupstream 1.2.3.4 5\nupstream\n}",
        "auto {\ndirectory /nowhere\n}",
        "auto {\ndirectory /nowhere (.*) bliep\n}",
    ],
)
def test_what_coredns_takes_is_taken(text: str) -> None:
    assert set_up(Auto, text).name == "auto"
