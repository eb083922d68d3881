from pathlib import Path

import pytest

from kdns.wire import codes, names
from kdns.zones.masterfile import load_zone
from kdns.zones.shipped import shipped_zone_paths

from .oracle import contents, parsed_by_dnspython

UNSPECIFIED = "0." * 32 + "ip6.arpa"
LOOPBACK = "1." + "0." * 31 + "ip6.arpa"

DEFAULT = {
    *("localhost", "invalid", "0.in-addr.arpa", "127.in-addr.arpa", "255.in-addr.arpa"),
    *(UNSPECIFIED, LOOPBACK),
}
OPTIONAL = {
    *("test", "10.in-addr.arpa", "168.192.in-addr.arpa", "254.169.in-addr.arpa", "2.0.192.in-addr.arpa"),
    *("100.51.198.in-addr.arpa", "113.0.203.in-addr.arpa", "255.255.255.255.in-addr.arpa"),
    *("d.f.ip6.arpa", "8.b.d.0.1.0.0.2.ip6.arpa"),
    *(f"{digit}.e.f.ip6.arpa" for digit in "89ab"),
    *(f"{octet}.172.in-addr.arpa" for octet in range(16, 32)),
    *(f"{octet}.100.in-addr.arpa" for octet in range(64, 128)),
}
WITH_RECORDS = {"localhost", "127.in-addr.arpa", LOOPBACK}

ALL = shipped_zone_paths(default_only=False)


def test_the_default_zones_are_these() -> None:
    assert {path.stem for path in shipped_zone_paths()} == DEFAULT


def test_all_zones_of_rfc_6303_rfc_7793_and_rfc_6761_are_shipped() -> None:
    assert {path.stem for path in ALL} == DEFAULT | OPTIONAL
    assert len(ALL) == len(DEFAULT) + len(OPTIONAL)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_shipped_zone_is_named_after_its_origin_and_read_as_by_dnspython(path: Path) -> None:
    zone = load_zone(path)
    assert names.to_text(zone.origin) == path.stem + "."
    assert contents(zone.rrsets()) == parsed_by_dnspython(path.read_text(), zone.origin)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_shipped_zone_says_which_rfc_wants_it(path: Path) -> None:
    assert "; RFC " in path.read_text().splitlines()[1]


@pytest.mark.parametrize(
    "path", [path for path in ALL if path.stem not in WITH_RECORDS], ids=lambda path: path.stem
)
def test_a_zone_that_must_be_empty_has_an_soa_and_an_ns_that_lead_nowhere(path: Path) -> None:
    zone = load_zone(path)
    assert [rrset.type for rrset in zone.rrsets()] == [codes.SOA, codes.NS]
    assert zone.lookup(zone.origin, codes.NS).answer[0].rdatas == (zone.origin,)
    assert zone.lookup(names.from_labels([b"x"], zone.origin), codes.ANY).rcode == codes.NXDOMAIN


ANSWERS = [
    ("localhost.", "A", b"\x7f\0\0\1"),
    ("localhost.", "AAAA", bytes(15) + b"\1"),
    ("a.b.localhost.", "A", b"\x7f\0\0\1"),
    ("a.localhost.", "AAAA", bytes(15) + b"\1"),
    ("1.0.0.127.in-addr.arpa.", "PTR", b"\x09localhost\0"),
    (LOOPBACK + ".", "PTR", b"\x09localhost\0"),
]


@pytest.mark.parametrize(("qname", "qtype", "rdata"), ANSWERS)
def test_loopback_has_a_name_and_the_name_has_addresses(qname: str, qtype: str, rdata: bytes) -> None:
    name = names.from_text(qname)
    [zone] = [
        zone for zone in map(load_zone, shipped_zone_paths()) if names.is_at_or_below(name, zone.origin)
    ]
    [rrset] = zone.lookup(name, codes.type_from_text(qtype)).answer
    assert rrset.rdatas == (rdata,)


def test_the_first_place_that_has_the_data_is_taken(tmp_path: Path) -> None:
    (tmp_path / "default").mkdir()
    (tmp_path / "default" / "a.zone").touch()
    assert shipped_zone_paths(places=(tmp_path / "none", tmp_path)) == [tmp_path / "default" / "a.zone"]


def test_missing_data_are_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="zone files that come with kdns are missing"):
        shipped_zone_paths(places=(tmp_path,))
