"""A stub resolver that believes little: it writes names in mixed case, and takes only what it asked for.

It walks the search list as glibc does, so that its outcomes are glibc's, for every type of record.
"""

import random
import socket
from typing import NamedTuple

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

PATIENCE = 5
_random = random.Random(6)
_WORDS = ("missing", "failing", "empty")
"""In glibc's order: what one name of the walk says outlasts what another one says."""


class Conf(NamedTuple):
    """A resolv.conf."""

    server: str
    searches: list[str]
    ndots: int

    @classmethod
    def read(cls, text: str) -> "Conf":
        lines = {line.split()[0]: line.split()[1:] for line in text.splitlines()}
        ndots = [int(word[6:]) for word in lines.get("options", []) if word.startswith("ndots:")]
        return cls(lines["nameserver"][0], lines["search"], ndots[0] if ndots else 1)

    def names(self, name: str) -> list[str]:
        """Return what a name may mean, in order (resolv.conf(5))."""
        if name.endswith("."):
            return [name]
        searched = [f"{name}.{each}." for each in self.searches]
        return [f"{name}.", *searched] if name.count(".") >= self.ndots else [*searched, f"{name}."]


def ask(conf: Conf, lookup: str) -> str:
    """Return the outcome of KIND=NAME in the words of resolve.c, or what was wrong with a response.

    To be called within a place.
    """
    kind, name = lookup.split("=", 1)
    types = ["A", "AAAA"] if kind == "ADDR" else [kind]
    outcome = "missing"
    for each in conf.names(name):
        said = [_exchange(conf.server, each, rdtype) for rdtype in types]
        found = [text for texts in said if isinstance(texts, list) for text in texts]
        if found:
            return ",".join(sorted(found))
        words = [each for each in said if isinstance(each, str)]
        if wrong := [each for each in words if each not in _WORDS]:
            return wrong[0]
        outcome = max(outcome, *words, key=_WORDS.index)
    return outcome


def _exchange(server: str, name: str, rdtype: str) -> list[str] | str:
    """Return the records of a type, or one word; anything that is not as it should be is a sentence."""
    mixed = "".join(_random.choice((each.lower(), each.upper())) for each in name)
    query = dns.message.make_query(mixed, rdtype, want_dnssec=True, payload=1232)
    octets = _send(server, query.to_wire())
    response = dns.message.from_wire(octets)
    question = query.to_wire()[12 : 12 + len(query.question[0].name.to_wire()) + 4]
    if response.id != query.id or octets[12 : 12 + len(question)] != question:
        return f"another question: {response.question}"
    return _read(response, query.question[0].name, dns.rdatatype.from_text(rdtype))


def _send(server: str, query: bytes) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(PATIENCE)
        udp.connect((server, 53))
        udp.send(query)
        octets = udp.recv(65535)
    if not octets[2] & 2:
        return octets
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
        tcp.settimeout(PATIENCE)
        tcp.connect((server, 53))
        tcp.sendall(len(query).to_bytes(2) + query)
        stream = tcp.makefile("rb")
        return stream.read(int.from_bytes(stream.read(2)))


def _read(response: dns.message.Message, name: dns.name.Name, rdtype: int) -> list[str] | str:
    if response.rcode() == dns.rcode.SERVFAIL:
        return "failing"
    found: list[str] = []
    for rrset in response.answer:
        if rrset.name != name or rrset.rdtype not in (rdtype, dns.rdatatype.CNAME):
            return f"not asked for: {rrset}"
        if rrset.rdtype == dns.rdatatype.CNAME:
            name = rrset[0].target
        if rrset.rdtype == rdtype:
            found += [_text(each) for each in rrset]
    if found:
        return found
    return "missing" if response.rcode() == dns.rcode.NXDOMAIN else "empty"


def _text(rdata: dns.rdata.Rdata) -> str:
    match rdata.rdtype:
        case dns.rdatatype.SRV:
            text = f"{rdata.port}:{rdata.target}"
        case dns.rdatatype.MX:
            text = f"{rdata.preference}:{rdata.exchange}"
        case dns.rdatatype.TXT:
            text = b"".join(rdata.strings).decode()
        case _:
            text = rdata.to_text()
    return text.rstrip(".").lower()
