"""kdns.sources.files: which files are found, once each, and when a look differs."""

import os
from pathlib import Path

import pytest

from kdns.sources.files import Failure, look


def found(*paths: Path) -> list[str]:
    return [path.name for path in look(paths).files]


def touch(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_folders_are_read_to_the_bottom_by_name(tmp_path: Path) -> None:
    for name in ("b/z.yaml", "b/a/y.json", "a.yml", "c.yaml", "README.md", "b/x.txt"):
        touch(tmp_path / name)
    assert found(tmp_path) == ["a.yml", "y.json", "z.yaml", "c.yaml"]


def test_named_files_are_read_whatever_their_ending_and_in_the_order_given(tmp_path: Path) -> None:
    first, second = touch(tmp_path / "dump.txt"), touch(tmp_path / "a.yaml")
    assert found(first, second) == ["dump.txt", "a.yaml"]


def test_hidden_entries_are_left_out_unless_named(tmp_path: Path) -> None:
    for name in (".a.yaml.swp", ".hidden.yaml", ".git/b.yaml"):
        touch(tmp_path / name)
    (tmp_path / ".#a.yaml").symlink_to("somebody@host.1234")
    assert look([tmp_path]) == ({}, {})
    assert found(tmp_path / ".hidden.yaml") == [".hidden.yaml"]


def test_a_configmap_volume_is_read_once_and_its_swap_is_seen(tmp_path: Path) -> None:
    touch(tmp_path / "..2026_01/a.yaml", "old")
    touch(tmp_path / "..2026_02/a.yaml", "new")
    (tmp_path / "..data").symlink_to("..2026_01")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    before = look([tmp_path])
    (tmp_path / "..tmp").symlink_to("..2026_02")
    (tmp_path / "..tmp").rename(tmp_path / "..data")
    after = look([tmp_path])
    assert list(before.files) == list(after.files) == [tmp_path / "a.yaml"]
    assert before != after


def test_what_is_reached_twice_counts_once(tmp_path: Path) -> None:
    file = touch(tmp_path / "folder/a.yaml")
    (tmp_path / "folder/b.yaml").symlink_to("a.yaml")
    (tmp_path / "folder/self").symlink_to(".")
    assert found(tmp_path, tmp_path / "folder", file) == ["a.yaml"]


@pytest.mark.parametrize("change", ["write", "replace", "touch", "chmod", "delete", "add"])
def test_every_change_makes_another_look(tmp_path: Path, change: str) -> None:
    file = touch(tmp_path / "a.yaml", "1")
    before = look([tmp_path])
    assert look([tmp_path]) == before
    match change:
        case "write":
            file.write_text("22")
        case "replace":
            touch(tmp_path / "b.tmp", "2").rename(file)
        case "touch":
            os.utime(file, (1, 1))
        case "chmod":
            file.chmod(0o600)
        case "delete":
            file.unlink()
        case "add":
            touch(tmp_path / "b.yaml")
    assert look([tmp_path]) != before


def test_what_cannot_be_read_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "dangling.yaml").symlink_to("nowhere")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    os.mkfifo(tmp_path / "pipe.yaml")
    assert look([tmp_path, tmp_path / "missing"]).failures == {
        tmp_path / "dangling.yaml": Failure("No such file or directory", is_gone=True),
        tmp_path / "loop.yaml": Failure("Too many levels of symbolic links"),
        tmp_path / "pipe.yaml": Failure("neither a file nor a folder"),
        tmp_path / "missing": Failure("No such file or directory", is_gone=True),
    }
