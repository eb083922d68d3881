from pathlib import Path

import pytest
from hypothesis import given

from kdns.wire import names
from kdns.zones.draft import WARNINGS
from kdns.zones.masterfile import Attendants, MasterFileError, load_zone, read_zone
from kdns.zones.writer import write_zone
from kdns.zones.zone import Zone

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
    "a class by its number": APEX + "a 300 CLASS1 A 192.0.2.1\nb CLASS1 300 A 192.0.2.1\n",
    "types by their number": APEX + "a 300 TYPE1 192.0.2.1\na 300 type65280 \\# 2 ab cd\n",
    "RDATA in hexadecimal": APEX + "a 300 A \\# 4 c0000201\na 300 MX ( \\# 3\n000a 00 )\n",
    "rare types": APEX
    + 'a 300 LOC 52 22 23 N 4 53 32 E -2m\na 300 CAA 0 issue "x"\na 300 HTTPS 1 . alpn="h2,h3"\n',
    "$GENERATE": APEX
    + "$GENERATE 1-9/4 a$ 60 IN A 192.0.2.$\n$generate 0-2 b${8,3,d}.c 60 CNAME a${-0,0,x}.${9,2,X}\n",
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
    ("at most 2^32-1", "a 4294967295 A 192.0.2.1", 4294967295),
    ("in units, and seconds", "a 1h30 A 192.0.2.1", 3630),
    ("of a generated record, $TTL's", "$TTL 60\n$GENERATE 1-1 a A 192.0.2.$", 60),
    ("of a generated record, the last one stated", "b 5 A 192.0.2.2\n$GENERATE 1-1 a A 192.0.2.$", 5),
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
    (APEX + "a 4294967296 A 1.2.3.4", 3, "more than 4294967295"),
    (APEX + "a 300 300 A 1.2.3.4", 3, "found 300, expected a TTL, a class or a type"),
    (APEX + "a IN IN A 1.2.3.4", 3, "found IN"),
    (APEX + 'a 300 "A" 1.2.3.4', 3, 'found the string "A"'),
    (APEX + '"a" 300 A 1.2.3.4', 3, 'found the string "a", expected a domain name'),
    (APEX + "a 300 CAA 0 issue x y", 3, "found y, expected the end of the record"),
    (APEX + "a 300 TYPE65280 0", 3, "found 0 (generic rdata does not start"),
    (APEX + "a 300 A \\# 5 0A000001", 3, "found 4 octets, expected the 5 that were announced"),
    (APEX + "$INCLUDE other", 3, "found other ([Errno 2] No such file"),
    (APEX + "$INCLUDE", 3, "found the end of $INCLUDE, expected a file"),
    (APEX + "$INCLUDE a b c", 3, "found c, expected the end of $INCLUDE"),
    (APEX + '$INCLUDE "a\0b"', 3, "embedded null byte"),
    (APEX + "$GENERATE 1-2", 3, "found the end of $GENERATE, expected a range and a record"),
    (APEX + "$GENERATE 2-1 a$ 1 TXT a", 3, "found 2-1, expected START-STOP"),
    (APEX + "$GENERATE 1-2/0 a$ 1 TXT a", 3, "found 1-2/0, expected START-STOP"),
    (APEX + "$GENERATE 0-65536 a$ 1 TXT a", 3, "at most 65536 numbers"),
    (APEX + "$GENERATE 1-2 a${x} 1 TXT a", 3, "found ${x}, expected ${OFFSET,WIDTH,BASE}"),
    (APEX + "$GENERATE 1-2 a${-2} 1 TXT a", 3, "found ${-2}"),
    (APEX + "$GENERATE 1-2 a${2147483646} 1 TXT a", 3, "found ${2147483646}"),
    (APEX + "$GENERATE 155-256 a$ 1 A 1.2.3.$", 3, "found 1.2.3.256"),
    (APEX + "$foo", 3, "found $foo, expected one of $ORIGIN, $TTL, $INCLUDE, $GENERATE"),
    (APEX + "$includ file", 3, "found $includ, expected one of $ORIGIN"),
    (APEX + "$ORIGIN", 3, "found the end of $ORIGIN, expected a domain name"),
    (APEX + "$TTL 1 2", 3, "found 2, expected the end of $TTL"),
    (APEX + " $TTL 1", 3, "found $TTL, expected a TTL, a class or a type"),
    (APEX + "a..b 300 A 1.2.3.4", 3, "empty label"),
    ("@ A 1.2.3.4", 1, "found a record without a TTL"),
    ("", 1, "no SOA"),
    ("a 300 A 1.2.3.4\nb 300 A 1.2.3.4", 2, "no SOA"),
    (APEX + 'a 300 TXT "x\n\n', 3, "a quoted string that is not closed"),
    (APEX + "a 300 TXT (\nx", 3, "never closed"),
]


