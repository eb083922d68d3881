from io import StringIO

import pytest

from kdns.wire.fields import Unexpected
from kdns.zones.tokens import entries

CASES = [
    ("a 1 IN A", [(False, "a 1 IN A")]),
    ("a\n\nb\n", [(False, "a"), (False, "b")]),
    ("a\r\nb\r\n", [(False, "a"), (False, "b")]),
    (" a\n\tb", [(True, "a"), (True, "b")]),
    ("; a\n  ; b\n\nc ; d", [(False, "c")]),
    ("a;b", [(False, "a")]),
    ("a (b\n c)d\ne", [(False, "a b c d"), (False, "e")]),
    ("a ( ; (\n b ; )\n) c", [(False, "a b c")]),
    ("a ((b\n)\n c)", [(False, "a b c")]),
    ("(\n a )", [(False, "a")]),
    (" (a\n b)", [(True, "a b")]),
    ("( )\na", [(False, "a")]),
    ('a "b\nc" d\ne', [(False, "a [b\nc] d"), (False, "e")]),
    ('a "b;\r\n(\\\n" (d\n"x") e', [(False, "a [b;\r\n(\\\n] d [x] e")]),
    ('a "b\n"', [(False, "a [b\n]")]),
    ('a "b c;()" d', [(False, "a [b c;()] d")]),
    ('a ""', [(False, "a []")]),
    ('a"b"c', [(False, "a [b] c")]),
    (r'"a\"b\\"', [(False, r"[a\"b\\]")]),
    (r"a\ b\;\(\"", [(False, r"a\ b\;\(\"")]),
    ("a\x0bb\x85c\u2028d", [(False, "a\x0bb\x85c\u2028d")]),
    ("", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_text_is_cut_into_entries(text: str, expected: list[tuple[bool, str]]) -> None:
    found = [
        (
            entry.indented,
            " ".join(f"[{token.text}]" if token.quoted else token.text for token in entry.tokens),
        )
        for entry in entries(StringIO(text))
    ]
    assert found == expected


def test_tokens_know_their_line() -> None:
    assert [
        [token.line for token in entry.tokens] for entry in entries(StringIO("a (\n\n b\n c )\n;\nd"))
    ] == [
        [1, 3, 4],
        [6],
    ]


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ('a\nb "c', 2, "a quoted string that is not closed"),
        ('a\n\n"b\n\nc', 3, "a quoted string that is not closed"),
        ('a "b\\"', 1, "a quoted string that is not closed"),
        ("a\nb\\", 2, "a backslash"),
        ("a\\\r\n", 1, "a backslash"),
        ("a (\n(\nb )", 1, "never closed"),
        ("a )", 1, "without its"),
    ],
)
def test_what_does_not_match_is_an_error_with_its_line(text: str, line: int, found: str) -> None:
    with pytest.raises(Unexpected) as caught:
        list(entries(StringIO(text)))
    assert caught.value.line == line
    assert found in caught.value.found
