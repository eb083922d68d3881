"""kdns.sources.snapshot: what was written is read back, whole or not at all."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.cluster.objects import (
    ClusterObject,
    Endpoint,
    EndpointSlice,
    Namespace,
    Pod,
    Port,
    Service,
    ServiceKind,
)
from kdns.sources.snapshot import MAGIC, BadSnapshot, Header, Snapshot
from tests.builders import cluster_ip, endpoints, namespace, pod

_text = st.text(max_size=8)
_texts = st.lists(_text, max_size=3).map(tuple)
_ports = st.lists(st.builds(Port, _text, st.integers(-1, 65535), _text), max_size=2).map(tuple)
_endpoint = st.builds(Endpoint, _text, _text, _text, st.booleans())
ANYTHING: st.SearchStrategy[ClusterObject] = st.one_of(
    st.builds(
        Service, _text, _text, st.sampled_from(ServiceKind), _texts, _ports, _text, _texts, version=_text
    ),
    st.builds(
        EndpointSlice,
        _text,
        _text,
        _text,
        st.lists(_endpoint, max_size=3).map(tuple),
        _ports,
        st.floats(0, 1e10),
        _text,
    ),
    st.builds(Pod, _text, _text, _texts, st.booleans(), _text),
    st.builds(Namespace, _text, st.lists(st.tuples(_text, _text), max_size=2).map(tuple), _text),
)

FEW = (namespace(), cluster_ip("web", "10.96.0.1"), endpoints("web", "10.0.0.1 hostname=a", changed_at=1.5))
VERSIONS = {"Service": "12", "EndpointSlice": "13", "Namespace": ""}


def write(folder: Path, objects: Iterable[ClusterObject], versions: dict[str, str] | None = None) -> Snapshot:
    snapshot = Snapshot(folder)
    for _ in snapshot.write(objects, VERSIONS if versions is None else versions):
        pass
    return snapshot


def read(snapshot: Snapshot) -> tuple[Header, list[ClusterObject]]:
    found = snapshot.read()
    assert found is not None
    header, batches = found
    return header, [each for batch in batches for each in batch]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@given(objects=st.lists(ANYTHING, max_size=6), versions=st.dictionaries(_text, _text, max_size=3))
def test_any_objects_come_back(folder: Path, objects: list[ClusterObject], versions: dict[str, str]) -> None:
    header, found = read(write(folder, objects, versions))
    assert found == objects
    assert header.versions == versions


def test_many_objects_come_back_in_their_order_and_with_their_time(tmp_path: Path) -> None:
    many = [pod(f"p-{number}", "10.0.0.1") for number in range(1777)]
    snapshot = Snapshot(tmp_path)
    turns = sum(1 for _ in snapshot.write(many, {}))
    assert turns > 3, "the loop gets its turn in between"
    header, found = read(snapshot)
    assert found == many
    assert abs(header.taken_at - snapshot.path.stat().st_mtime) < 60


def test_nothing_is_not_an_error(tmp_path: Path) -> None:
    assert Snapshot(tmp_path).read() is None
    assert Snapshot(tmp_path / "none").read() is None
    assert read(write(tmp_path, []))[1] == []


def refusal(snapshot: Snapshot) -> str:
    """Return why a snapshot is refused, which names the file; fail if anything of it was taken."""
    with pytest.raises(BadSnapshot) as raised:
        read(snapshot)
    assert str(snapshot.path) in str(raised.value)
    return str(raised.value)


def test_a_file_damaged_at_any_octet_is_refused(tmp_path: Path) -> None:
    snapshot = write(tmp_path, FEW)
    whole = snapshot.path.read_bytes()
    for place in range(len(whole)):
        for value in (whole[place] ^ 0x01, whole[place] ^ 0xFF):
            snapshot.path.write_bytes(whole[:place] + bytes([value]) + whole[place + 1 :])
            refusal(snapshot)


def test_a_file_cut_anywhere_or_with_more_behind_is_refused(tmp_path: Path) -> None:
    snapshot = write(tmp_path, FEW)
    whole = snapshot.path.read_bytes()
    for length in range(len(whole)):
        snapshot.path.write_bytes(whole[:length])
        refusal(snapshot)
    snapshot.path.write_bytes(whole + b"\0")
    refusal(snapshot)


def sealed(*frames: bytes) -> bytes:
    """Return a file whose checksum is right, whatever it holds."""
    body = b"".join(frames)
    return MAGIC + hashlib.blake2b(body, digest_size=32).digest() + body


def frame(value: object) -> bytes:
    encoded = msgspec.msgpack.encode(value)
    return len(encoded).to_bytes(4, "big") + encoded


HEADER = frame(Header(1.0, {}))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a snapshot of this version"),
        (b"\0" * 4096, "not a snapshot of this version"),
        (b"kind: Service\n" * 10, "not a snapshot of this version"),
        (MAGIC.replace(b"1", b"0") + b"\0" * 100, "not a snapshot of this version"),
        (MAGIC.replace(b"1", b"2") + b"\0" * 100, "not a snapshot of this version"),
        (MAGIC, "damaged"),
        (MAGIC + b"\0" * 32, "damaged"),
        (sealed(), "no header"),
        (sealed(b"\0"), "no header"),
        (sealed(frame(7)), "no header"),
        (sealed(frame({"taken_at": "now", "versions": {}})), "no header"),
        (sealed(HEADER[:-1]), "no header"),
        (sealed(HEADER, b"\0\0"), "not understood"),
        (sealed(HEADER, frame([["Teleporter", "shop", "x"]])), "not understood"),
        (sealed(HEADER, frame([["Service", "shop", "x", "NodePort"]])), "not understood"),
        (sealed(HEADER, frame([["Service", "shop"]])), "not understood"),
        (sealed(HEADER, frame("text")), "not understood"),
        (sealed(HEADER, frame([])[:-1]), "not understood"),
    ],
    ids=lambda each: repr(each[-30:]),
)
def test_a_foreign_file_is_refused_with_its_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    snapshot = Snapshot(tmp_path)
    snapshot.path.write_bytes(content)
    assert reason in refusal(snapshot)


def test_a_folder_in_its_place_and_a_file_as_its_folder_are_refused(tmp_path: Path) -> None:
    Snapshot(tmp_path).path.mkdir()
    refusal(Snapshot(tmp_path))
    (tmp_path / "file").write_text("")
    refusal(Snapshot(tmp_path / "file"))


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    assert write(tmp_path, []).path.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    snapshot = write(tmp_path / "", FEW)
    tmp_path.chmod(0)
    try:
        refusal(snapshot)
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("turns", [0, 1, 2])
def test_a_write_that_is_given_up_leaves_the_old_snapshot_and_no_litter(tmp_path: Path, turns: int) -> None:
    old = write(tmp_path, FEW)
    writing = Snapshot(tmp_path).write([pod(f"p-{number}") for number in range(2000)], {})
    for _ in range(turns):
        next(writing)
    writing.close()
    assert read(old)[1] == [*FEW]
    assert [each.name for each in tmp_path.iterdir()] == ["cluster.snapshot"]


def test_a_write_that_fails_leaves_the_old_snapshot_and_no_litter(tmp_path: Path) -> None:
    old = write(tmp_path, FEW)

    def failing() -> Iterable[ClusterObject]:
        yield from FEW
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write(tmp_path, failing())
    assert read(old)[1] == [*FEW]
    assert [each.name for each in tmp_path.iterdir()] == ["cluster.snapshot"]


def test_the_new_snapshot_is_there_only_when_it_is_whole(tmp_path: Path) -> None:
    snapshot = Snapshot(tmp_path)
    for _ in snapshot.write([pod(f"p-{number}") for number in range(2000)], {}):
        assert snapshot.read() is None
    assert len(read(snapshot)[1]) == 2000


def test_what_a_killed_process_left_behind_is_no_snapshot(tmp_path: Path) -> None:
    (tmp_path / "cluster.12345.new").write_bytes(b"half of it")
    assert Snapshot(tmp_path).read() is None
    assert read(write(tmp_path, FEW))[1] == [*FEW]


@pytest.mark.parametrize("place", ["none", "file"])
def test_where_nothing_can_be_written_is_told_by_name(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=place):
        write(tmp_path / place, FEW)


def test_two_that_write_the_same_file_at_once_leave_one_that_is_whole(tmp_path: Path) -> None:
    first = Snapshot(tmp_path).write([pod(f"p-{number}") for number in range(2000)], {})
    second = Snapshot(tmp_path).write(FEW, {})
    for _ in zip(first, second, strict=False):
        pass
    for writing in (first, second):
        for _ in writing:
            pass
        assert read(Snapshot(tmp_path))[1]


def test_a_name_has_a_file_of_its_own(tmp_path: Path) -> None:
    assert Snapshot(tmp_path, "abc").path == tmp_path / "cluster-abc.snapshot"