@pytest.mark.parametrize(("text", "line", "message"), ERRORS)
def test_an_error_says_where_and_what(text: str, line: int, message: str) -> None:
    with pytest.raises(MasterFileError) as caught:
        read_zone(text, "zones/db", ORIGIN)
    assert str(caught.value).startswith(f"zones/db:{line}: found ")
    assert message in str(caught.value)
    assert (caught.value.path, caught.value.line) == ("zones/db", line)


@pytest.mark.parametrize(
    ("text", "message"),
    [("a 1 A 1.2.3.4", "found a .*no origin"), (" 1 A 1.2.3.4", "expected an owner name")],
)
def test_a_relative_name_without_an_origin_is_an_error(text: str, message: str) -> None:
    with pytest.raises(MasterFileError, match=f"db:1: .*{message}"):
        read_zone(text, "db")


def shown(zone: Zone) -> list[str]:
    """Return the records below the apex, and those of the apex that are not of `APEX`."""
    lines = [
        line.strip().replace("\t", " ").replace(" IN ", " ") for line in write_zone(names.ROOT, zone.rrsets())
    ]
    return [
        line for line in lines[1:] if not line.startswith(("example. 3600 SOA ns", "example. 3600 NS ns"))
    ]


SOA2 = "SOA other.example. admin.example. 9 2 3 4 5"
WARNED = [
    (
        "a.other. 300 A 1.2.3.4\nxample. 300 A 1.2.3.4",
        [],
        [
            "the records at a.other. are ignored: they are outside the zone",
            "the records at xample. are ignored: they are outside the zone",
        ],
    ),
    (
        "a 300 CNAME b\na 300 CNAME c\nb 300 DNAME c\nb 300 DNAME C\nb 300 DNAME d",
        ["a.example. 300 CNAME b.example.", "b.example. 300 DNAME c.example."],
        [
            "db:4: another CNAME at a.example., which is ignored",
            "db:7: another DNAME at b.example., which is ignored",
        ],
    ),
    (
        "a 300 CNAME b\nA 300 A 1.2.3.4\na 300 TXT x",
        ["A.example. 300 A 1.2.3.4", "a.example. 300 CNAME b.example.", 'a.example. 300 TXT "x"'],
        [
            "db:4: a CNAME beside other records at A.example., which it hides",
            "db:5: a CNAME beside other records at a.example., which it hides",
        ],
    ),
    (
        "a 300 A 1.2.3.4\na 300 CNAME b",
        ["a.example. 300 A 1.2.3.4", "a.example. 300 CNAME b.example."],
        ["db:4: a CNAME beside other records at a.example., which it hides"],
    ),
    (
        "a 300 NSEC b A\na 300 CNAME b\na 300 RRSIG CNAME 8 2 300 1 1 1 . aaaa",
        None,
        ["db:4: a CNAME beside other records at a.example., which it hides"],
    ),
    ("a 300 CNAME b\na 300 NSEC b CNAME", None, []),
    ("a 3600 SOA other admin 9 2 3 4 5", [], ["db:3: an SOA at a.example., which is ignored"]),
    (
        "@ 60 SOA other admin 9 2 3 4 5",
        [f"example. 60 {SOA2}"],
        ["db:1: an SOA at example. that is not the last, and ignored"],
    ),
    ("@ 3600 SOA ns admin 1 7200 3600 1209600 300\n@ 3600 NS NS", [], []),
    (
        "a 300 CH TXT x\nb CLASS32 300 A 1.2.3.4\nc NONE A 1.2.3.4\nd A 1.2.3.4",
        ["d.example. 300 A 1.2.3.4"],
        [f"db:{line}: a record of another class than IN, which is ignored" for line in (3, 4, 5)],
    ),
    ("a 300 A\na 300 TXT", [], [f"db:{line}: a record without RDATA, which is ignored" for line in (3, 4)]),
    (
        "a 300 OPT x\na 300 AXFR \\# 0",
        [],
        [f"db:{line}: a record of no data type, which is ignored" for line in (3, 4)],
    ),
]


