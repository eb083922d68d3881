import pytest

from kdns.corefile.gotemplate.failures import Problem
from kdns.corefile.gotemplate.numbers import parse_unsigned


@pytest.mark.parametrize(
    ("text", "base", "bits", "number"),
    [
        ("7b", 16, 8, 123),
        ("FF", 16, 8, 255),
        ("0b1", 16, 16, 0xB1),
        ("zz", 36, 64, 35 * 37),
        ("0000255", 10, 8, 255),
        ("18446744073709551615", 10, 0, 2**64 - 1),
        ("0x1F", 0, 64, 31),
        ("017", 0, 64, 15),
        ("0b1_01", 0, 64, 5),
        ("0", 0, 64, 0),
        ("0", 10, 1, 0),
    ],
)
def test_a_number_is_read(text: str, base: int, bits: int, number: int) -> None:
    assert parse_unsigned(text, base, bits) == number


@pytest.mark.parametrize(
    ("text", "base", "bits", "reason"),
    [
        ("", 10, 8, "invalid syntax"),
        ("-1", 10, 8, "invalid syntax"),
        ("+1", 10, 8, "invalid syntax"),
        (" 1", 10, 8, "invalid syntax"),
        ("1_0", 10, 8, "invalid syntax"),
        ("0x1f", 16, 8, "invalid syntax"),
        ("8", 8, 8, "invalid syntax"),
        ("08", 0, 8, "invalid syntax"),
        ("1__0", 0, 8, "invalid syntax"),
        ("٣", 10, 8, "invalid syntax"),
        ("256", 10, 8, "value out of range"),
        ("9" * 10_000, 10, 64, "value out of range"),
        ("1", 1, 8, "invalid base 1"),
        ("1", 37, 8, "invalid base 37"),
        ("1", 10, 65, "invalid bit size 65"),
    ],
)
def test_what_is_none_says_why_as_go_does(text: str, base: int, bits: int, reason: str) -> None:
    with pytest.raises(Problem) as caught:
        parse_unsigned(text, base, bits)
    assert str(caught.value) == f'strconv.ParseUint: parsing "{text}": {reason}'
