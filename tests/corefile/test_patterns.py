"""kdns.corefile.patterns: what Go takes is taken, what it refuses is refused, and no text takes long."""

import subprocess
import sys

import pytest

from kdns.corefile.errors import CorefileError
from kdns.corefile.patterns import MAX_PATTERN, pattern
from kdns.corefile.values import Position, Word

PLACE = Position("f", 1, 1)
ACCENT, BROKEN = "\u00e9", "\ud800"


def word(text: str) -> Word:
    return Word(text, PLACE)


@pytest.mark.parametrize(
    ("written", "text", "groups"),
    [
        ("timeout$", "read udp: i/o timeout", ()),
        ("timeout", "a timeout in the middle", ()),
        ("^(read|write) (udp|tcp)(6)? ", "read udp 127.0.0.1", ("read", "udp", None)),
        ("(?P<a>x+)-(?<b>y+)", "xx-yy", ("xx", "yy")),
        (r"(\pL+)\.", f"{ACCENT}a.b", (f"{ACCENT}a",)),
        ("(?i)(REFUSED)", "refused", ("refused",)),
        (r"\Q\C.\E(.)", r"\C.x", ("x",)),
        (r"\\C(.)", r"\Cx", ("x",)),
        ("(?U)(a+)", "aaa", ("a",)),
        (f"[{'x' * (MAX_PATTERN - 2)}]", "x", ()),
    ],
)
def test_a_pattern_is_found_anywhere_and_tells_its_groups(
    written: str, text: str, groups: tuple[str | None, ...]
) -> None:
    found = pattern(word(written)).search(text)
    assert found is not None
    assert found.groups() == groups
    assert [found.group(number) for number in range(1, len(groups) + 1)] == list(groups)
    assert pattern(word(written)).pattern == written


def test_a_group_has_a_name() -> None:
    found = pattern(word("(?P<proto>udp|tcp)")).search("read tcp")
    assert found is not None
    assert (found.group("proto"), found.group()) == ("tcp", "tcp")


@pytest.mark.parametrize(("written", "text"), [("^a$", "ba"), ("^b$", "a\nb"), ("a.b", "a\nb"), ("A", "a")])
def test_a_pattern_that_does_not_match_is_not_found(written: str, text: str) -> None:
    assert pattern(word(written)).search(text) is None


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("a(", "found 'a(' ('missing ): a('), expected a regular expression as in Go"),
        ("[z-a]", "found '[z-a]' ('invalid character class range: z-a'), expected a regular expression"),
        ("(?=x)", "found '(?=x)' ('invalid perl operator: (?='), expected a regular expression"),
        ("a{1001}", "found 'a{1001}' ('invalid repetition size: {1001}'), expected a regular expression"),
        (r"(a)\1", r"found '(a)\\1' ('invalid escape sequence: \\1'), expected a regular expression"),
        (r"a\C", r"found 'a\\C' ('invalid escape sequence: \\C'), expected a regular expression"),
        (r"\\\C", "'invalid escape sequence"),
        (r"\Qa\E\C", "'invalid escape sequence"),
        (BROKEN, r"found '\ud800' ('invalid UTF-8'), expected a regular expression"),
        ("x" * (MAX_PATTERN + 1), "found 10001 octets, expected a regular expression as in Go, of at most"),
        (ACCENT * (MAX_PATTERN // 2 + 1), "found 10002 octets, expected"),
        ("(a\n" + "x" * 99, r"found '(a\nxxx"),
    ],
)
def test_what_is_no_regular_expression_is_an_error_at_the_word(written: str, message: str) -> None:
    with pytest.raises(CorefileError) as caught:
        pattern(word(written))
    assert caught.value.position == PLACE
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


A_LOT = "a" * 65536


@pytest.mark.parametrize(
    "written",
    [
        "(a*)*b",
        "(a+)+$b",
        "(a|aa)+$b",
        "(a|a?)+b",
        "(.*)*x.*y",
        ".*.*=.*",
        "(a+a+)+y",
        "([a-zA-Z]+)*!",
        "(.*?,){11}P",
        "(?:a?){25}a{25}b",
    ],
)
def test_a_pattern_that_others_never_end_with_ends(written: str) -> None:
    assert pattern(word(written)).search(A_LOT) is None


def test_re2_says_nothing_on_standard_error() -> None:
    read = (
        "from kdns.corefile import errors, patterns, values\n"
        "word = values.Word('a(', values.Position('f', 1, 1))\n"
        "try: patterns.pattern(word)\n"
        "except errors.CorefileError: print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", read], capture_output=True, check=True, text=True)
    assert (done.stdout, done.stderr) == ("refused\n", "")


def test_re2_is_not_imported_for_a_corefile_without_patterns() -> None:
    read = "import sys, kdns.plugins.errors; sys.exit('re2' in sys.modules)"
    subprocess.run([sys.executable, "-c", read], check=True)