@pytest.mark.parametrize(("text", "records", "warnings"), WARNED)
def test_what_makes_no_sense_is_left_out_with_a_warning(
    text: str, records: list[str] | None, warnings: list[str]
) -> None:
    found = list[str]()
    zone = read_zone(APEX + text, "db", ORIGIN, Attendants(found.append))
    assert records is None or shown(zone) == records
    assert found == warnings


def test_only_so_many_warnings_are_given_one_by_one() -> None:
    found = list[str]()
    read_zone(
        APEX + "a 300 A\n" * 100 + "a.other. 300 A 1.2.3.4\n" * 3, "db", ORIGIN, Attendants(found.append)
    )
    assert len(found) == WARNINGS + 1
    assert found[-1] == "101 warnings in all"


@pytest.mark.parametrize("first", ["a.example.", "example."])
def test_the_zone_is_that_of_its_origin_wherever_other_soas_are(first: str) -> None:
    soas = [f"{owner} 60 SOA ns admin 1 2 3 4 5\n" for owner in ("a.example.", "example.")]
    text = "".join(sorted(soas, key=lambda line: not line.startswith(first)))
    assert read_zone(text, "db", ORIGIN).origin == ORIGIN
    assert names.to_text(read_zone(text, "db", names.from_text("other.")).origin) == first


def test_a_record_that_begins_with_blanks_begins_the_file_with_the_origin() -> None:
    zone = read_zone(" 60 SOA ns a 1 2 3 4 5\n 60 A 192.0.2.1", "db", ORIGIN)
    assert shown(zone)[-1] == "example. 60 A 192.0.2.1"


@pytest.mark.parametrize(
    ("line", "records"),
    [
        ("1-2 h$ A 10.0.0.$", ["h1 A 10.0.0.1", "h2 A 10.0.0.2"]),
        ("2-9/5 h${0,3} A 10.0.0.$", ["h002 A 10.0.0.2", "h007 A 10.0.0.7"]),
        ("30-31 h${1,4,x} TXT ${-30,2,o} ${0,0,X}", ['h001f TXT "00" "1E"', 'h0020 TXT "01" "1F"']),
        ("1-1 h$$ CNAME \\$.$", ["h\\036 CNAME \\036.1.example."]),
        ('1-1 "h$" A 10.0.0.1', None),
        ('1-1 h TXT "a $ b;" \\065 a\\\\$', ['h TXT "a 1 b;" "A" "a\\\\1"']),
        ("1-2 ( h$ \n A 10.0.0.$ )", ["h1 A 10.0.0.1", "h2 A 10.0.0.2"]),
        ("0-0 $ PTR $.", ["0 PTR 0."]),
    ],
)
def test_one_line_stands_for_many_records(line: str, records: list[str] | None) -> None:
    text = f"{APEX}$TTL 5\n$GENERATE {line}\n"
    if records is None:
        with pytest.raises(MasterFileError, match="expected a domain name"):
            read_zone(text, "db", ORIGIN)
        return
    expected = [record.replace(" ", ".example. 5 ", 1) for record in records]
    assert shown(read_zone(text, "db", ORIGIN)) == expected


def test_as_many_as_there_may_be_are_generated() -> None:
    zone = read_zone(APEX + "$GENERATE 0-65535 h$ TXT $\n", "db", ORIGIN)
    assert sum(1 for _ in zone.rrsets()) == 2 + 65536


