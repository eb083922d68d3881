import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.wire import codes, names
from kdns.wire.fields import Token, Unexpected, is_absolute, octets_from_text, seconds_from_text
from kdns.wire.presentation import FIELDS, MAX_RDATA, canonical_rdata, rdata_from_text, rdata_to_text
from kdns.zones.tokens import entries

from .strategies import RDATA

ORIGIN = names.from_text("example.")


def read(text: str, origin: names.Name | None = ORIGIN) -> bytes:
    [entry] = entries(text.splitlines(keepends=True))
    return rdata_from_text(codes.type_from_text(entry.tokens[0].text), entry.tokens[1:], origin, 9)


SAME_AGAIN = [
    ("A 192.0.2.1", "192.0.2.1"),
    ("AAAA 2001:DB8::1", "2001:db8::1"),
    ("NS ns", "ns.example."),
    ("NS ns.", "ns."),
    ("CNAME @", "example."),
    (r"CNAME \@", r"\064.example."),
    (r"PTR a\.b\046c.", r"a\046b\046c."),
    ("MX 010 mail", "10 mail.example."),
    ("SRV 0 5 53 dns", "0 5 53 dns.example."),
    ("SRV 0 0 0 .", "0 0 0 ."),
    ("SOA ns admin 1 1h 1h30m 1W 300", "ns.example. admin.example. 1 3600 5400 604800 300"),
    ('TXT a "b c" "" d\\;', '"a" "b c" "" "d;"'),
    (r'TXT "\"\\\000\200é"', r'"\"\\\000\200\195\169"'),
    ('TXT "a""b"c', '"a" "b" "c"'),
    (r'TXT "\#" 4', '"#" "4"'),
    ("HINFO PC Linux", '"PC" "Linux"'),
    ('HINFO "PC Linux"', '"PC" "Linux"'),
    ("HINFO PC", '"PC" ""'),
    ("HINFO PC very old", '"PC" "very old"'),
    ('HINFO ""', '"" ""'),
    ("DNAME a", "a.example."),
    ("NS é", r"\195\169.example."),
    (r"NS \é\\é\..", r"\195\169\092\195\169\046."),
    ("TXT " + "a" * 300, f'"{"a" * 255}" "{"a" * 45}"'),
    (r'TXT "\25" \1 \é', '"25" "1" "\\195\\169"'),
    (r"TXT \# 3 02 6162", '"ab"'),
    (r"A \# 4 0a000001", "10.0.0.1"),
    (r"TYPE65280 \# 3 0A00 ff", r"\# 3 0a00ff"),
    (r"TYPE65280 \# 0", r"\# 0"),
    ('CAA 0 issue "ca"', r"\# 9 000569737375656361"),
]


@pytest.mark.parametrize(("text", "printed"), SAME_AGAIN)
def test_rdata_is_printed_absolute_and_quoted(text: str, printed: str) -> None:
    assert rdata_to_text(codes.type_from_text(text.split()[0]), read(text)) == printed


WRONG = [
    ("A 1.2.3", "expected an IPv4 address"),
    ("A 01.2.3.4", "expected an IPv4 address"),
    ('A "1.2.3.4"', 'found the string "1.2.3.4", expected an IPv4 address'),
    ("A 1.2.3.4 5", "found 5, expected the end of the record"),
    ("A", "found the end of the record, expected an IPv4 address"),
    ("AAAA 1::2::3", "expected an IPv6 address"),
    ("AAAA fe80::1%eth0", "with a scope"),
    ("NS a..b", "empty label"),
    ("NS " + "a" * 64, "longer than 63"),
    (r"NS a\25", "three digits"),
    ("MX 65536 a", "more than 65535"),
    ("MX -1 a", "expected a number up to 65535"),
    ("MX ² a", "expected a number up to 65535"),
    ("MX 1_0 a", "expected a number up to 65535"),
    ("SOA a b 4294967296 1 1 1 1", "more than 4294967295"),
    ("SOA a b 1 1x 1 1 1", "expected a time in seconds"),
    ("TXT", "expected a string"),
    ("HINFO a " + "a" * 256, "256 octets"),
    ("HINFO", "expected a CPU and an OS"),
    (r'TXT "\256"', "three digits up to 255"),
    (r"TXT \# 1 01", "RDATA of type TXT ends within"),
    (r"A \# 4 0a00", "found 2 octets, expected the 4 that were announced"),
    (r"A \#", "found the end of the record, expected a number up to 65535"),
    (r"A \# 1 0", "expected an even number of hexadecimal digits"),
    ("TYPE65280 00", "found 00 (generic rdata does not start"),
    ("LOC 1 2 3", "expected RDATA of type LOC"),
    ("LOC", "found the end of the record, expected RDATA of type LOC"),
    ("DS 1 RSASHA x ab", "found RSASHA (not a number), expected an algorithm of DNSSEC"),
    ("DS 1 8 2", "expected an even number of hexadecimal digits"),
    ("DNSKEY 1 3 8 a", "expected octets in base64"),
    ("RRSIG FOO 1 1 1 1 1 1 . aaaa", "found FOO (unknown type FOO), expected a type"),
    ("RRSIG A 1 1 1 20201301000000 1 1 . aaaa", "expected a time, YYYYMMDDHHmmSS"),
    ("NSEC a A FOO", "unknown type FOO"),
    ("TXT" + " a" * MAX_RDATA, f"at most {MAX_RDATA}"),
]


