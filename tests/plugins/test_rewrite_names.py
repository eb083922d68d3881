import pytest
import re2  # type: ignore[import-untyped]

from kdns.plugins._gotexts import name_text
from kdns.plugins._rewrite_names import PLAIN, mapped, matching, name_of, normalized
from kdns.wire.names import BadName, Name


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"\0", "."),
        (b"\3Www\7example\0", "Www.example."),
        (b"\3a.b\1\\\0", r"a\.b.\\."),
        (b"\6a b@;\xff\0", r"a\ b\@\;\255."),
        (b"\4$,=!\0", "$,=!."),
        (b"\2\0\t\0", r"\000\009."),
    ],
)
def test_a_name_has_the_backslashes_that_go_writes_and_is_found_again(octets: bytes, text: str) -> None:
    assert name_text(Name(octets)) == text
    assert name_of(text) == octets


@pytest.mark.parametrize("text", ["a..b.", ".a.", f"{'a' * 64}.", f"{'a.' * 128}"])
def test_a_text_that_is_no_name_is_told(text: str) -> None:
    with pytest.raises(BadName):
        name_of(text)


def test_a_text_without_a_final_dot_is_a_whole_name_and_umlauts_are_octets() -> None:
    assert name_of("ü.De") == b"\2\xc3\xbc\2De\0"


@pytest.mark.parametrize(
    ("text", "name"),
    [("A.b", "a.b."), ("a.b.", "a.b."), ("", "."), (".", "."), (r"a\.", r"a\.."), (r"a\\.", r"a\\.")],
)
def test_names_of_rules_are_in_lower_case_and_end_in_a_dot(text: str, name: str) -> None:
    assert normalized(text) == name


@pytest.mark.parametrize(
    ("way", "text", "renamed"),
    [
        ("exact", "b.", "x."),
        ("exact", "a.b.", None),
        ("prefix", "b.a.", "x.a."),
        ("prefix", "a.b.", None),
        ("suffix", "a.b.", "a.x."),
        ("suffix", "ab.", "ax."),
        ("suffix", "b.a.", None),
        ("substring", "b.ab.b.", "x.ax.x."),
        ("substring", "a.", None),
    ],
)
def test_a_way_of_matching_renames_what_it_means(way: str, text: str, renamed: str | None) -> None:
    assert PLAIN[way]("b.", "x.")(text) == renamed


@pytest.mark.parametrize(
    ("pattern", "new", "text", "renamed"),
    [
        (r"(.*)-(us)\.a\.", "{1}.{2}.x.", "ftp-us.a.", "ftp.us.x."),
        (r"(a)?(b)", "{1}{2}.", "b.", "b."),
        (r"(b)", "<{0}>{2}.", "a.b.c.", "<b>{2}."),
        (r"(.*)\.a\.", "{1}.", "{2}.a.", "{2}."),
        (r"^(\{2\})(x)", "{1}.", "{2}x.", "x."),
        ("b", "x.", "a.", None),
    ],
)
def test_a_regular_expression_renames_all_of_a_name(
    pattern: str, new: str, text: str, renamed: str | None
) -> None:
    assert matching(re2.compile(pattern), new)(text) == renamed


@pytest.mark.parametrize(
    ("text", "renamed"), [("b.c.", "x.y."), ("a.b.c.", "a.x.y."), ("ab.c.", None), ("c.", None)]
)
def test_a_name_is_mapped_with_all_that_are_below_it(text: str, renamed: str | None) -> None:
    assert mapped("b.c.", "x.y.")(text) == renamed