INCLUDED = {
    "db": "$TTL 3600\n$INCLUDE head\na A 192.0.2.1\n$include sub/one b\n AAAA ::1\nc TXT c\n",
    "head": APEX + "$TTL 60\n",
    "sub/one": " TXT one\n$ORIGIN x\ny TXT y\n$TTL 7\n$INCLUDE two\n TXT three\nz 9 TXT z\n",
    "sub/two": "@ TXT two\n$INCLUDE ../three other.example.\n",
    "three": '@ TXT "in another file"\n',
}


def test_included_files_have_an_origin_and_ttls_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name, text in INCLUDED.items():
        (tmp_path / name).write_text(text)
    opened = list[str]()
    zone = load_zone(tmp_path / "db", ORIGIN, Attendants(opening=opened.append))
    assert shown(zone) == [
        "a.example. 3600 A 192.0.2.1",
        'a.example. 3600 TXT "one"',
        "a.example. 3600 AAAA ::1",
        'y.x.b.example. 3600 TXT "y"',
        'y.x.b.example. 3600 TXT "three"',
        'x.b.example. 7 TXT "two"',
        'other.example. 7 TXT "in another file"',
        'z.x.b.example. 9 TXT "z"',
        'c.example. 3600 TXT "c"',
    ]
    assert [Path(path).resolve().relative_to(tmp_path) for path in opened] == [
        Path(name) for name in ("db", "head", "sub/one", "sub/two", "three")
    ]


def test_an_error_in_an_included_file_says_which(tmp_path: Path) -> None:
    (tmp_path / "db").write_text(APEX + "$INCLUDE one\n")
    (tmp_path / "one").write_text("\na 5 A x\n")
    with pytest.raises(MasterFileError, match=r"one:2: found x .*expected an IPv4 address"):
        load_zone(tmp_path / "db", ORIGIN)


@pytest.mark.parametrize("files", [{"db": "db"}, {"db": "one", "one": "two", "two": "./one"}])
def test_a_file_that_includes_itself_is_an_error(tmp_path: Path, files: dict[str, str]) -> None:
    for name, inner in files.items():
        (tmp_path / name).write_text(f"$INCLUDE {inner}\n")
    with pytest.raises(MasterFileError, match="expected a file that does not include this one"):
        load_zone(tmp_path / "db", ORIGIN)


def test_files_may_include_one_another_seven_times(tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"{number}").write_text(f"$INCLUDE {number + 1}\n")
    (tmp_path / "9").write_text("")
    (tmp_path / "8").write_text(APEX)
    assert load_zone(tmp_path / "1", ORIGIN).origin == ORIGIN
    with pytest.raises(MasterFileError, match=r"/7:1: found 8, expected .*nor so deep"):
        load_zone(tmp_path / "0", ORIGIN)


def test_others_have_their_turn_while_a_file_is_read() -> None:
    pauses = list[int]()
    text = (
        APEX + "".join(f"a{number} 5 A 192.0.2.1\n" for number in range(1000)) + "$GENERATE 1-1000 b$ TXT $\n"
    )
    read_zone(text, "db", ORIGIN, Attendants(pause=lambda: pauses.append(1)))
    assert len(pauses) >= 20


@given(nearly_zones)
def test_any_text_is_a_zone_or_a_master_file_error(text: str) -> None:
    for origin in (ORIGIN, None):
        try:
            read_zone(text, "db", origin)
        except MasterFileError as error:
            assert 1 <= error.line <= text.count("\n") + 1
            assert str(error).isprintable()


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


def test_octets_that_are_not_utf_8_are_taken_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "db"
    path.write_bytes(APEX.encode() + b'caf\xe9 300 TXT \xe9 "\xff\xc3\xa9"\n')
    assert shown(load_zone(path, ORIGIN)) == [r'caf\233.example. 300 TXT "\233" "\255\195\169"']


def test_load_zone_lets_os_errors_pass(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_zone(tmp_path / "none")
