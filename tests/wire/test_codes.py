import dns.rcode
import dns.rdatatype
import pytest

from kdns.wire import codes

MNEMONICS = """
A NS CNAME SOA PTR HINFO MX TXT AAAA SRV NAPTR DS SVCB HTTPS CAA TLSA DNSKEY RRSIG NSEC IXFR AXFR ANY DNAME
URI SSHFP MB L32 AMTRELAY NSAP-PTR
"""


@pytest.mark.parametrize("mnemonic", MNEMONICS.split())
def test_mnemonics_are_those_of_the_registry(mnemonic: str) -> None:
    number = int(dns.rdatatype.from_text(mnemonic))
    assert codes.type_from_text(mnemonic) == codes.type_from_text(mnemonic.lower()) == number
    assert codes.type_to_text(number) == mnemonic
    if hasattr(codes, mnemonic):
        assert getattr(codes, mnemonic) == number


@pytest.mark.parametrize(("text", "number"), [("type1", 1), ("TYPE0", 0), ("TYPE65535", 65535)])
def test_types_may_be_written_as_numbers(text: str, number: int) -> None:
    assert codes.type_from_text(text) == number


@pytest.mark.parametrize("text", ["", "TYPE", "TYPE65536", "TYPE-1", "TYPEx", "NOSUCH", "1", "TYPE 1"])
def test_what_is_no_type_is_told_by_name(text: str) -> None:
    with pytest.raises(ValueError, match=f"unknown type {text}"):
        codes.type_from_text(text)


def test_every_type_has_a_text_that_is_read_back() -> None:
    for number in range(65536):
        assert codes.type_from_text(codes.type_to_text(number)) == number


def test_a_type_without_a_mnemonic_is_shown_by_number() -> None:
    assert codes.type_to_text(65534) == "TYPE65534"


@pytest.mark.parametrize(("number", "text"), [(1, "IN"), (3, "CH"), (4097, "CLASS4097")])
def test_classes(number: int, text: str) -> None:
    assert codes.class_to_text(number) == text


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 5])
def test_rcodes_are_those_of_the_registry(number: int) -> None:
    assert codes.rcode_to_text(number) == dns.rcode.to_text(dns.rcode.Rcode(number))


def test_an_rcode_without_a_mnemonic_is_shown_by_number() -> None:
    assert codes.rcode_to_text(4000) == "RCODE4000"
