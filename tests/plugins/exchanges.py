"""Exchanges for those who observe: query and response are made by dnspython, compressed and with an OPT."""

import time

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from kdns.answering import admission
from kdns.answering.plugin import Exchange
from kdns.answering.queries import Query
from tests.builders import build_query

CLIENT = ("127.0.0.1", 40212)

SOA = "file. 30 IN SOA ns.file. admin.file. 7 7200 3600 1209600 30"


def exchange(
    name: str,
    qtype: str = "A",
    rcode: str = "NOERROR",
    answer: str = "",
    authority: str = "",
    *,
    client: tuple[str, int] = CLIENT,
    tcp: bool = False,
    flags: str = "AA",
    notify: bool = False,
    edns: int | None = 1232,
    do: bool = False,
    rd: bool = True,
    cd: bool = False,
) -> Exchange:
    """Return an exchange of 1.5 ms. Records are zone-file text, one a line; no RCODE = no response."""
    query = build_query(name, qtype, edns=edns, do=do, rd=rd, cd=cd)
    if notify:
        query.set_opcode(4)
    packet = query.to_wire()
    judged = admission.judge(packet)
    assert isinstance(judged, Query)
    judged = judged._replace(is_stream=tcp)
    sent = _response(query, rcode, answer, authority, flags) if rcode else None
    return Exchange(judged, client, tcp, len(packet), sent, 0.0015)


def _response(query: dns.message.QueryMessage, rcode: str, answer: str, authority: str, flags: str) -> bytes:
    response = dns.message.make_response(query)
    response.set_rcode(dns.rcode.from_text(rcode))
    response.flags |= dns.flags.from_text(flags) | query.flags & dns.flags.CD
    for section, text in ((response.answer, answer), (response.authority, authority)):
        section += [_record(line) for line in text.splitlines()]
    return response.to_wire(max_size=65535)


def _record(line: str) -> dns.rrset.RRset:
    owner, ttl, rdclass, rtype, rdata = line.split(maxsplit=4)
    return dns.rrset.from_text(owner, int(ttl), rdclass, rtype, rdata)


def signature(inception: int, expiration: int) -> str:
    """Return an RRSIG record that holds between two times, in seconds from now."""
    begin, end = (
        time.strftime("%Y%m%d%H%M%S", time.gmtime(time.time() + at)) for at in (inception, expiration)
    )
    return f"www.file. 60 IN RRSIG A 8 2 60 {end} {begin} 1 file. AAAA"
