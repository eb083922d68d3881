"""kdns.plugins._responses: the class of a response, and how long it would be without compression."""

import dns.message
import dns.name
import dns.rdata
import pytest

from kdns.answering.plugin import Exchange
from kdns.plugins._responses import class_of, plain_size
from tests.plugins.exchanges import SOA, exchange, signature

A = "www.file. 60 IN A 127.0.0.1"
CNAME = "www.file. 60 IN CNAME ns.file.\nns.file. 60 IN A 127.0.0.1"
NS = "file. 60 IN NS ns.file."
HOUR = 3600


def signed(inception: int, expiration: int, do: bool = True, section: str = "answer") -> Exchange:
    records = {section: f"{A}\n{signature(inception, expiration)}"}
    return exchange("www.file.", **records, do=do)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        (exchange("www.file.", answer=A), "success"),
        (exchange("www.file.", "AAAA", answer=CNAME, authority=SOA), "success"),
        (exchange("www.file.", authority=NS), "success"),
        (exchange("www.file."), "success"),
        (exchange("www.file.", "AAAA", authority=SOA), "denial"),
        (exchange("www.file.", "AAAA", authority=f"{NS}\n{SOA}"), "denial"),
        (exchange("x.file.", "A", "NXDOMAIN", authority=SOA), "denial"),
        (exchange("x.file.", "A", "NXDOMAIN"), "denial"),
        (exchange("x.file.", "A", "NXDOMAIN", CNAME), "error"),
        (exchange("x.file.", "A", "SERVFAIL", A), "error"),
        (exchange("x.file.", "A", "SERVFAIL", authority=SOA), "error"),
        (exchange("x.file.", "A", "REFUSED"), "error"),
        (exchange("x.file.", "A", "NOTIMP"), "error"),
        (exchange("x.file.", rcode=""), "error"),
        (exchange("file.", "SOA", answer=SOA, notify=True), "error"),
        (exchange("file.", "AXFR", answer=SOA, tcp=True), "error"),
        (exchange("file.", "IXFR", answer=SOA, tcp=True), "error"),
        (signed(-HOUR, HOUR), "success"),
        (signed(-2 * HOUR, -HOUR), "error"),
        (signed(HOUR, 2 * HOUR), "error"),
        (signed(-2 * HOUR, -HOUR, section="authority"), "error"),
        (signed(-2 * HOUR, -HOUR, do=False), "success"),
    ],
)
def test_a_response_has_a_class(seen: Exchange, found: str) -> None:
    assert class_of(seen) == found


RECORDS = [
    "",
    A,
    CNAME,
    f"{A}\nwww.file. 60 IN A 127.0.0.2\n{NS}",
    SOA,
    "www.file. 60 IN MX 10 mail.ns.file.",
    "www.file. 60 IN SRV 1 2 53 ns.file.",
    "www.file. 60 IN PTR www.file.",
    'www.file. 60 IN TXT "a" "bc"',
    "www.file. 60 IN NAPTR 1 1 s a b www.file.",
    signature(0, HOUR),
    "\n".join(f"www.file. 60 IN A 10.0.0.{number}" for number in range(100)),
    "\n".join(f"e{number}.www.file. 60 IN A 10.0.0.{number}" for number in range(9)),
]


HEADER = 12


def wire(part: dns.name.Name | dns.rdata.Rdata) -> bytes:
    octets = part.to_wire()
    assert octets is not None
    return octets


@pytest.mark.parametrize("answer", RECORDS)
@pytest.mark.parametrize("edns", [None, 1232])
def test_the_length_is_that_without_compression_and_opt(answer: str, edns: int | None) -> None:
    sent = exchange("www.file.", answer=answer, authority=SOA, edns=edns).sent
    assert sent is not None
    read = dns.message.from_wire(sent)
    assert plain_size(sent) == HEADER + len(wire(read.question[0].name)) + 4 + sum(
        len(wire(rrset.name)) + 10 + len(wire(rdata))
        for rrset in (*read.answer, *read.authority)
        for rdata in rrset
    )


def test_silence_has_no_length() -> None:
    assert plain_size(None) == 0
