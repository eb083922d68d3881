import subprocess
from pathlib import Path

import pytest
from hypothesis import given

from kdns.wire import codes, names
from kdns.wire.rrsets import RRset, txt
from kdns.zones.masterfile import read_zone
from kdns.zones.writer import write_zone
from kdns.zones.zone import Zone
from tests.conftest import find_tool

from .oracle import contents, parsed_by_dnspython
from .strategies import ORIGIN, zones


def printed(rrsets: list[RRset]) -> str:
    return "".join(write_zone(ORIGIN, rrsets))


def test_a_record_is_one_line_with_absolute_names() -> None:
    owner = names.from_text("a b", ORIGIN)
    rrset = RRset(owner, codes.TXT, 5, (txt([b'say "hi"\n', b"\xff"]), txt([b""])))
    assert list(write_zone(ORIGIN, [rrset])) == [
        "$ORIGIN Zone.Example.\n",
        'a\\032b.Zone.Example.\t5\tIN\tTXT\t"say \\"hi\\"\\010" "\\255"\n',
        'a\\032b.Zone.Example.\t5\tIN\tTXT\t""\n',
    ]


def test_a_type_that_is_not_known_is_printed_in_hexadecimal() -> None:
    line = list(write_zone(ORIGIN, [RRset(ORIGIN, 65280, 5, (b"\1\2",))]))[1]
    assert line == "Zone.Example.\t5\tIN\tTYPE65280\t\\# 2 0102\n"


def test_rdata_that_does_not_fit_its_type_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="type A ends within an IPv4 address"):
        printed([RRset(ORIGIN, codes.A, 5, (b"abc",))])


@given(zones())
def test_what_is_written_is_read_back_equal(records: list[RRset]) -> None:
    zone = Zone.from_rrsets(records)
    assert read_zone(printed(records), "db") == zone
    assert read_zone(printed(list(zone.rrsets())), "db") == zone


@given(zones())
def test_what_is_written_is_read_by_dnspython_with_the_same_contents(records: list[RRset]) -> None:
    assert parsed_by_dnspython(printed(records), ORIGIN) == contents(records)


SAMPLE = r"""
$TTL 300
@ SOA ns admin 1 2 3 4 5
  NS ns
ns A 192.0.2.1
  AAAA 2001:db8::1
a\.b\"\;\(\)\@\$\000\255 TXT "\"\\\000\255;()" "" "é"
*.w MX 10 mail.other.
_x._tcp SRV 1 2 3 ns
h HINFO "a b" c
p PTR \*.other.
\\ PTR \\.\\\\.\\\..\..\[x].
"""


def test_nsd_reads_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "db"
    zone = read_zone(SAMPLE, "db", ORIGIN)
    path.write_text("".join(write_zone(ORIGIN, zone.rrsets())))
    command = [find_tool("nsd-checkzone"), "-p", "zone.example", path]
    checked = subprocess.run(command, capture_output=True, text=True, check=True)
    assert contents(read_zone(checked.stdout, "nsd").rrsets()) == contents(zone.rrsets())
