"""An answer as a value: everything in a response that a client can tell, and nothing that is chance.

Chance are the order of addresses, the serial of the cluster's SOA, and a second more or less of a TTL that
counts down. Values are JSON, so that they can be recorded.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset

SERIAL = "SERIAL"
CLUSTER_MAILBOX = "hostmaster."


class Record(NamedTuple):
    """One record; owner and RDATA as they came, case kept."""

    owner: str
    ttl: int
    rtype: str
    rdata: str


class Answer(NamedTuple):
    """A response. `head` is RCODE and flags, then the OPT if there is one; sections are in a stable order.

    Of a truncated response `counts` are the numbers of records, and the sections are empty: which records
    are left is chance.
    """

    head: str
    answer: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()
    counts: tuple[int, ...] = ()

    @property
    def rcode(self) -> str:
        return self.head.split()[0]

    @property
    def sections(self) -> tuple[tuple[Record, ...], ...]:
        return self.answer, self.authority, self.additional

    def lines(self) -> list[str]:
        """Return the answer for people to read."""
        named = zip(("answer", "authority", "additional"), self.sections, strict=True)
        records = [f"{name}: {' '.join(map(str, each))}" for name, section in named for each in section]
        return [self.head, *records, *([f"records: {self.counts}"] if self.counts else [])]


NOTHING = Answer("NO RESPONSE")


def read(octets: bytes, asked: bytes) -> Answer:
    """Return the answer that a response is; `asked` is the query."""
    try:
        response = dns.message.from_wire(octets, one_rr_per_rrset=True)
    except dns.exception.DNSException as error:
        return Answer(f"UNREADABLE {type(error).__name__}: {octets.hex()}")
    head = _head(response, octets, asked)
    sections = (response.answer, response.authority, response.additional)
    if response.flags & dns.flags.TC:
        return Answer(head, counts=tuple(map(len, sections)))
    return Answer(head, *map(_records, sections))


def _head(response: dns.message.Message, octets: bytes, asked: bytes) -> str:
    """Return RCODE and flags, the OPT, and what is unusual about opcode, question or the order of records."""
    words = [dns.rcode.to_text(response.rcode()), dns.flags.to_text(response.flags)]
    if response.opcode() != dns.opcode.QUERY:
        words.append(f"opcode={dns.opcode.to_text(response.opcode())}")
    question = octets[12 : len(asked)]
    end = 12 + len(response.question[0].name.to_wire()) + 4 if response.question else 12
    if question[: end - 12] != asked[12:end] or not response.question:
        words.append("question=" + (str(response.question[0]) if response.question else "none"))
    if response.edns >= 0:
        options = ",".join(f"{int(each.otype)}:{each.to_wire().hex()}" for each in response.options)
        flags = dns.flags.edns_to_text(response.ednsflags)
        words += ["OPT", f"v{response.edns}", str(response.payload), flags, options]
    aliases = [each.rdtype == dns.rdatatype.CNAME for each in response.answer]
    if aliases != sorted(aliases, reverse=True):
        words.append("aliases-behind-others")
    return " ".join(filter(None, words))


def _records(section: Iterable[dns.rrset.RRset]) -> tuple[Record, ...]:
    """Return the records: CNAMEs in their order, as a chain has one, then all others sorted."""
    records = [_record(rrset) for rrset in section]
    aliases = [each for each in records if each.rtype == "CNAME"]
    return (*aliases, *sorted(each for each in records if each.rtype != "CNAME"))


def _record(rrset: dns.rrset.RRset) -> Record:
    rdata = rrset[0].to_text()
    if rrset.rdtype == dns.rdatatype.SOA:
        mname, rname, serial, *rest = rdata.split()
        is_cluster = rname.lower().startswith(CLUSTER_MAILBOX) and mname.lower().startswith("ns.dns.")
        rdata = " ".join((mname, rname, SERIAL if is_cluster else serial, *rest))
    return Record(rrset.name.to_text(), rrset.ttl, dns.rdatatype.to_text(rrset.rdtype), rdata)


def alike(one: Answer, other: Answer, slack: int) -> bool:
    """Tell whether two answers are the same, but for `slack` seconds in TTLs."""
    if (one.head, one.counts) != (other.head, other.counts):
        return False
    return all(_alike(*pair, slack) for pair in zip(one.sections, other.sections, strict=True))


def _alike(one: Sequence[Record], other: Sequence[Record], slack: int) -> bool:
    def bare(records: Sequence[Record]) -> list[Record]:
        return sorted(each._replace(ttl=0) for each in records if each.rtype != "CNAME") + [
            each._replace(ttl=0) for each in records if each.rtype == "CNAME"
        ]

    if bare(one) != bare(other):
        return False
    pairs = zip(_by_rest(one), _by_rest(other), strict=True)
    return all(abs(first.ttl - second.ttl) <= slack for first, second in pairs)


def _by_rest(records: Sequence[Record]) -> list[Record]:
    return sorted(records, key=lambda each: (each.owner, each.rtype, each.rdata, each.ttl))
