from pathlib import Path

import pytest
from hypothesis import given

from kdns.wire import names
from kdns.zones.masterfile import MasterFileError, load_zone, read_zone

from .oracle import contents, parsed_by_dnspython
from .strategies import nearly_zones

ORIGIN = names.from_text("example.")
APEX = "@ 3600 IN SOA ns admin 1 7200 3600 1209600 300\n@ 3600 IN NS ns\n"

SAME_AS_DNSPYTHON = {
    "class before TTL": APEX + "a IN 300 A 192.0.2.1\n",
    "lower case": "@ 3600 in soa ns admin 1 2 3 4 5\n@ 3600 in ns ns\na 300 in a 192.0.2.1\n",
    "no class": "@ 3600 SOA ns admin 1 2 3 4 5\n@ 3600 NS ns\n",
    "TTL with units": APEX + "a 1h30m IN A 192.0.2.1\nb IN 1D A 192.0.2.2\n",
    "$TTL": "$TTL 1h\n@ SOA ns admin 1 2 3 4 5\n NS ns\n$TTL 60\na 5 A 192.0.2.1\nb A 192.0.2.2\n",
    "SOA's minimum where nothing is stated": "@ SOA ns a 1 2 3 4 500\n NS ns\na 5 A 1.2.3.4\nb A 1.2.3.5\n",
    "blank owner": APEX + "a 300 A 192.0.2.1\n 300 AAAA ::1\n\n\t300 TXT x\n",
    "blank owner after $ORIGIN": APEX + "a 300 A 192.0.2.1\n$ORIGIN sub\n 300 AAAA ::1\nb 300 A 192.0.2.1\n",
    "relative $ORIGIN": APEX
    + "$ORIGIN a\n@ 300 A 192.0.2.1\n$ORIGIN b\nc 300 MX 1 d\n$ORIGIN example.\ne 1 A 1.2.3.4\n",
    "parentheses": "@ 3600 IN SOA ns admin (2024 ; serial\n 7200 3600\n\t1209600 300)\n@ 3600 NS ns\n",
    "owner in parentheses": "( @ 3600 IN SOA ns admin 1 2 3 4 5\n)\n( @\n 3600 NS ns )\n",
    "no final newline": APEX + "a 300 A 192.0.2.1",
    "comments": "; x\n" + APEX + '  ; y\na 300 TXT "a;b" ; c\n',
    "escapes in names": APEX + r"a\.b.c\046d\@\032\\ 300 PTR \097\(x\;.\"y.",
    "escapes in strings": APEX + r'a 300 TXT "\065\"\\\200\;" un\ quoted\"' + "\n",
    "UTF-8 in strings": APEX + 'a 300 TXT "é"\n',
    "wildcards": APEX + "* 300 A 192.0.2.1\n*.a 300 CNAME b\n_x._tcp 300 SRV 0 0 53 *\n",
    "duplicates": APEX
    + "a 300 A 192.0.2.1\nA 300 A 192.0.2.1\nb 300 NS Ns\nb 300 NS nS\na 300 A 192.0.2.2\n",
    "SOA not first": "@ 3600 NS ns\na 300 A 192.0.2.1\n@ 3600 IN SOA ns admin 1 2 3 4 5\n",
    "absolute names": APEX + "A.EXAMPLE. 300 CNAME elsewhere.\n",
}


@pytest.mark.parametrize("text", SAME_AS_DNSPYTHON.values(), ids=SAME_AS_DNSPYTHON)
def test_a_zone_is_read_as_dnspython_reads_it(text: str) -> None:
    assert contents(read_zone(text, "db", ORIGIN).rrsets()) == parsed_by_dnspython(text, ORIGIN)


@pytest.mark.parametrize("text", SAME_AS_DNSPYTHON.values(), ids=SAME_AS_DNSPYTHON)
def test_line_ends_may_be_crlf(text: str) -> None:
    assert read_zone(text.replace("\n", "\r\n"), "db", ORIGIN) == read_zone(text, "db", ORIGIN)


