import dns.name
import dns.rdata
import dns.rdataclass
import pytest

from kdns.wire import codes, names
from kdns.wire.forms import FORMS
from kdns.wire.presentation import rdata_from_text
from kdns.zones.tokens import entries

ORIGIN = names.from_text("example.")
DIGEST = "0C72AC70B745AC19998811B131D662C9AC69DBDBE7CB23E5B514B56664C5D3D6"

SAME_AS_DNSPYTHON = [
    'TXT a "b c" ""',
    'SPF "v=spf1 -all"',
    "AVC a b",
    "NINFO a",
    "RESINFO qnamemin exterr=15",
    "ISDN 1234",
    "ISDN 1234 5678",
    "HINFO a b",
    "X25 12345",
    "GPOS 1.5 2 3",
    "NSAP-PTR a",
    "RP a b.",
    "AFSDB 1 a",
    "RT 1 a",
    "KX 1 a",
    "LP 1 a",
    "PX 1 a b",
    'NAPTR 100 10 "u" "sip+E2U" "!^.*$!sip:\\\\1@y!" .',
    'URI 10 1 "http://example/"',
    'CAA 128 issue "ca.example; a=b"',
    'CAA 0 iodef ""',
    "L32 10 10.1.2.0",
    "DHCID AAIBY2/AuCccgoJbsaxcQc9TUapp tP69lOjxfNuVAA2kjEA=",
    "OPENPGPKEY mQINBFit",
    "SSHFP 1 1 450c7d19d5da9a3a5b7c 19992d1fbde15d8dad44",
    f"TLSA 3 1 1 {DIGEST}",
    f"SMIMEA 3 0 1 {DIGEST}",
    f"ZONEMD 1 1 1 {DIGEST}{DIGEST[:32]}",
    f"DS 1 8 2 {DIGEST[:20]} {DIGEST[20:]}",
    f"DS 1 rsasha256 2 {DIGEST}",
    f"CDS 1 ED25519 2 {DIGEST}",
    f"DLV 1 8 2 {DIGEST}",
    "DNSKEY 256 3 8 AwEA AcNE",
    "DNSKEY 256 3 ECDSAP256SHA256 AwEAAcNE",
    "CDNSKEY 257 3 13 AwEAAcNE",
    "RRSIG A 8 3 1h 20300101000000 20200101000000 1 Example. abcd",
    "RRSIG TYPE65280 RSASHA512 3 300 1893456000 1577836800 1 a abcd",
    "NSEC b A MX RRSIG NSEC TYPE1234 TYPE65280",
    "NSEC b",
    "CSYNC 66 3 A NS AAAA",
]

BY_HAND = [
    ("MB a", "01610765 78616d706c6500"),
    ("MINFO a. b.", "016100 016200"),
    ("TALINK a. b.", "016100 016200"),
    ("UINFO a", "0161"),
    ("UID 5", "00000005"),
    ("GID 4294967295", "ffffffff"),
    ("EID ab cd", "abcd"),
    ("NIMLOC abcd", "abcd"),
    ("TA 1 8 2 ab", "0001 08 02 ab"),
    ("KEY 256 3 8 AwEA", "0100 03 08 030100"),
    ("RKEY 256 3 8 AwEA", "0100 03 08 030100"),
    ("SIG A 8 0 1 1 1 1 . AwEA", "0001 08 00 00000001 00000001 00000001 0001 00 030100"),
    (
        "RRSIG A 8 0 1 21060207062816 19700101000000 1 . AwEA",
        "0001 08 00 00000001 00000000 00000000 0001 00 030100",
    ),
    ("DS 1 8 2 ab", "0001 08 02 ab"),
    ("TLSA 3 1 1 ab", "03 01 01 ab"),
    ("SSHFP 1 1 ab", "01 01 ab"),
]
"""Types that dnspython does not know, and fields that do not fit one another: CoreDNS takes them."""


def read(text: str) -> bytes:
    [entry] = entries([text])
    return rdata_from_text(codes.type_from_text(entry.tokens[0].text), entry.tokens[1:], ORIGIN)


@pytest.mark.parametrize("text", SAME_AS_DNSPYTHON)
def test_rdata_is_read_as_dnspython_reads_it(text: str) -> None:
    mnemonic, _, fields = text.partition(" ")
    origin = dns.name.from_text("example.")
    found = dns.rdata.from_text(dns.rdataclass.IN, mnemonic, fields, origin=origin, relativize=False)
    assert read(text) == found.to_wire()


@pytest.mark.parametrize(("text", "octets"), BY_HAND)
def test_rdata_that_dnspython_does_not_read_is_read(text: str, octets: str) -> None:
    assert read(text) == bytes.fromhex(octets)


def test_each_form_has_a_case() -> None:
    tried = {codes.type_from_text(text.split()[0]) for text in (*SAME_AS_DNSPYTHON, *dict(BY_HAND))}
    of_same_form = {rtype for rtype, form in FORMS.items() if any(FORMS[one] == form for one in tried)}
    assert FORMS.keys() == of_same_form
