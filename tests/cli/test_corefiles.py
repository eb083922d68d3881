"""The Corefile that a command is about is found where CoreDNS finds it."""

import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from kdns.cli import corefiles
from kdns.cli.options import UsageError
from kdns.corefile.errors import CorefileError

TEXT = ". {\n    errors\n}\nexample.org:1053 {\n    errors\n}\n"


def ports(load: corefiles.Load) -> list[int]:
    return [key.port for block in load().blocks for key in block.keys]


def give_stdin(monkeypatch: pytest.MonkeyPatch, octets: bytes, is_terminal: bool = False) -> None:
    stdin = SimpleNamespace(buffer=io.BytesIO(octets), isatty=lambda: is_terminal)
    monkeypatch.setattr("sys.stdin", stdin)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_file_is_read_anew_each_time_and_zones_without_a_port_get_the_default(folder: Path) -> None:
    (folder / "my.conf").write_text(TEXT)
    load = corefiles.from_file("my.conf", 54)
    assert ports(load) == [54, 1053]
    (folder / "my.conf").write_text("{$KDNS_TEST_ZONE}a {\n}\n")
    assert [key.text for key in load().blocks[0].keys] == ["a"]


def test_without_a_name_it_is_the_corefile_of_this_folder(folder: Path) -> None:
    (folder / "Corefile").write_text(TEXT)
    assert ports(corefiles.from_file("", 53)) == [53, 1053]


def test_variables_come_from_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KDNS_TEST_ZONE", "example.net")
    (folder / "Corefile").write_text("{$KDNS_TEST_ZONE} {\n}\n")
    assert [key.text for key in corefiles.from_file("", 53)().blocks[0].keys] == ["example.net"]


def plugins(load: corefiles.Load) -> list[str]:
    return [directive.name.text for block in load().blocks for directive in block.directives]


def test_where_there_is_no_corefile_whoami_is_served_until_there_is_one(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    load = corefiles.from_file("", 54)
    assert (ports(load), plugins(load)) == ([54], ["whoami", "log"])
    assert "kdns serve --demo" in caplog.text
    (folder / "Corefile").write_text(TEXT)
    assert ports(load) == [54, 1053]


def test_a_corefile_without_a_server_block_serves_whoami_and_says_so(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "Corefile").write_text("# nothing\n")
    for name in ("", "Corefile"):
        load = corefiles.from_file(name, 53)
        assert (ports(load), plugins(load)) == ([53], ["whoami", "log"])
        [notice] = load().notices
        assert str(notice) == "Corefile:1:1: no server block, so that whoami and log are served"
        assert load().files == ("Corefile",)
    assert "Corefile has no server block" in caplog.text


def test_a_file_that_is_not_there_is_an_error_of_the_corefile(folder: Path) -> None:
    with pytest.raises(CorefileError, match=r"^nowhere:1:1: found no file to read"):
        corefiles.from_file("nowhere", 53)()


def test_standard_input_is_read_once_and_served_again_at_each_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    give_stdin(monkeypatch, TEXT.encode() + b"# \xff\nexample.net {\n}\n")
    load = corefiles.from_stdin(54)
    assert ports(load) == ports(load) == [54, 1053, 54]
    assert load().files == ("/dev/stdin",)


def test_standard_input_may_be_empty_but_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    give_stdin(monkeypatch, b"")
    assert plugins(corefiles.from_stdin(53)) == ["whoami", "log"]
    give_stdin(monkeypatch, b"", is_terminal=True)
    with pytest.raises(UsageError, match="terminal"):
        corefiles.from_stdin(53)


def test_ports_are_numbers_that_a_port_can_be() -> None:
    assert [corefiles.port_from_text(text) for text in ("0", "53", "65535")] == [0, 53, 65535]
    for text in ("", "-1", "65536", "x", "53 ", "٥٣", "9" * 5000):
        with pytest.raises(ValueError, match="is no port"):
            corefiles.port_from_text(text)
