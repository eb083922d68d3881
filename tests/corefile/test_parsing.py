import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.corefile.digest import fingerprint
from kdns.corefile.errors import CorefileError
from kdns.corefile.parsing import parse_corefile, read_corefile
from kdns.corefile.values import Corefile

from .builders import MemoryFiles, zones_of

MEGABYTE = 1 << 20


def attempt(text: str) -> Corefile | CorefileError:
    files = MemoryFiles({"/f": "log\n", "/g": "x {\n}\n"})
    try:
        read = parse_corefile(text, "/Corefile", {"A": "a b", "B": "{$A}", "C": "{$C}"}, 53, files)
    except CorefileError as error:
        return error
    assert len(fingerprint(read)) == 128
    return read


PIECES = st.sampled_from([
    "{", "}", " {\n", "\n}\n", "\n", " ", "\r\n", "import ", "import f\n", "import s\n", "(s)",
    '"', '""', "\\", "#", "{$A}", "{$B}", "{%C%}", "{$", ",", ".", ":", ":53", "@",
    "tls://", "a", "a.example", "10.0.0.0/12", "::/3",
])  # fmt: skip
ANYTHING = st.text(st.characters(exclude_categories=()))


@given(ANYTHING)
def test_any_text_is_a_corefile_or_a_corefile_error(text: str) -> None:
    attempt(text)


@given(st.lists(PIECES | st.text(max_size=3), max_size=30).map("".join))
def test_any_pieces_of_corefiles_are_one_or_a_corefile_error(text: str) -> None:
    attempt(text)


LARGE = {
    "keys": "a." * 20 + "\n" + "b\n" * (MEGABYTE // 8),
    "networks": "10.0.0.0/9 " * (MEGABYTE // 11),
    "one word": "a" * MEGABYTE,
    "directives": ". {\n" + "log a b\n" * (MEGABYTE // 8) + "}\n",
    "nested blocks": "a {\n" * (MEGABYTE // 4),
    "variables": ". {\nlog " + "{$B}" * (MEGABYTE // 4) + "\n}\n",
    "an open quote": '"' + "\\" * MEGABYTE,
    "snippets in snippets": "".join(f"(s{i}) {{\nimport s{i + 1}\n}}\n" for i in range(MEGABYTE // 25))
    + "import s0\n",
    "a long word that is no file": "import " + "a" * MEGABYTE,
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_a_megabyte_is_read_or_refused_in_bounded_time(text: str) -> None:
    before = time.process_time()
    attempt(text)
    assert time.process_time() - before < 20


def test_a_corefile_is_read_from_a_path_with_a_default_port(tmp_path: Path) -> None:
    path = tmp_path / "Corefile"
    path.write_text("a tls://a {\n  log {$X}\n}\n")
    read = read_corefile(path, {"X": "x"}, 1053)
    assert [key.port for key in read.blocks[0].keys] == [1053, 853]
    assert read.files == (str(path),)
    assert read.blocks[0].directives[0].arguments[0].text == "x"


def test_a_corefile_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CorefileError) as caught:
        read_corefile(tmp_path / "Corefile", {})
    where = tmp_path / "Corefile"
    assert (
        str(caught.value)
        == f"{where}:1:1: found no file to read (No such file or directory), expected a Corefile"
    )


def test_what_comes_from_a_pipe_has_a_name_too() -> None:
    assert zones_of(parse_corefile("a {\n}\n", "/dev/stdin", {})) == ["a."]