TTLS = [
    ("the record's own", "a 5 A 192.0.2.1", 5),
    ("$TTL's, whatever was stated before", "$TTL 60\nb 5 A 192.0.2.2\na A 192.0.2.1", 60),
    ("the last one stated", "b 5 A 192.0.2.2\na A 192.0.2.1", 5),
    ("the last one stated, even by the SOA", "a A 192.0.2.1", 3600),
    ("the first one's of its RRset", "a 5 A 192.0.2.1\na 9 A 192.0.2.2\na 3 A 192.0.2.3", 5),
    ("at most 2^31-1", "a 2147483647 A 192.0.2.1", 2147483647),
]


@pytest.mark.parametrize(("text", "ttl"), [case[1:] for case in TTLS], ids=[case[0] for case in TTLS])
def test_a_ttl_is(text: str, ttl: int) -> None:
    zone = read_zone(APEX + text, "db", ORIGIN)
    [rrset] = [rrset for rrset in zone.rrsets() if rrset.owner == b"\1a\7example\0"]
    assert rrset.ttl == ttl


def test_the_origin_is_the_owner_of_the_soa() -> None:
    zone = read_zone("Sub.Example. 1 SOA a. b. 1 2 3 4 5\nsub.example. 1 NS a.\n", "db")
    assert zone.origin == names.from_text("sub.example.")
    assert zone.soa.owner == names.from_text("Sub.Example.")


ERRORS = [
    (APEX + "a 300 A 1.2.3", 3, "expected an IPv4 address"),
    (APEX + "a 300 IN", 3, "found the end of the record, expected its type"),
    (APEX + "a", 3, "expected its type"),
    (APEX + "a foo A 1.2.3.4", 3, "found foo, expected a TTL, a class or a type"),
    (APEX + "a 1x A 1.2.3.4", 3, "expected a TTL"),
    (APEX + "a 2147483648 A 1.2.3.4", 3, "more than 2147483647"),
    (APEX + "a 300 300 A 1.2.3.4", 3, "found 300, expected a TTL, a class or a type"),
    (APEX + "a IN IN A 1.2.3.4", 3, "found IN"),
    (APEX + 'a 300 "A" 1.2.3.4', 3, 'found the string "A"'),
    (APEX + '"a" 300 A 1.2.3.4', 3, 'found the string "a", expected a domain name'),
    (APEX + "a 300 CH A 1.2.3.4", 3, "found class CH, expected class IN"),
    (APEX + "a 300 CAA 0 issue x", 3, "found type CAA, which is not supported yet"),
    (APEX + "a 300 TYPE65280 \\# 0", 3, "which is not supported yet"),
    (APEX + "a 300 A \\# 4 0A000001", 3, "RFC 3597, which is not supported yet"),
    (APEX + "$INCLUDE other", 3, "found $INCLUDE, which is not supported yet"),
    (APEX + "$generate 1-2 a$ A 1.2.3.$", 3, "found $GENERATE, which is not supported yet"),
    (APEX + "$foo", 3, "found $foo, expected one of $ORIGIN, $TTL"),
    (APEX + "$ORIGIN", 3, "found the end of $ORIGIN, expected a domain name"),
    (APEX + "$TTL 1 2", 3, "found 2, expected the end of $TTL"),
    (APEX + " $TTL 1", 3, "found $TTL, expected a TTL, a class or a type"),
    (APEX + "a..b 300 A 1.2.3.4", 3, "empty label"),
    (" 300 A 1.2.3.4", 1, "expected an owner name"),
    ("@ A 1.2.3.4", 1, "found a record without a TTL"),
    ("", 1, "no SOA"),
    ("a 300 A 1.2.3.4\nb 300 A 1.2.3.4", 2, "no SOA"),
    (APEX + "@ 3600 SOA other admin 1 2 3 4 5", 3, "another SOA at example., expected only one"),
    (APEX + "a 3600 SOA ns admin 1 2 3 4 5", 3, "another SOA at a.example."),
    (APEX + "a.other. 300 A 1.2.3.4", 3, "found a record at a.other., expected names in the zone example."),
    ("xample. 300 A 1.2.3.4\n" + APEX, 1, "found a record at xample."),
    (APEX + "a 300 CNAME b\n\nA 300 A 1.2.3.4", 5, "a CNAME beside other records at A.example."),
    (APEX + "a 300 A 1.2.3.4\na 300 CNAME b", 4, "a CNAME beside other records"),
    (APEX + "@ 300 CNAME b", 3, "a CNAME beside other records"),
    (APEX + "a 300 CNAME b\na 300 CNAME c", 4, "another CNAME at a.example."),
    ("\n@ 1 SOA ns admin 1 2 3 4 5", 2, "found no NS record at example."),
    (APEX + 'a 300 TXT "x', 3, "a quoted string that is not closed"),
    (APEX + "a 300 TXT (\nx", 3, "never closed"),
]


