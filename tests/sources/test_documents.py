"""kdns.sources.documents and yamltrees: how files are cut into documents, and what bounds that."""

import json

import msgspec
import pytest

from kdns.sources.documents import Broken, Head, JsonDocument, TreeDocument, documents
from kdns.sources.fields import NotUnderstood
from kdns.sources.yamltrees import MAX_ALIASED


def opened(raw: bytes | str, is_json: bool = False) -> list[object]:
    """Return each document's content, the reason in angle brackets for a broken one."""
    result: list[object] = []
    for _, document in documents(raw.encode() if isinstance(raw, str) else raw, is_json):
        match document:
            case JsonDocument():
                result.append(json.loads(bytes(document.raw)))
            case TreeDocument():
                result.append(document.tree)
            case Broken():
                result.append(f"<{document.reason}>")
    return result


@pytest.mark.parametrize(
    ("text", "contents"),
    [
        ("", []),
        ("# nothing\n", []),
        ("a: 1", [{"a": 1}]),
        ("a: 1\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("---\na: 1\n---\n---\n# empty\n---\nb: 2\n...\n", [{"a": 1}, {"b": 2}]),
        ("--- {a: 1}\n--- # comment\nb: 2", [{"a": 1}, {"b": 2}]),
        ("a: 1\r\n---\r\nb: 2\r\n", [{"a": 1}, {"b": 2}]),
        ("# first\n%YAML 1.1\n---\na: 1\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("a: |\n  --- text\n  ---\n", [{"a": "--- text\n---\n"}]),
        ("\ufeffa: 1", [{"a": 1}]),
    ],
)
def test_yaml_documents(text: str, contents: list[object]) -> None:
    assert [each for each in opened(text) if each is not None] == contents


def test_a_broken_document_spares_the_others_and_its_line_is_named() -> None:
    first, broken, last = opened("a: 1\n---\nb: 2\nc: [\n---\nd: 4\n")
    assert (first, last) == ({"a": 1}, {"d": 4})
    assert str(broken).startswith("<no YAML: line 5: ")


def test_empty_documents_count() -> None:
    assert [number for number, _ in documents(b"a: 1\n---\n---\nb: 2\n", is_json=False)] == [1, 3]


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("2026-01-01", "2026-01-01"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("2001:1:2:3:4:5:6:7", "2001:1:2:3:4:5:6:7"),
        ("=", "="),
        ("0x1F", 31),
        ("0644", 420),
        ("-12", -12),
        ("80", 80),
        ("yes", True),
        ("~", None),
        ("1.5", 1.5),
    ],
)
def test_yaml_scalars_are_what_kubectl_makes_of_them(scalar: str, value: object) -> None:
    assert opened(f"a: {scalar}") == [{"a": value}]


@pytest.mark.parametrize(
    "scalar",
    ["!!int ''", "!!bool x", "!!float x", "!!timestamp x", "!!python/name:os.system", "{? {} : 1}", "*a"],
)
def test_tags_that_do_not_fit_are_reasons(scalar: str) -> None:
    [only] = opened(f"a: {scalar}")
    assert str(only).startswith("<no YAML: ")


@pytest.mark.parametrize(
    ("text", "contents"),
    [
        ('{"a": 1}', [{"a": 1}]),
        ('\ufeff\n {"a": 1}\n\n', [{"a": 1}]),
        ('{"a": 1}\n{"b": 2}\n', [{"a": 1}, {"b": 2}]),
        ('{"a": 1}{"b": 2}', [{"a": 1}, {"b": 2}]),
        ('{\n  "a": {}\n}\n{\n  "b": "}\\"{"\n}\n', [{"a": {}}, {"b": '}"{'}]),
    ],
)
def test_json_documents(text: str, contents: list[object]) -> None:
    assert opened(text, is_json=True) == opened(text) == contents


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_byte_order_marks_are_understood(encoding: str) -> None:
    assert opened('{"a": "ä"}'.encode(encoding), is_json=True) == [{"a": "ä"}]
    assert opened("a: ä".encode(encoding)) == [{"a": "ä"}]


def test_a_broken_line_of_json_spares_the_others() -> None:
    first, broken, last = opened('{"a": 1}\n{"b": 2, }\n{"c": 3}\n', is_json=True)
    assert (first, last) == ({"a": 1}, {"c": 3})
    assert str(broken).startswith("<no JSON: line 2: ")


def test_flow_yaml_that_begins_like_json_is_yaml_unless_the_name_says_json() -> None:
    assert opened("{a: 1}") == [{"a": 1}]
    assert str(opened("{a: 1}", is_json=True)[0]).startswith("<no JSON")


@pytest.mark.parametrize("raw", [b"a: \xff", b"\xff\xfea"])
def test_octets_that_are_no_text_are_a_reason(raw: bytes) -> None:
    [only] = opened(raw)
    assert str(only).startswith("<no ")


def test_json_strings_are_checked_where_they_are_read() -> None:
    [(_, document)] = documents(b'{"kind": "\xff", "other": "\xff"}', is_json=True)
    assert isinstance(document, JsonDocument)
    with pytest.raises(NotUnderstood):
        document.read(Head)


def test_aliases_are_written_out() -> None:
    assert opened("a: &x {p: 1}\nb: *x\nc:\n  <<: *x\n  q: 2\n") == [
        {"a": {"p": 1}, "b": {"p": 1}, "c": {"p": 1, "q": 2}}
    ]


def _laughs(depth: int, line: str) -> str:
    return "l0: &l0 {a: 1}\n" + "".join(
        line.replace("@", str(n)).replace("#", str(n - 1)) for n in range(1, depth)
    )


@pytest.mark.parametrize(
    "text",
    [
        _laughs(10, "l@: &l@ [*l#, *l#, *l#, *l#, *l#, *l#, *l#, *l#, *l#, *l#]\n"),
        _laughs(100, "l@: &l@ {<<: [*l#, *l#]}\n"),
        "a: &a [*a]",
        "a: &a\n  b: *a",
        "big: &b [" + "1, " * 1000 + "]\nall: [" + "*b, " * (MAX_ALIASED // 1000 + 1) + "]",
    ],
    ids=["sequences", "merges", "itself", "itself in a mapping", "many"],
)
def test_aliases_that_repeat_too_much_are_refused(text: str) -> None:
    [only] = opened(text)
    assert "alias" in str(only)


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, '{"a":' * 100_000, "&a [*b, " * 900])
def test_deep_nesting_is_a_reason(text: str) -> None:
    assert all(str(each).startswith("<no ") for each in opened(text))


def test_json_items_stay_octets_until_asked() -> None:
    [(_, document)] = documents(b'{"items": [{"a": 1}, {"b": 2}]}', is_json=True)
    assert isinstance(document, JsonDocument)
    assert [type(item.raw) for item in document.items()] == [msgspec.Raw, msgspec.Raw]
