"""What both servers are asked: names, types, and the ways in which a question can be put.

A batch is one name and one type in several ways, and the first of them once more: what is made the first
time comes from a cache the other times. Batches do not see each other's remembered answers.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.reversename

from tests.apiserver.builders import Object
from tests.beside import names, outside
from tests.beside.cluster import HIDDEN
from tests.beside.names import ZONE

TYPES = ("A", "AAAA", "SRV", "PTR", "CNAME", "TXT", "NS", "SOA", "MX", "HTTPS", "DS", "ANY")
OUTSIDE_TYPES = (*TYPES, "SVCB", "NAPTR", "CAA", "HINFO", "TYPE65280")
FEW_TYPES = ("A", "AAAA", "SRV", "PTR", "CNAME", "TXT", "NS", "SOA", "ANY")
"""For names that are like others."""

RARE_TYPES = ("A", "SRV", "TXT", "PTR")


@dataclass(frozen=True)
class Way:
    """How a question is put: transport, case, flags, OPT."""

    label: str
    is_stream: bool = False
    is_mixed: bool = False
    flags: str = "RD"
    payload: int | None = None
    """The UDP size that an OPT offers, None for no OPT."""
    wants_dnssec: bool = False
    options: tuple[tuple[int, str], ...] = ()
    """EDNS options, by number; the data in hexadecimal."""
    version: int = 0
    rdclass: str = "IN"
    opcode: str = "QUERY"

    def query(self, name: str, rtype: str, id: int) -> bytes:
        """Return the query as octets."""
        asked = mixed_case(name) if self.is_mixed else name
        flags = dns.flags.from_text(self.flags)
        query = dns.message.make_query(asked, rtype, self.rdclass, flags=flags, id=id)
        query.set_opcode(dns.opcode.from_text(self.opcode))
        if self.payload is not None:
            extended = self.version << 16 | (dns.flags.DO if self.wants_dnssec else 0)
            options = [dns.edns.GenericOption(number, bytes.fromhex(data)) for number, data in self.options]
            query.use_edns(edns=self.version, ednsflags=extended, payload=self.payload, options=options)
        return query.to_wire()


WAYS = (
    Way("udp"),
    Way("udp-edns", payload=1232),
    Way("udp-mixed", is_mixed=True),
    Way("udp-do", payload=4096, wants_dnssec=True),
    Way("tcp", is_stream=True),
    Way("tcp-mixed-do", is_stream=True, is_mixed=True, payload=1232, wants_dnssec=True),
    Way("udp"),
)
"""In the order in which they are asked."""

FEW_WAYS = (WAYS[0], WAYS[2], WAYS[5], WAYS[0])

RARE_WAYS = (
    Way("no-rd", flags=""),
    Way("ad", flags="RD AD"),
    Way("cd", flags="RD CD"),
    Way("cd-do", flags="RD CD", payload=1232, wants_dnssec=True),
    Way("small", payload=100),
    Way("large", payload=65535),
    Way("cookie", payload=1232, options=((10, "0102030405060708"),)),
    Way("nsid", payload=1232, options=((3, ""),)),
    Way("subnet", payload=1232, options=((8, "00011800c00002"),)),
    Way("padding", payload=1232, options=((12, "0000"), (65001, "ff"))),
    Way("keepalive", is_stream=True, payload=1232, options=((11, ""),)),
    Way("version-1", payload=1232, version=1),
    Way("chaos", rdclass="CH"),
    Way("any-class", rdclass="ANY"),
    Way("status", opcode="STATUS"),
    Way("inverse", opcode="IQUERY"),
    Way("odd-flags", flags="RD RA AA AD CD"),
)
"""Asked of few names."""


@dataclass(frozen=True)
class Batch:
    """One name and one type in several ways."""

    name: str
    rtype: str
    ways: tuple[Way, ...] = WAYS

    def __str__(self) -> str:
        """Return what tells it from all others."""
        return f"{self.name} {self.rtype} {self.ways[0].label}"


def mixed_case(name: str) -> str:
    """Return the name with every other letter in upper case; escaped octets stay."""
    return name if "\\" in name else "".join(c.upper() if i % 2 else c for i, c in enumerate(name))


def batches(objects: Iterable[Object]) -> list[Batch]:
    """Return all batches, in the order in which they are to be asked."""
    present = list(objects)
    much = dict.fromkeys((*names.APEX, *_service_names(present), *_reverse_names(present), *names.REVERSE))
    less = dict.fromkeys((*_endpoint_names(present), *names.SERVICES, *names.PODS))
    plain = [Batch(name, rtype) for name in outside.ASKED for rtype in OUTSIDE_TYPES]
    plain += [Batch(name, rtype) for name in much for rtype in TYPES]
    plain += [Batch(name, rtype, FEW_WAYS) for name in less if name not in much for rtype in FEW_TYPES]
    rare = [Batch(name, rtype, RARE_WAYS) for name in RARE for rtype in RARE_TYPES]
    return [*plain, *rare, *TRANSFERS]


RARE = (
    *(f"{each}.svc.{ZONE}" for each in ("web.shop", "dual.shop", "db.shop", "missing.shop", "many.shop")),
    *(f"{each}.svc.{ZONE}" for each in ("in-missing.shop", "literal.shop")),
    *(f"rare-{each}.www.example." for each in ("missing", "other")),
    *("ns.dns.cluster.local.", "9.9.1.10.in-addr.arpa.", "rare.test."),
)

TRANSFERS = tuple(
    Batch(name, rtype, (Way("transfer"), Way("tcp", is_stream=True)))
    for name in (ZONE, f"web.shop.svc.{ZONE}", "in-addr.arpa.")
    for rtype in ("AXFR", "IXFR")
)


def _service_names(objects: Iterable[Object]) -> Iterator[str]:
    for obj in objects:
        name, where = obj["metadata"]["name"], obj["metadata"].get("namespace", "")
        if obj["kind"] == "Service" and name != HIDDEN:
            yield f"{name}.{where}.svc.{ZONE}"


def _endpoint_names(objects: Iterable[Object]) -> Iterator[str]:
    """Give the names of ports, and of the first endpoints of each slice."""
    for obj in objects:
        name, where = obj["metadata"]["name"], obj["metadata"].get("namespace", "")
        if obj["kind"] == "Service":
            for port in obj["spec"].get("ports", ()):
                if port.get("name"):
                    yield f"_{port['name']}._{port['protocol'].lower()}.{name}.{where}.svc.{ZONE}"
        elif obj["kind"] == "EndpointSlice":
            service = obj["metadata"]["labels"]["kubernetes.io/service-name"]
            for endpoint in obj["endpoints"][:3]:
                dashed = endpoint["addresses"][0].replace(".", "-").replace(":", "-")
                yield f"{endpoint.get('hostname', dashed)}.{service}.{where}.svc.{ZONE}"


def _reverse_names(objects: Iterable[Object]) -> Iterator[str]:
    for obj in objects:
        if obj["kind"] == "Service":
            addresses = obj["spec"].get("clusterIPs", ())
            yield from (_reverse(each) for each in addresses if each != "None")
        elif obj["kind"] == "EndpointSlice" and obj["addressType"] != "FQDN":
            for endpoint in obj["endpoints"][:3]:
                yield from map(_reverse, endpoint["addresses"])
    yield from map(_reverse, names.REVERSE_ADDRESSES)


def _reverse(address: str) -> str:
    return dns.reversename.from_address(address).to_text()
