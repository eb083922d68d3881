"""kdns.sources.largefiles and scanner: a file in pieces says what it says as a whole, and is never held."""

import json
import os
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.sources.documents import (
    Broken,
    Document,
    Head,
    JsonDocument,
    ListDocument,
    TreeDocument,
    documents,
)
from kdns.sources.drafts import read_contents
from kdns.sources.fields import NotUnderstood
from kdns.sources.largefiles import documents_in
from kdns.sources.pieces import PIECE, FileChanged
from kdns.sources.shapes import ServiceShape
from tests.sources.builders import ALL, pod, service


def told(document: Document) -> object:
    """Return all that anyone can learn of a document."""
    if isinstance(document, Broken):
        return document.reason
    items = attempt(lambda: [content(item) for item in document.items()])
    return attempt(lambda: document.read(Head)), attempt(lambda: document.read(ServiceShape)), items


def attempt(ask: Callable[[], object]) -> object:
    try:
        return ask()
    except NotUnderstood as error:
        return f"not understood: {error}"


def content(item: JsonDocument | TreeDocument) -> object:
    return bytes(item.raw).strip() if isinstance(item, JsonDocument) else item.tree


def as_whole(raw: bytes, is_json: bool) -> list[tuple[int, object]]:
    return [(number, told(document)) for number, document in documents(raw, is_json)]


def in_pieces(raw: bytes, is_json: bool, size: int) -> list[tuple[int, object]]:
    with tempfile.TemporaryFile() as file:
        file.write(raw)
        file.seek(0)
        return [(number, told(document)) for number, document in documents_in(file, is_json, size)]


texts = st.sampled_from(["", "a", "kind", "items", "\n{", '"', "\\", "]", "ä" * 5, "x" * 70, "\n    },\n"])
leaves = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False) | texts
fields = st.sampled_from(["apiVersion", "kind", "metadata", "name", "spec", "items", "{", "x"])
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(fields, inner, max_size=4),
    max_leaves=12,
)
objects = st.builds(service, st.sampled_from(["a", "b", "c" * 100])) | st.builds(pod) | values


@st.composite
def lists(draw: st.DrawFn) -> dict[str, Any]:
    members = {
        "apiVersion": draw(st.just("v1") | values),
        "items": draw(st.lists(objects, max_size=8) | values),
        "kind": draw(st.sampled_from(["List", "ServiceList"]) | values),
        "metadata": draw(st.just({"resourceVersion": ""}) | values),
    } | draw(st.dictionaries(fields, values, max_size=1))
    return {name: members[name] for name in draw(st.permutations(sorted(members)))}


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Draw JSON documents as people and programs print them."""
    text = ""
    for tree in draw(st.lists(lists() | objects, min_size=1, max_size=3)):
        indent = draw(st.sampled_from([None, 0, 1, 4]))
        text += json.dumps(tree, indent=indent, ensure_ascii=draw(st.booleans()))
        text += draw(st.sampled_from(["\n", "", " ", "\r\n", "\n\n"]))
    if draw(st.booleans()):
        text = text.replace(
            '"items"', draw(st.sampled_from(['"it\\u0065ms"', '"items" ', '"items":[{}],"items"']))
        )
    begin = draw(st.sampled_from(["", "", "", "\ufeff", " \n", "\v"]))
    return (begin + text).encode(draw(st.sampled_from(["utf-8"] * 9 + ["utf-16"])))


MARKS = b'{|}|[|]|,|:|"|\\|\\ud800|\\u|tru|-|1.|0|null|{"a":1}|}\n{|,\n}|\n|\xff|\x00|\x0b|'.split(b"|")
DAMAGE = st.sampled_from([*MARKS, b"[" * 2000])


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Draw a file in which a few places were cut out, overwritten or moved."""
    raw = draw(files())
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(raw)))
        stop = start + draw(st.sampled_from([0, 0, 1, 2, 30, len(raw)]))
        raw = raw[:start] + draw(DAMAGE | st.just(raw[start : start + 50] * 2)) + raw[stop:]
    return raw


