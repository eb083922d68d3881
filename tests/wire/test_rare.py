import subprocess
import sys

import dns.name
import dns.rdata
import dns.rdataclass
import pytest

from kdns.wire import codes, names
from kdns.wire.fields import Unexpected
from kdns.wire.presentation import rdata_from_text
from kdns.zones.tokens import entries

ORIGIN = names.from_text("example.")

TEXTS = [
    "LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m",
    "LOC 52 N 4 E 0m",
    "HTTPS 1 . alpn=h2,h3 ipv4hint=192.0.2.1 port=443",
    "SVCB 0 a",
    "APL 1:192.0.2.0/24 !2:2001:db8::/32",
    "HIP 2 200100107B1A74DF365639CC39F1D578 AwEAAbdx a b.",
    "IPSECKEY 10 3 2 gw AQNRU3mG",
    "AMTRELAY 10 0 1 192.0.2.1",
    "CERT PGP 0 0 abcd",
    "EUI48 00-00-5e-00-53-2a",
    "EUI64 00-00-5e-ef-10-00-00-2a",
    "NID 10 0014:4fff:ff20:ee64",
    "L64 10 2001:0DB8:1140:1000",
    "NSEC3PARAM 1 0 5 ab",
    "NSEC3 1 0 5 - 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR A",
    "NSAP 0x47.0005",
    "WKS 192.0.2.1 TCP 25",
]


def read(text: str, origin: names.Name | None = ORIGIN) -> bytes:
    [entry] = entries([text])
    return rdata_from_text(codes.type_from_text(entry.tokens[0].text), entry.tokens[1:], origin, 7)


@pytest.mark.parametrize("text", TEXTS)
def test_rdata_is_read_as_dnspython_reads_it(text: str) -> None:
    mnemonic, _, fields = text.partition(" ")
    origin = dns.name.from_text("example.")
    found = dns.rdata.from_text(dns.rdataclass.IN, mnemonic, fields, origin=origin, relativize=False)
    assert read(text) == found.to_wire()


def test_quotes_and_octets_outside_ascii_are_passed_on() -> None:
    assert read('HTTPS 1 . alpn="h2,h3" key65333="é ;"') == read(
        r'HTTPS 1 . alpn=h2,h3 key65333="\195\169 \059"'
    )


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("LOC x", 1, "expected RDATA of type LOC"),
        ("LOC", 7, "found the end of the record, expected RDATA of type LOC"),
        ("CERT 1 2 3 é", 1, "expected RDATA of type CERT"),
        ("TYPE65280 x", 1, "expected RDATA of type TYPE65280"),
        ("NULL x", 1, "expected RDATA of type NULL"),
    ],
)
def test_what_dnspython_does_not_read_is_an_error_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(Unexpected, match=message) as caught:
        read(text)
    assert caught.value.line == line


def test_a_relative_name_needs_an_origin() -> None:
    with pytest.raises(Unexpected, match="RDATA of type SVCB"):
        read("SVCB 1 a", None)


_USUAL = """
import sys
from kdns.zones.masterfile import read_zone
read_zone('@ 1 SOA a. b. 1 2 3 4 5\\n@ 1 CAA 0 issue "x"\\n@ 1 DS 1 8 2 ab\\n', "db", b"\\1a\\0")
sys.exit("dns" in sys.modules)
"""


def test_dnspython_is_imported_by_the_first_record_that_needs_it() -> None:
    subprocess.run([sys.executable, "-c", _USUAL], check=True)