@pytest.mark.parametrize(("text", "line", "message"), ERRORS)
def test_an_error_says_where_and_what(text: str, line: int, message: str) -> None:
    with pytest.raises(MasterFileError) as caught:
        read_zone(text, "zones/db", ORIGIN)
    assert str(caught.value).startswith(f"zones/db:{line}: found ")
    assert message in str(caught.value)
    assert (caught.value.path, caught.value.line) == ("zones/db", line)


def test_a_relative_name_without_an_origin_is_an_error() -> None:
    with pytest.raises(MasterFileError, match=r"db:1: found a .*no origin"):
        read_zone("a 1 A 1.2.3.4", "db")


@given(nearly_zones)
def test_any_text_is_a_zone_or_a_master_file_error(text: str) -> None:
    for origin in (ORIGIN, None):
        try:
            read_zone(text, "db", origin)
        except MasterFileError as error:
            assert 1 <= error.line <= text.count("\n") + 1


_HUGE = 2**20
_DEEP = ".".join(["ab"] * 80)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "(" * _HUGE,
            '"' * _HUGE,
            "\\" * _HUGE,
            "a" * _HUGE,
            "a." * (_HUGE // 2),
            "\n" * _HUGE,
            "a\n" * (_HUGE // 2),
        ),
        *(
            "a. 1 TXT " + "a " * (_HUGE // 2),
            "a. 1 AAAA " + ":" * _HUGE,
            "a. " + "1s" * (_HUGE // 2),
            "$" * _HUGE,
        ),
        *('a. 1 TXT "' + "\\001" * (_HUGE // 4) + '"', "a. 1 NS " + "é" * _HUGE, "a. " + "1" * _HUGE + " A"),
        "$ORIGIN example.\n$TTL 1\n"
        + APEX
        + "".join(f"{_DEEP}.x{n} A 1.2.3.4\n" for n in range(_HUGE // 250)),
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_a_megabyte_of_anything_ends(text: str) -> None:
    # Work that grows with the square of these would hit the suite's time limit.
    try:
        read_zone(text, "db")
    except MasterFileError as error:
        assert len(str(error)) < 300


def test_load_zone_reads_utf_8_with_or_without_a_bom(tmp_path: Path) -> None:
    path = tmp_path / "db"
    for head in (b"", b"\xef\xbb\xbf"):
        path.write_bytes(head + (APEX + 'a 300 TXT "é"').encode())
        assert load_zone(path, ORIGIN) == read_zone(APEX + 'a 300 TXT "é"', "db", ORIGIN)


def test_load_zone_says_where_octets_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "db"
    path.write_bytes(APEX.encode() + b"a 300 TXT \xe9\n")
    with pytest.raises(MasterFileError, match=r"db:3: found the octet 0xe9, expected text in UTF-8"):
        load_zone(path, ORIGIN)


def test_load_zone_lets_os_errors_pass(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_zone(tmp_path / "none")