@given(damaged(), st.booleans(), st.sampled_from([3, 7, 40, 64, 100, 300, 1000]))
def test_a_file_in_pieces_says_what_it_says_as_a_whole(raw: bytes, is_json: bool, size: int) -> None:
    assert in_pieces(raw, is_json, size) == as_whole(raw, is_json)


@pytest.mark.parametrize(
    "text",
    [
        '{"kind": "List", "items": [{}, {"a": 1}, ]}',
        '{"kind": "List", "items": [{}, {"a": 1} {"b": 2}]}',
        '{"kind": "List", "items": [{}, {"a": 1},\n {"b"',
        '{"kind": "List", "items": [{}, {"a": 1}],\n "b": 2,}\n{"kind": "List"}',
        '{"kind": "List", "items": [{}, {"a": 1}]\n "b": 2}\n{"kind": "List"}',
        '{"kind": "List",\n"items": [\n{"a": 1},\n{"b": 2, },\n{"c": 3}\n]\n}\n',
        '{"kind": "List", "items": [{}, {"a": 1}],\n "b": [' + "1, " * 500 + "1, tru]}",
        '{"kind": "List", "items": [1, 2, 3' + "0" * 100 + ' 4, "x"]}',
        '[{"kind": "List"}, {"items": [1,\n2]}, tru]',
        '{"items": [1, 2], "items": 7}',
        '{"items": [1, 2], "it\\u0065ms": [3]}',
        '{"items": [1, 2], "items": []}',
        '{"items": {"a": 1}, "kind": "List"}',
    ],
)
@pytest.mark.parametrize("size", [1, 10, 30])
def test_what_is_broken_is_named_as_in_the_whole(text: str, size: int) -> None:
    assert in_pieces(text.encode(), True, size) == as_whole(text.encode(), True)


@pytest.mark.parametrize("indent", [None, 4])
@pytest.mark.parametrize("broken", [False, True])
def test_a_large_list_is_never_held(tmp_path: Path, indent: int | None, broken: bool) -> None:
    trees = [pod(f"pod-{number}") | {"padding": "x" * 8000} for number in range(1000)]
    text = json.dumps({"apiVersion": "v1", "items": trees, "kind": "List"}, indent=indent)
    path = tmp_path / "a.json"
    path.write_text(text[:-10] if broken else text)
    del trees, text
    tracemalloc.start()
    contents = read_contents(path, ALL)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(contents.drafts) == (0 if broken else 1000)
    assert contents.is_torn == broken
    assert most < 6 * PIECE < path.stat().st_size / 5


def _large(tmp_path: Path) -> Path:
    path = tmp_path / "a.json"
    trees = [service(f"web-{number}") | {"padding": "x" * 8000} for number in range(100)]
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": trees}))
    return path


def _opened_lists(file: BinaryIO) -> list[ListDocument]:
    return [
        document for _, document in documents_in(file, is_json=True) if isinstance(document, ListDocument)
    ]


def test_a_file_that_changes_while_it_is_read_is_known_by_it(tmp_path: Path) -> None:
    path = _large(tmp_path)
    with path.open("rb") as file, pytest.raises(FileChanged):
        for _ in documents_in(file, is_json=True):
            os.utime(path, (1, 1))


def test_a_file_that_is_cut_short_while_it_is_read_is_known_by_it(tmp_path: Path) -> None:
    path = _large(tmp_path)
    with path.open("rb") as file:
        [only] = _opened_lists(file)
        os.truncate(path, 1000)
        with pytest.raises(FileChanged):
            list(only.items())


def test_of_a_file_that_changes_while_it_is_read_everything_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _large(tmp_path)
    before = read_contents(path, ALL)
    read = ListDocument.items

    def meanwhile(document: ListDocument) -> Any:
        os.truncate(path, 400_000)
        return read(document)

    monkeypatch.setattr(ListDocument, "items", meanwhile)
    after = read_contents(path, ALL, before=before)
    assert after.is_torn
    assert after.drafts == before.drafts
    assert [str(problem) for problem in after.problems] == [f"{path}: changed while it was being read"]
