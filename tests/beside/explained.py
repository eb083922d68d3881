"""Why kdns may answer otherwise than CoreDNS: one rule for each row of the table of differences.

A rule says what each of the two answers there, as narrowly as the row does: any third answer is no row's.
"""

from collections.abc import Callable
from typing import NamedTuple

from tests.beside.answers import Answer, Record, alike
from tests.beside.names import ZONE
from tests.beside.questions import Way

ZONES = (ZONE, "in-addr.arpa.", "ip6.arpa.")
"""The zones of `kubernetes`."""

REVERSE = ZONES[1:]
"""Those where what does not exist is asked of the upstream."""

PROTOCOLS = ("_tcp", "_udp", "_sctp")


class Difference(NamedTuple):
    """A question, what CoreDNS answers, and what kdns does."""

    name: str
    rtype: str
    way: Way
    theirs: Answer
    ours: Answer

    @property
    def zone(self) -> str:
        """Return the zone of `kubernetes` that the name is in, "" if it is outside."""
        name = f".{self.name.lower()}"
        return next((zone for zone in ZONES if name.endswith(f".{zone}")), "")

    @property
    def labels(self) -> list[str]:
        """Return the labels left of the zone, in lower case."""
        return self.name.lower()[: -len(self.zone)].split(".")[:-1]

    @property
    def inner(self) -> str:
        """Return the labels left of the zone as text: `ns.dns`, `web.shop.svc`, nothing at the apex."""
        return ".".join(self.labels)


Shape = Callable[[Answer], bool]


def nxdomain(answer: Answer) -> bool:
    return answer.rcode == "NXDOMAIN" and not answer.answer


def nodata(answer: Answer) -> bool:
    return answer.rcode == "NOERROR" and not answer.answer and has_soa(answer)


def positive(answer: Answer) -> bool:
    return answer.rcode == "NOERROR" and bool(answer.answer) and not answer.authority


def alias_alone(answer: Answer) -> bool:
    """CNAMEs that lead to nothing of the type, said by the SOA."""
    return answer.rcode == "NOERROR" and only_aliases(answer) and has_soa(answer)


def alias_first(answer: Answer) -> bool:
    return answer.rcode == "NOERROR" and bool(answer.answer) and answer.answer[0].rtype == "CNAME"


def port_zero(answer: Answer) -> bool:
    return positive(answer) and [each.rdata.split()[2] for each in answer.answer] == ["0"]


def refused(answer: Answer) -> bool:
    return answer.rcode == "REFUSED" and answer.sections == ((), (), ())


def is_forwarded(answer: Answer) -> bool:
    return "RA" in answer.head.split()


def anything(_: Answer) -> bool:
    return True


def has_soa(answer: Answer) -> bool:
    return [each.rtype for each in answer.authority] == ["SOA"]


def only_aliases(answer: Answer) -> bool:
    return bool(answer.answer) and all(each.rtype == "CNAME" for each in answer.answer)


def folded(answer: Answer) -> Answer:
    """Return the answer with names in lower case, and without the number of records that fit into it."""
    sections = (tuple(map(_folded, section)) for section in answer.sections)
    return Answer(answer.head, *sections, counts=tuple(map(bool, answer.counts)))


def _folded(record: Record) -> Record:
    return record._replace(owner=record.owner.lower(), rdata=record.rdata.lower())


class Rule(NamedTuple):
    """`row` names it; where `applies`, CoreDNS answers so, and kdns so."""

    row: str
    applies: Callable[[Difference], bool]
    theirs: Shape
    ours: Shape


def at(*inner: str) -> Callable[[Difference], bool]:
    return lambda found: bool(found.zone) and found.inner in inner


def is_pod(found: Difference) -> bool:
    return len(found.labels) == 3 and found.labels[-1] == "pod"


def is_below_pod(found: Difference) -> bool:
    return len(found.labels) > 3 and found.labels[-1] == "pod"


def is_protocol(found: Difference) -> bool:
    return len(found.labels) == 4 and found.labels[-1] == "svc" and found.labels[0] in PROTOCOLS


def is_service(found: Difference) -> bool:
    return len(found.labels) == 3 and found.labels[-1] == "svc"


def is_branch(found: Difference) -> bool:
    """A name that only has others below it: Z, svc.Z, namespace.svc.Z; ns.dns.Z, which has no TXT."""
    return bool(found.zone) and (found.inner in ("", "svc", "pod", "ns.dns") or len(found.labels) == 2)


def is_personal(found: Difference) -> bool:
    """A query with an option that other servers' answers may go by: client subnet, or one for local use."""
    return any(code == 8 or code >= 65001 for code, _ in found.way.options)


def is_fresh(answer: Answer) -> bool:
    """Another server's answer, which the cache did not give."""
    return is_forwarded(answer) and "AA" not in answer.head.split()


RULES = (
    Rule("EDNS options", is_personal, is_forwarded, is_fresh),
    Rule("addressType", lambda it: "by-fqdn" in it.labels, anything, nxdomain),
    Rule("C-08", lambda it: it.rtype == "NS" and at("")(it) and it.way.is_mixed, nodata, positive),
    Rule("C-09", lambda it: at("ns.dns")(it) and it.way.is_mixed, nxdomain, anything),
    Rule("C-11", lambda it: it.rtype == "SOA" and it.inner != "" and it.zone == ZONE, nodata, nxdomain),
    Rule("C-11", lambda it: it.rtype == "SOA" and it.zone in REVERSE, nodata, is_forwarded),
    Rule("C-26", at("dns"), nxdomain, nodata),
    Rule("C-27", is_protocol, nxdomain, nodata),
    Rule("C-29", lambda it: it.rtype == "TXT" and is_branch(it), nxdomain, nodata),
    Rule("C-32", lambda it: it.rtype != "TXT" and at("dns-version")(it), nxdomain, nodata),
    Rule("C-74", is_below_pod, anything, nxdomain),
    Rule("C-75", lambda it: it.rtype == "SRV" and is_pod(it), port_zero, nodata),
    Rule("C-84", lambda it: it.rtype == "PTR" and at("ns.dns")(it), nxdomain, nodata),
    Rule("C-92", lambda it: it.rtype not in ("A", "AAAA", "CNAME") and is_service(it), nodata, alias_first),
    Rule("C-93", is_service, nodata, alias_alone),
    Rule("C-113", lambda it: it.way.rdclass != "IN", anything, refused),
)


CASE = "C-06"
"""The row of names' case: kdns compresses names against the question, whose case they have by that."""


ROWS = {CASE, *(rule.row for rule in RULES)}


def explanation(found: Difference) -> str | None:
    """Return the row that a difference is due to, None if it is due to none."""
    if found.way.is_mixed and alike(folded(found.theirs), folded(found.ours), slack=1):
        return CASE
    for rule in RULES:
        if rule.applies(found) and rule.theirs(found.theirs) and rule.ours(found.ours):
            return rule.row
    return None