@pytest.mark.parametrize(("text", "message"), WRONG, ids=[text[:20] for text, _ in WRONG])
def test_what_is_no_rdata_is_an_error_that_says_why(text: str, message: str) -> None:
    with pytest.raises(Unexpected) as caught:
        read(text)
    assert message in str(caught.value)


def test_an_error_has_the_line_of_its_token() -> None:
    with pytest.raises(Unexpected) as caught:
        read("SOA ( a b\n 1 2\n x 4 5 )")
    assert caught.value.line == 3


def test_a_missing_field_is_on_the_line_given() -> None:
    with pytest.raises(Unexpected) as caught:
        read("MX 10")
    assert caught.value.line == 9


def test_a_relative_name_needs_an_origin() -> None:
    assert read("NS a.", None) == b"\1a\0"
    with pytest.raises(Unexpected, match="no origin"):
        read("NS a", None)


@pytest.mark.parametrize("rtype", FIELDS)
@given(data=st.data())
def test_rdata_survives_its_presentation(rtype: int, data: st.DataObject) -> None:
    rdata = data.draw(RDATA[rtype])
    [entry] = entries([rdata_to_text(rtype, rdata)])
    assert rdata_from_text(rtype, entry.tokens, None) == rdata


@pytest.mark.parametrize("rtype", FIELDS)
@given(octets=st.binary(max_size=40))
def test_any_octets_are_printed_or_a_value_error(rtype: int, octets: bytes) -> None:
    try:
        text = rdata_to_text(rtype, octets)
    except ValueError:
        return
    [entry] = entries([text])
    assert rdata_from_text(rtype, entry.tokens, None) == octets


def test_compressed_names_and_trailing_octets_are_no_rdata() -> None:
    for octets in (b"\xc0\x0c", b"\1a\0x", b"\1a", b"", b"\x01a" * 127 + b"\x01a\0"):
        with pytest.raises(ValueError, match=r"NS|uncompressed|longer"):
            rdata_to_text(codes.NS, octets)


def test_a_type_without_a_row_is_printed_in_hexadecimal() -> None:
    assert rdata_to_text(65280, b"\x0a\0") == r"\# 2 0a00"
    assert rdata_to_text(65280, b"") == r"\# 0"


def test_canonical_rdata_folds_names_only() -> None:
    assert canonical_rdata(codes.MX, b"AA\1B\0") == b"AA\1b\0"
    assert canonical_rdata(codes.TXT, b"\1A") == b"\1A"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("300", 300), ("1h", 3600), ("1H30m", 5400), ("1w1d1s", 691201), ("1h30", 3630)],
)
def test_times_may_have_units(text: str, seconds: int) -> None:
    assert seconds_from_text(text, 10**6) == seconds


@pytest.mark.parametrize("text", ["", "h", "h1", "-1", "1h3x", "1 h", "1ſ", "²", "1000001", "12d"])
def test_what_is_no_time_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a time|more than"):
        seconds_from_text(text, 10**6)


@pytest.mark.parametrize(
    ("text", "absolute"),
    [("a.", True), (r"a\.", False), (r"a\\.", True), ("a", False), (".", True), ("", False)],
)
def test_a_quoted_dot_does_not_end_a_name(text: str, absolute: bool) -> None:
    assert is_absolute(text) is absolute


def test_escapes_are_decimal() -> None:
    assert octets_from_text(r"\065\200\"x\\") == b'A\xc8"x\\'


def test_a_long_or_unprintable_token_is_shortened_in_messages() -> None:
    assert str(Token("a" * 100)) == "a" * 60 + "..."
    assert str(Token("\x1b[", quoted=True)) == r'the string "\x1b["'
