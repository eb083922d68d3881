from pathlib import Path

import pytest

from kdns.corefile.errors import CorefileError
from kdns.corefile.files import Disk
from kdns.corefile.parsing import parse_corefile, read_corefile

from .builders import corefile, said, zones_of

FILES = {
    "/etc/coredns/log": "log\nerrors # both\n",
    "/etc/coredns/custom/a.server": "a {\n  import ../log\n}\n",
    "/etc/coredns/custom/b.server": "b {\n}\n",
    "/etc/coredns/options": "keepttl\n",
    "/opt/absolute": "ready\n",
    "/etc/coredns/secret": None,
    "/etc/coredns/itself": "import itself\n",
    "/etc/coredns/broken": 'log "\n',
    "/etc/coredns/unbalanced": "log\n}\nc {\n",
}

EXPANDED = [
    (". {\nimport log\n}", [["dns://.:53", ["log"], ["errors"]]]),
    (". {\nimport /opt/absolute\nimport log\n}", [["dns://.:53", ["ready"], ["log"], ["errors"]]]),
    ("import custom/*.server", [["dns://a.:53", ["log"], ["errors"]], ["dns://b.:53"]]),
    (". {\ncache {\nimport options\n}\n}", [["dns://.:53", ["cache", [["keepttl"]]]]]),
    (". {\nimport none/*\n}\nimport *.none", [["dns://.:53"]]),
    (". {\nimport unbalanced\n}", [["dns://.:53", ["log"]], ["dns://c.:53"]]),
    ("import {$WHAT}/?.server", [["dns://a.:53", ["log"], ["errors"]], ["dns://b.:53"]]),
    ("(log) {\nwhoami\n}\n. {\nimport log\n}", [["dns://.:53", ["whoami"]]]),
    ("(s) { log\n}\n. {\nimport s\nimport s\n}", [["dns://.:53", ["log"], ["log"]]]),
    ("(s) {\nlog {$WHAT}\n}\n. { import s\n}", [["dns://.:53", ["log custom"]]]),
    ("(s) {\nx import s\n}\n. {\nimport s\n}", [["dns://.:53", ["x import s"]]]),
]


@pytest.mark.parametrize(("text", "expected"), EXPANDED)
def test_an_import_gives_way_to_what_it_names(text: str, expected: list[object]) -> None:
    assert said(corefile(text, FILES, {"WHAT": "custom"})) == expected


ERRORS = [
    ("import", "1:1: found 'import', expected a snippet, file or pattern after it"),
    ("import log b", "1:12: found 'b', expected one argument only of 'import'"),
    ('import ""', "1:8: found no file name in '', expected a file, or a pattern with one *"),
    ("import a\0b", "1:8: found no file name in 'a\\x00b', expected a file, or a pattern with one *"),
    ("import */*", "1:8: found too many wildcards in '*/*', expected a file, or a pattern with one *"),
    ("import [ab]", "1:8: found too many wildcards in '[ab]', expected a file, or a pattern with one *"),
    ("import none", "1:8: found 'none', expected a file that exists, or a snippet defined above"),
    (
        "(common) {\n}\nimport comon",
        "3:8: found 'comon', expected a file that exists, or a snippet defined above; did you mean 'common'?",
    ),
    (
        "import secret",
        "1:8: found '/etc/coredns/secret', which cannot be read (Permission denied), expected a file",
    ),
]


@pytest.mark.parametrize(("text", "message"), ERRORS)
def test_an_import_that_cannot_be_says_why(text: str, message: str) -> None:
    with pytest.raises(CorefileError) as caught:
        corefile(text, FILES)
    assert str(caught.value) == f"/etc/coredns/Corefile:{message}"


def test_errors_name_the_imported_file() -> None:
    with pytest.raises(CorefileError) as caught:
        corefile(". {\n import broken\n}", FILES)
    assert str(caught.value).startswith('/etc/coredns/broken:1:5: found a " that is never closed')


@pytest.mark.parametrize(
    "text",
    ["import itself", "(a) {\nimport b\n}\n(b) {\nimport a\n}\n. {\nimport a\n}"],
    ids=["file", "snippet"],
)
def test_imports_that_do_not_end_are_an_error(text: str) -> None:
    with pytest.raises(CorefileError, match=r"expected an import that ends: it lies in 100 others$"):
        corefile(text, FILES)


def test_imports_that_grow_are_an_error() -> None:
    doubled = "".join(f"(s{i + 1}) {{\nimport s{i}\nimport s{i}\n}}\n" for i in range(60))
    with pytest.raises(CorefileError, match="expected imports of at most 1000000 words together"):
        corefile("(s0) {\nlog\n}\n" + doubled + "import s60\n")


def test_a_pattern_without_a_file_is_noticed() -> None:
    notices = corefile(". {\n  import custom/*.override\n}\n").notices
    assert [str(notice) for notice in notices] == [
        "/etc/coredns/Corefile:2:10: no file matches 'custom/*.override'"
    ]


def test_every_file_that_was_read_is_listed_once() -> None:
    read = corefile("import custom/*.server\nx {\nimport log\n}\n", FILES)
    assert read.files == (
        "/etc/coredns/Corefile",
        "/etc/coredns/custom/b.server",
        "/etc/coredns/custom/a.server",
        "/etc/coredns/log",
    )


def test_files_on_disk_are_found_as_go_finds_them(tmp_path: Path) -> None:
    for name in ["b.server", ".a.server", "c.other"]:
        (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + name.strip(".")[:1].encode() + b" {\n log \xff\n}\n")
    (tmp_path / "Corefile").write_text("import *.server\n")
    read = read_corefile(tmp_path / "Corefile", {})
    assert zones_of(read) == ["a.", "b."]
    assert read.blocks[0].directives[0].arguments[0].text == "\ufffd"


def test_a_directory_cannot_be_imported(tmp_path: Path) -> None:
    (tmp_path / "dir").mkdir()
    with pytest.raises(CorefileError, match=r"which cannot be read \(Is a directory\), expected a file$"):
        parse_corefile("import dir", str(tmp_path / "Corefile"), {})


@pytest.mark.parametrize("pattern", ["\udcff", "\ud800*", "a" * 5000, "?\udfff"])
def test_what_no_file_system_can_name_is_an_error_or_matches_nothing(pattern: str, tmp_path: Path) -> None:
    try:
        read = parse_corefile(f"import {pattern}", str(tmp_path / "Corefile"), {}, files=Disk())
    except CorefileError:
        return
    assert read.blocks == ()
