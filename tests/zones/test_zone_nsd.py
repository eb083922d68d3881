"""Zones that Hypothesis makes are answered as NSD answers them, for every name in, below and beside them.

What differs on purpose is in `ours`; it is CoreDNS's way.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from kdns.wire import codes, names
from kdns.wire.names import Name
from kdns.wire.presentation import canonical_rdata
from kdns.wire.rrsets import RRset
from kdns.zones.additional import TARGETS
from kdns.zones.masterfile import read_zone
from kdns.zones.zone import Zone

from . import nsd
from .nsd import Answer, Records

BATCH = 12
"""How many zones one NSD serves: starting it takes longer than all questions about one."""

LABELS = ("a", "b", "*", "c")
TYPES = ("A", "AAAA", "TXT", "NS", "CNAME", "MX", "SRV", "DS", "DNAME", "SOA")

_NAMES = st.lists(st.sampled_from(LABELS), min_size=1, max_size=3).map(".".join)
_ALONE = frozenset({"CNAME", "DNAME"})


def _rdata(targets: st.SearchStrategy[str]) -> dict[str, st.SearchStrategy[str]]:
    return {
        "A": st.just("192.0.2.1"),
        "AAAA": st.just("2001:db8::1"),
        "TXT": st.sampled_from(["x", "y"]),
        "NS": targets,
        "CNAME": targets,
        "DNAME": targets,
        "MX": st.builds("{} {}".format, st.integers(1, 2), targets),
        "SRV": st.builds("0 0 1 {}".format, targets),
        "DS": st.just("1 8 2 " + "ab" * 32),
    }


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Draw a master file that NSD takes: a CNAME is alone, and nothing is below a DNAME."""
    some = draw(st.lists(_NAMES, max_size=6, unique=True))
    below = [f"{draw(st.sampled_from(LABELS))}.{name}" for name in some if draw(st.booleans())]
    rdata = _rdata(st.sampled_from([*some, *below, "@", "elsewhere.", "a", "x.b"]))
    lines, closed, owners = list[str](), set[str](), set[str]()
    for owner in dict.fromkeys([*some, *below]):
        types = draw(st.lists(st.sampled_from(sorted(rdata)), min_size=1, max_size=3, unique=True))
        if any(owner.endswith(f".{above}") for above in closed):
            continue
        if "CNAME" in types:
            types = ["CNAME"]
        if "DNAME" in types:
            types = [each for each in types if each not in ("NS", "DS")]
            if any(each.endswith(f".{owner}") for each in owners):
                types.remove("DNAME")
            else:
                closed.add(owner)
        owners.add(owner)
        for rtype in types:
            most = 1 if rtype in _ALONE else 2
            found = draw(st.lists(rdata[rtype], min_size=1, max_size=most, unique=True))
            lines += [f"{owner} {rtype} {each}" for each in found]
    lines += [f"@ NS {name}" for name in draw(st.lists(rdata["NS"], min_size=1, max_size=2, unique=True))]
    lines += [
        f"@ {rtype} {draw(rdata[rtype])}" for rtype in draw(st.sets(st.sampled_from(["A", "MX", "TXT"])))
    ]
    return "\n".join(["$TTL 300", "@ SOA ns admin 1 2 3 4 5", *lines, ""])


def questions(zone: Zone) -> Iterator[tuple[Name, int]]:
    """Yield every owner name × type, and names below and beside them."""
    found = {zone.origin}
    for rrset in zone.rrsets():
        name = names.fold(rrset.owner)
        while name not in found:
            found |= {name, names.from_labels([b"x"], name), names.from_labels([b"a", b"x"], name)}
            name = names.parent(name)
            found |= {names.from_labels([b"y"], name), names.from_labels([b"*"], name)}
    for name in sorted(found):
        for rtype in TYPES:
            yield name, codes.type_from_text(rtype)


def records(section: tuple[RRset, ...]) -> Records:
    return frozenset(
        (names.fold(rrset.owner), rrset.type, rrset.ttl, canonical_rdata(rrset.type, rdata))
        for rrset in section
        for rdata in rrset.rdatas
    )


def answered(zone: Zone, name: Name, rtype: int) -> Answer:
    found = zone.lookup(name, rtype)
    chain = tuple(names.fold(rrset.owner) for rrset in found.answer if rrset.type == codes.CNAME)
    sections = map(records, (found.answer, found.authority, found.additional))
    return Answer(found.rcode, found.authoritative, chain, *sections)


def is_needed(owner: Name, answer: Answer, origin: Name) -> bool:
    """Tell whether addresses of a name have to go along: it is glue, or a target of the answer."""
    cuts = {Name(cut) for cut, rtype, *_ in answer.authority if rtype == codes.NS and cut != origin}
    targets = {Name(rdata[TARGETS[rtype] :]) for _, rtype, _, rdata in answer.answer if rtype in TARGETS}
    return owner in targets or any(names.is_at_or_below(owner, cut) for cut in cuts)


def is_alike(zone: Zone, name: Name, rtype: int, theirs: Answer) -> bool:
    """Tell whether NSD's answer is ours, but for what RFCs leave to a server.

    It adds other addresses than those needed, those of wildcards too, but none that are only glue, and the
    zone's NS records only if the last name of an answer is there; it follows a DNAME into itself just once,
    which is SERVFAIL with us, and aliases without end.
    """
    ours = answered(zone, name, rtype)
    servers = records(zone.servers(name))
    if ours.rcode == codes.SERVFAIL or len(ours.chain) > 9:
        return theirs.rcode == codes.NOERROR and theirs.is_authoritative
    if ours._replace(additional=frozenset(), authority=ours.authority - servers) != theirs._replace(
        additional=frozenset(), authority=theirs.authority - servers
    ):
        return False
    owners = {names.fold(rrset.owner) for rrset in zone.rrsets()}
    more = {Name(owner) for owner, *_ in ours.additional - theirs.additional}
    less = {Name(owner) for owner, *_ in theirs.additional - ours.additional} & owners
    return not any(zone.lookup(owner, codes.A).authoritative for owner in more) and not any(
        is_needed(owner, theirs, zone.origin) for owner in less
    )


@settings(max_examples=8)
@given(st.lists(texts(), min_size=BATCH, max_size=BATCH))
def test_every_question_is_answered_as_by_nsd(drawn: list[str]) -> None:
    zones = {names.from_text(f"zone{number}.example."): text for number, text in enumerate(drawn)}
    with tempfile.TemporaryDirectory() as folder, nsd.serving(zones, Path(folder)) as server:
        for origin, text in zones.items():
            zone = read_zone(text, "db", origin)
            for name, rtype in questions(zone):
                theirs = server.ask(name, rtype)
                question = f"{names.to_text(name)} {codes.type_to_text(rtype)}"
                assert is_alike(zone, name, rtype, theirs), (
                    text,
                    question,
                    answered(zone, name, rtype),
                    theirs,
                )
