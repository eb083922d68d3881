import pytest

from kdns.corefile.errors import CorefileError
from kdns.corefile.lexer import lex

WORDS = [
    ("", []),
    ("a  b\tc\n\nd", ["a", "b", "c", "d"]),
    ("\ufeffa \ufeffb", ["a", "\ufeffb"]),
    ("a # b c\nd#e f\n#g\nh", ["a", "d", "f", "h"]),
    ("a\r\nb\rc \r d\r", ["a", "bc", "d"]),
    ("a\x0bb\x0cc\x85d\xa0e\u2003f\u3000g", ["a", "b", "c", "d", "e", "f", "g"]),
    ("a\x1cb\u200bc", ["a\x1cb\u200bc"]),
    ('"a b"c "" "#"', ["a b", "c", "", "#"]),
    (r'"a\"b\c\\d" "\\"', ['a"b\\c\\\\d', "\\\\"]),
    ('"a\n  b\r\n" c', ["a\n  b\r\n", "c"]),
    ('a"b c"', ['a"b', 'c"']),
    ("a\\\nb", ["a\\", "b"]),
    ("{}{ {", ["{}{", "{"]),
]


@pytest.mark.parametrize(("text", "words"), WORDS)
def test_words_are_cut_as_caddy_cuts_them(text: str, words: list[str]) -> None:
    assert [word.text for word in lex(text, "f").words] == words


def test_every_word_knows_its_place_and_the_end_too() -> None:
    text = lex('a "b\nc" d\n  é x#y\n', "f")
    places = [(str(word.position), word.text, word.is_quoted, word.starts_line) for word in text.words]
    assert places == [
        ("f:1:1", "a", False, True),
        ("f:1:3", "b\nc", True, False),
        ("f:2:4", "d", False, False),
        ("f:3:3", "é", False, True),
        ("f:3:5", "x", False, False),
    ]
    assert str(text.end) == "f:4:1"


def test_what_a_comment_cuts_off_a_word_is_noticed() -> None:
    assert [str(notice) for notice in lex("a\n b#c d", "f").notices] == [
        "f:2:2: '#c' is dropped here: quote a word with a # in it"
    ]


def test_a_quote_that_is_never_closed_is_an_error_at_the_quote() -> None:
    with pytest.raises(CorefileError) as caught:
        lex('a\n b "c\\" d\ne', "f")
    assert str(caught.value) == 'f:2:4: found a " that is never closed, expected a second " after it'
