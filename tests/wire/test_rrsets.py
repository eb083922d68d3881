import dns.rdata
import pytest

from kdns.wire import codes
from kdns.wire.names import Name, from_text
from kdns.wire.rrsets import NAMES_IN_RDATA, SERIAL_FROM_END, SOA, address, mx, soa_minimum, srv, txt

HOST = from_text("host.example.")
START = SOA(HOST, from_text("admin.example."), 2**32 - 1, 1, 2, 3, 4)


@pytest.mark.parametrize(
    ("rtype", "rdata", "text"),
    [
        (codes.A, address("10.1.2.3"), "10.1.2.3"),
        (codes.A, address("255.255.255.255"), "255.255.255.255"),
        (codes.AAAA, address("fd00::1"), "fd00::1"),
        (codes.AAAA, address("::"), "::"),
        (codes.AAAA, address("::ffff:10.1.2.3"), "::ffff:10.1.2.3"),
        (codes.SRV, srv(0, 100, 8080, HOST), "0 100 8080 host.example."),
        (codes.MX, mx(10, HOST), "10 host.example."),
        (codes.TXT, txt([b"1.1.0"]), '"1.1.0"'),
        (codes.TXT, txt([b"", b'a"b', b"x" * 255]), '"" "a\\"b" "' + "x" * 255 + '"'),
        (codes.SOA, START.rdata(), "host.example. admin.example. 4294967295 1 2 3 4"),
    ],
)
def test_rdata_is_what_dnspython_reads(rtype: int, rdata: bytes, text: str) -> None:
    assert dns.rdata.from_wire("IN", rtype, rdata, 0, len(rdata)).to_text() == text


def test_a_string_of_256_octets_is_no_txt() -> None:
    with pytest.raises(ValueError, match="255"):
        txt([b"x" * 256])


def test_serial_and_minimum_are_found_from_the_end() -> None:
    rdata = START.rdata()
    assert rdata[-SERIAL_FROM_END:][:4] == b"\xff" * 4
    assert soa_minimum(rdata) == 4


EXAMPLES = {
    codes.NS: HOST,
    codes.CNAME: HOST,
    codes.PTR: HOST,
    codes.MX: mx(10, HOST),
    codes.SOA: START.rdata(),
}


@pytest.mark.parametrize("rtype", NAMES_IN_RDATA, ids=codes.type_to_text)
def test_names_that_may_be_compressed_are_where_the_table_says(rtype: int) -> None:
    before, number = NAMES_IN_RDATA[rtype]
    rest = EXAMPLES[rtype][before:]
    for name in (HOST, START.rname)[:number]:
        assert rest.startswith(name)
        rest = Name(rest[len(name) :])
    assert len(rest) == (20 if rtype == codes.SOA else 0)


def test_only_types_of_rfc_1035_have_their_names_compressed() -> None:
    assert all(rtype <= codes.MX for rtype in NAMES_IN_RDATA)
