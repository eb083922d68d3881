"""How a row of the table of answers is written and checked.

Each question is asked over UDP with and without OPT and over TCP, in lower and in mixed case, and twice: once
it has to be built, once it is remembered. The sections must be the same each time.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import pytest
from _pytest.mark.structures import ParameterSet

from kdns.answering.chain import Link
from kdns.cluster.objects import ClusterObject
from kdns.records.options import RecordOptions
from tests.builders import SERIAL, ask, mixed_case, responder_of, section_lines, state_of

ZONE = "cluster.local."
NX, ND = "NX", "ND"

TRANSPORTS = ({}, {"edns": 1232}, {"edns": 4096, "do": True, "cd": True, "rd": False}, {"tcp": True})


class Case(NamedTuple):
    """A question, `name TYPE` (relative to the cluster zone), and what it gets.

    `answer` is zone-file text, or NX or ND; with `soa` the SOA stands beside an answer.
    """

    question: str
    answer: str
    additional: str
    cluster: Sequence[ClusterObject]
    options: dict[str, object]
    zone: str
    soa: bool


def row(
    id: str,
    question: str,
    answer: str,
    additional: str = "",
    *,
    cluster: Sequence[ClusterObject],
    zone: str = ZONE,
    soa: bool = False,
    **options: object,
) -> ParameterSet:
    """Return one test of a row; its id is the row's, with the question."""
    return pytest.param(
        Case(question, answer, additional, cluster, options, zone, soa), id=f"{id}: {question}"
    )


def absolute(name: str, zone: str = ZONE) -> str:
    """Return a name of a question completed with the zone."""
    return dns.name.from_text(name, dns.name.from_text(zone)).to_text()


def records(text: str, zone: str = ZONE) -> list[str]:
    """Return zone-file text, `name [ttl] type rdata`, as sorted lines of `section_lines`, in lower case."""
    return sorted(map(partial(_record, zone=zone), filter(None, map(str.strip, text.splitlines()))))


def _record(line: str, zone: str) -> str:
    name, *rest = line.split(maxsplit=2)
    ttl, rest = (rest[0], rest[1].split(maxsplit=1)) if rest[0].isdigit() else ("30", rest)
    rdata = dns.rdata.from_text("IN", *rest, origin=dns.name.from_text(zone), relativize=False)
    return f"{absolute(name, zone)} {ttl} {rest[0]} {rdata}".lower()


def soa(zone: str = ZONE, ttl: int = 30, minimum: int = 30, serial: int = SERIAL) -> str:
    return f"@ {ttl} SOA ns.dns hostmaster {serial} 7200 1800 86400 {minimum}"


def lowered(section: list) -> list[str]:
    return sorted(line.lower() for line in section_lines(section))


def sections(response: dns.message.Message) -> tuple[str, list[str], list[str], list[str]]:
    """Return RCODE and the three sections, sorted and in lower case."""
    rcode = dns.rcode.to_text(response.rcode())
    return rcode, lowered(response.answer), lowered(response.authority), lowered(response.additional)


def check(case: Case, *plugins: Link, origins: Sequence[str] = ()) -> None:
    """Ask the question in every way, and compare. `plugins` follow `kubernetes` and serve `origins` too."""
    name, qtype = case.question.split()
    options = RecordOptions(**case.options)  # type: ignore[arg-type]
    responder = responder_of(state_of(*case.cluster), options, *plugins, origins=origins)
    name = absolute(name, case.zone)
    is_negative = case.answer in (NX, ND)
    has_soa = is_negative or case.soa
    expected = (
        "NXDOMAIN" if case.answer == NX else "NOERROR",
        [] if is_negative else records(case.answer, case.zone),
        records(soa(case.zone), case.zone) if has_soa else [],
        records(case.additional, case.zone),
    )
    for asked in (name, mixed_case(name), name, mixed_case(name, 1)):
        for way in TRANSPORTS:
            response = ask(responder, asked, qtype, **way)
            assert sections(response) == expected, f"{asked} {qtype} {way}"
            flags = dns.flags.QR | dns.flags.AA
            flags |= dns.flags.RD if way.get("rd", True) else 0
            flags |= dns.flags.CD if way.get("cd") else 0
            assert response.flags & 0xFFF0 == flags, dns.flags.to_text(response.flags)
            assert (response.edns >= 0) == ("edns" in way)
