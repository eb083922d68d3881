import dns.name
import dns.zone
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.wire import codes, names
from kdns.wire.names import Name
from kdns.wire.rrsets import RRset
from kdns.zones.masterfile import read_zone
from kdns.zones.writer import write_zone
from kdns.zones.zone import MAX_ALIASES, YXDOMAIN, Lookup, Zone

from .strategies import ORIGIN, labels, zones

TEXT = r"""$ORIGIN Example.
$TTL 3600
@           SOA   ns admin 1 7200 3600 1209600 300
            NS    ns
            NS    ns.other.
            MX    10 mail
            MX    20 Mail
            MX    30 mail.other.
            TXT   "apex"
ns          A     192.0.2.1
mail        A     192.0.2.2
            AAAA  2001:db8::2
a.b.c       A     192.0.2.3
alias       CNAME Mail
alias2      CNAME alias
out         CNAME www.other.
nowhere     CNAME nothing
loop1       CNAME loop2
loop2       CNAME loop1
self        CNAME self
_dns._udp   SRV   0 0 53 ns
*.wild      A     192.0.2.4
            MX    10 mail
x.y.wild    TXT   "x"
*.walias    CNAME mail
a.*.ent     A     192.0.2.5
_web._tcp   SVCB  1 mail
web         HTTPS 1 MAIL alpn="h2"
web         HTTPS 0 out
odd         HTTPS \# 3 000163
dname       DNAME Target
            TXT   "d"
a.target    A     192.0.2.9
*.target    TXT   "t"
below.dname A     192.0.2.10
todname     CNAME a.dname
dnameout    DNAME other.
dnameself   DNAME dnameself
dnameloop   DNAME dnameloop2
dnameloop2  DNAME dnameloop
dnamedown   DNAME x.dnamedown
*.dnamewild DNAME target
hiding      CNAME mail
            A     192.0.2.11
            NSEC  a CNAME
sub         DS    1 8 2 ab
sub         NS    ns
sub         NS    ns.sub
            NS    ns.below.sub
ns.sub      A     192.0.2.6
ns.below.sub AAAA 2001:db8::6
below.sub   NS    ns.below.sub
tosub       CNAME www.sub
"""
ZONE = read_zone(TEXT, "db")

SOA = "example. 300 SOA ns.Example. admin.Example. 1 7200 3600 1209600 300"
GLUE = "ns.sub.Example. 3600 A 192.0.2.6\nns.below.sub.Example. 3600 AAAA 2001:db8::6"
DELEGATION = "\n".join(f"sub.example. 3600 NS {name}.Example." for name in ("ns", "ns.sub", "ns.below.sub"))
SERVERS = "example. 3600 NS ns.Example.\nexample. 3600 NS ns.other."
MAIL = "mail.Example. 3600 A 192.0.2.2\nmail.Example. 3600 AAAA 2001:db8::2"


def ask(question: str, zone: Zone = ZONE) -> Lookup:
    qname, qtype = question.split()
    return zone.lookup(names.from_text(qname, names.from_text("example.")), codes.type_from_text(qtype))


def shown(rrsets: tuple[RRset, ...]) -> list[str]:
    lines = list(write_zone(names.ROOT, rrsets))[1:]
    return [line.rstrip().replace("\t", " ").replace(" IN ", " ") for line in lines]


POSITIVE = [
    ("ns A", "ns.example. 3600 A 192.0.2.1", ""),
    ("NS.eXaMpLe. A", "NS.eXaMpLe. 3600 A 192.0.2.1", ""),
    ("@ TXT", 'example. 3600 TXT "apex"', ""),
    (
        "@ NS",
        "example. 3600 NS ns.Example.\nexample. 3600 NS ns.other.",
        "ns.Example. 3600 A 192.0.2.1",
    ),
    ("_dns._udp SRV", "_dns._udp.example. 3600 SRV 0 0 53 ns.Example.", "ns.Example. 3600 A 192.0.2.1"),
    ("mail ANY", MAIL.replace("Example", "example"), ""),
    ("alias CNAME", "alias.example. 3600 CNAME Mail.Example.", ""),
    ("alias ANY", "alias.example. 3600 CNAME Mail.Example.", ""),
    ("alias A", "alias.example. 3600 CNAME Mail.Example.\nMail.Example. 3600 A 192.0.2.2", ""),
    (
        "alias2 A",
        "alias2.example. 3600 CNAME alias.Example.\nalias.Example. 3600 CNAME Mail.Example.\n"
        "Mail.Example. 3600 A 192.0.2.2",
        "",
    ),
    ("q.WILD A", "q.WILD.example. 3600 A 192.0.2.4", ""),
    ("p.q.wild A", "p.q.wild.example. 3600 A 192.0.2.4", ""),
    ("*.wild A", "*.wild.example. 3600 A 192.0.2.4", ""),
    ("q.wild MX", "q.wild.example. 3600 MX 10 mail.Example.", MAIL),
    ("_web._tcp SVCB", r"_web._tcp.example. 3600 SVCB \# 16 0001046d61696c074578616d706c6500", MAIL),
    (
        "web HTTPS",
        r"web.example. 3600 HTTPS \# 23 0001044d41494c074578616d706c650000010003026832"
        + "\n"
        + r"web.example. 3600 HTTPS \# 15 0000036f7574074578616d706c6500",
        MAIL.replace("mail", "MAIL"),
    ),
    ("odd HTTPS", r"odd.example. 3600 HTTPS \# 3 000163", ""),
    ("hiding A", f"hiding.example. 3600 CNAME mail.Example.\n{MAIL.splitlines()[0]}", ""),
    ("sub DS", r"sub.example. 3600 DS \# 5 00010802ab", ""),
    ("dname DNAME", "dname.example. 3600 DNAME Target.Example.", ""),
    ("dname TXT", 'dname.example. 3600 TXT "d"', ""),
    (
        "A.DNAME A",
        "DNAME.example. 3600 DNAME Target.Example.\nA.DNAME.example. 3600 CNAME A.Target.Example.\n"
        "A.Target.Example. 3600 A 192.0.2.9",
        "",
    ),
    (
        "below.dname TXT",
        "dname.example. 3600 DNAME Target.Example.\nbelow.dname.example. 3600 CNAME below.Target.Example.\n"
        'below.Target.Example. 3600 TXT "t"',
        "",
    ),
    (
        "x.dname CNAME",
        "dname.example. 3600 DNAME Target.Example.\nx.dname.example. 3600 CNAME x.Target.Example.",
        "",
    ),
    (
        "todname A",
        "todname.example. 3600 CNAME a.dname.Example.\ndname.Example. 3600 DNAME Target.Example.\n"
        "a.dname.Example. 3600 CNAME a.Target.Example.\na.Target.Example. 3600 A 192.0.2.9",
        "",
    ),
    ("x.dnamewild DNAME", "x.dnamewild.example. 3600 DNAME target.Example.", ""),
    ("q.walias A", "q.walias.example. 3600 CNAME mail.Example.\nmail.Example. 3600 A 192.0.2.2", ""),
]


@pytest.mark.parametrize(("question", "answer", "additional"), POSITIVE)
def test_a_name_with_the_type_is_answered(question: str, answer: str, additional: str) -> None:
    found = ask(question)
    assert shown(found.answer) == answer.splitlines()
    assert shown(found.additional) == additional.splitlines()
    servers = "" if question == "@ NS" else SERVERS
    assert [line.lower() for line in shown(found.authority)] == servers.lower().splitlines()
    assert found == Lookup(0, found.answer, found.authority, found.additional, None, True)


def test_addresses_go_along_once_and_only_from_this_zone() -> None:
    assert shown(ask("@ MX").additional) == MAIL.splitlines()


def test_any_at_the_apex_is_all_of_it_and_soa_first() -> None:
    found = ask("@ ANY")
    assert [rrset.type for rrset in found.answer] == [codes.SOA, codes.NS, codes.MX, codes.TXT]


NEGATIVE = [
    ("nothing A", False),
    ("a.ns A", False),
    ("ns AAAA", True),
    ("c A", True),
    ("b.c A", True),
    ("x.b.c A", False),
    ("c ANY", True),
    ("wild A", True),
    ("q.wild AAAA", True),
    ("y.wild A", True),
    ("z.y.wild A", False),
    ("z.x.y.wild A", False),
    ("q.ent A", True),
    ("walias A", True),
    ("ns OPT", True),
    ("dname A", True),
    ("x.dnamewild A", True),
    ("mail DS", True),
]

BARE = {"c A", "b.c A", "c ANY", "wild A", "y.wild A", "walias A"}
"""Those of them whose name, or what it leads to, has no records but names below it."""


@pytest.mark.parametrize(("question", "exists"), NEGATIVE)
def test_nodata_and_nxdomain_have_the_soa_with_its_negative_ttl(question: str, exists: bool) -> None:
    found = ask(question)
    rcode = codes.NOERROR if exists else codes.NXDOMAIN
    assert found == Lookup(rcode, authority=found.authority, is_bare=question in BARE)
    assert shown(found.authority) == [SOA]


def test_the_soa_of_a_negative_answer_keeps_a_ttl_below_its_minimum() -> None:
    zone = read_zone("example. 60 SOA ns. a. 1 2 3 4 300\nexample. 60 NS ns.", "db")
    assert ask("x A", zone).authority[0].ttl == 60


def test_the_soa_of_a_negative_answer_is_spelled_as_in_qname() -> None:
    assert ask("x.eXaMpLe. A").authority[0].owner == names.from_text("eXaMpLe.")


def test_an_alias_to_a_name_that_does_not_exist_is_nxdomain() -> None:
    found = ask("nowhere A")
    assert found.rcode == codes.NXDOMAIN
    assert shown(found.answer) == ["nowhere.example. 3600 CNAME nothing.Example."]
    assert shown(found.authority) == [SOA]


def test_an_alias_out_of_the_zone_is_left_to_somebody_else() -> None:
    found = ask("out A")
    assert found == Lookup(
        answer=found.answer, authority=found.authority, alias=names.from_text("www.other.")
    )
    assert shown(found.answer) == ["out.example. 3600 CNAME www.other."]
    assert shown(found.authority) == SERVERS.splitlines()


def test_a_dname_out_of_the_zone_is_left_to_somebody_else() -> None:
    found = ask("www.dnameout A")
    assert found.alias == names.from_text("www.other.")
    assert shown(found.answer) == [
        "dnameout.example. 3600 DNAME other.",
        "www.dnameout.example. 3600 CNAME www.other.",
    ]


def test_a_name_that_a_dname_makes_too_long_is_yxdomain() -> None:
    long = ".".join(["a" * 60] * 4)
    zone = read_zone(TEXT + f"d DNAME {long}.\n", "db")
    found = ask("1234567890.d A", zone)
    assert (found.rcode, [rrset.type for rrset in found.answer]) == (YXDOMAIN, [codes.DNAME])
    assert ask("123456789.d A", zone).alias == names.from_text(f"123456789.{long}.")


@pytest.mark.parametrize(
    ("question", "aliases"), [("x.dnameself A", 0), ("x.dnameloop A", 2), ("x.dnamedown A", MAX_ALIASES)]
)
def test_a_dname_that_leads_round_and_round_is_a_failure(question: str, aliases: int) -> None:
    found = ask(question)
    assert found.rcode == codes.SERVFAIL
    assert [rrset.type for rrset in found.answer].count(codes.CNAME) == aliases
    assert len({rrset[:2] for rrset in found.answer}) == len(found.answer)


@pytest.mark.parametrize(("question", "length"), [("loop1 A", 2), ("self A", 1)])
def test_a_loop_of_aliases_is_given_once(question: str, length: int) -> None:
    found = ask(question)
    assert found == Lookup(answer=found.answer, authority=found.authority)
    assert len(found.answer) == length


def test_a_chain_of_aliases_is_followed_so_far_and_no_further() -> None:
    chain = "".join(f"n{step} CNAME n{step + 1}\n" for step in range(20))
    zone = read_zone(TEXT + chain, "db")
    assert len(ask("n0 A", zone).answer) == MAX_ALIASES
    assert ask("n15 A", zone).rcode == codes.NXDOMAIN


REFERRALS = ["sub A", "sub NS", "sub ANY", "www.sub A", "ns.sub A", "x.below.sub A", "below.sub DS"]


@pytest.mark.parametrize("question", REFERRALS)
def test_names_at_or_below_a_zone_cut_are_referred(question: str) -> None:
    found = ask(question)
    assert found == Lookup(authority=found.authority, additional=found.additional, authoritative=False)
    assert shown(found.authority) == DELEGATION.splitlines()
    assert shown(found.additional) == GLUE.splitlines()


def test_an_alias_into_a_delegation_is_authoritative_and_comes_with_the_referral() -> None:
    found = ask("tosub A")
    assert found.authoritative
    assert shown(found.answer) == ["tosub.example. 3600 CNAME www.sub.Example."]
    assert [line.lower() for line in shown(found.authority)] == DELEGATION.lower().splitlines()
    assert shown(found.additional) == GLUE.splitlines()


def test_an_apex_keeps_its_soa_and_ns_beside_a_cname() -> None:
    zone = read_zone(TEXT + "@ CNAME mail\n", "db")
    for qtype in ("SOA", "NS"):
        assert [rrset.type for rrset in ask(f"@ {qtype}", zone).answer] == [codes.type_from_text(qtype)]
    assert [rrset.type for rrset in ask("@ A", zone).answer] == [codes.CNAME, codes.A]
    assert [rrset.type for rrset in ask("@ TXT", zone).answer] == [codes.CNAME]


def test_a_zone_without_ns_records_is_answered_without_them() -> None:
    zone = read_zone("@ 60 SOA ns a 1 2 3 4 5\na 60 A 192.0.2.1\n", "db", names.from_text("example."))
    assert ask("a A", zone) == Lookup(answer=ask("a A", zone).answer)
    assert shown(ask("@ NS", zone).authority) == ["example. 5 SOA ns.example. a.example. 1 2 3 4 5"]


def test_a_dname_at_the_apex_is_for_all_names_below_it() -> None:
    zone = read_zone(TEXT + "@ DNAME other.\n", "db")
    assert ask("@ MX", zone).rcode == codes.NOERROR
    for name in ("mail", "sub", "www.sub"):
        assert ask(f"{name} A", zone).alias == names.from_text(f"{name}.other.")


def test_a_question_outside_the_zone_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="outside the zone"):
        ask("www.other. A")


def test_rrsets_come_soa_first_then_the_apex_then_as_in_the_file() -> None:
    zone = read_zone(
        "z 1 A 1.1.1.1\nb.a 1 A 1.1.1.1\n@ 1 NS ns\nA 1 TXT x\nz 1 MX 1 a\n@ 1 SOA ns b 1 2 3 4 5\n",
        "db",
        ORIGIN,
    )
    found = [
        (names.to_text(rrset.owner).split(".")[:2], codes.type_to_text(rrset.type)) for rrset in zone.rrsets()
    ]
    assert found == [
        (["Zone", "Example"], "SOA"),
        (["Zone", "Example"], "NS"),
        (["z", "Zone"], "A"),
        (["z", "Zone"], "MX"),
        (["b", "a"], "A"),
        (["A", "Zone"], "TXT"),
    ]


def test_rrsets_are_made_one_by_one() -> None:
    assert next(ZONE.rrsets()) == ZONE.soa
    assert iter(found := ZONE.rrsets()) is found


def test_the_pieces_of_a_zone_are_all_its_names_and_records() -> None:
    pieces = ZONE.pieces()
    assert {rrset for piece in pieces if isinstance(piece, dict) for rrset in piece.values()} == {
        *ZONE.rrsets()
    }


def test_a_zone_can_be_at_the_root() -> None:
    zone = read_zone(". 1 SOA a. b. 1 2 3 4 5\n. 1 NS a.\na. 1 A 192.0.2.1", "db")
    assert shown(zone.lookup(names.ROOT, codes.NS).additional) == ["a. 1 A 192.0.2.1"]
    assert zone.lookup(names.from_text("b."), codes.A).rcode == codes.NXDOMAIN


def test_rrsets_that_are_no_zone_are_a_value_error() -> None:
    with pytest.raises(ValueError, match="outside"):
        Zone.from_rrsets([*ZONE.rrsets(), RRset(names.from_text("other."), codes.A, 1, (b"abcd",))])
    with pytest.raises(ValueError, match="unpack"):
        Zone.from_rrsets([])


def test_a_zone_can_be_hashed_and_compared() -> None:
    assert {ZONE: 1}[read_zone(TEXT, "db")] == 1
    assert read_zone(TEXT + "q A 1.2.3.4\n", "db") != ZONE


@given(zones())
def test_whatever_dnspython_holds_is_answered_unless_it_is_below_a_cut(records: list[RRset]) -> None:
    text = "".join(write_zone(ORIGIN, records))
    oracle = dns.zone.from_text(text, names.to_text(ORIGIN), relativize=False)
    zone = Zone.from_rrsets(records)
    cuts = [names.fold(rrset.owner) for rrset in records[2:] if rrset.type == codes.NS]
    types = sorted({rrset.type for rrset in records})
    for owner in oracle.nodes:
        qname = Name(owner.to_wire())
        for qtype in types:
            found = zone.lookup(qname, qtype)
            if any(names.is_at_or_below(names.fold(qname), cut) for cut in cuts):
                assert not found.authoritative
            elif (rdataset := oracle.get_rdataset(owner, qtype)) is not None:
                assert found.answer[0].owner == qname
                assert set(found.answer[0].rdatas) == {rdata.to_wire() for rdata in rdataset}
            elif oracle.get_rdataset(owner, codes.CNAME) is None:
                assert found.rcode == codes.NOERROR
                assert [rrset.type for rrset in found.authority] == [codes.SOA]
            else:
                assert found.answer[0].type == codes.CNAME


@given(zones(), st.lists(labels, max_size=4), st.sampled_from([1, 2, 5, 16, 43, 255]))
def test_any_question_ends_in_one_of_the_outcomes(
    records: list[RRset], above: list[bytes], qtype: int
) -> None:
    found = Zone.from_rrsets(records).lookup(names.from_labels(above, ORIGIN), qtype)
    authority = {rrset.type for rrset in found.authority}
    assert authority in (set(), {codes.SOA}, {codes.NS})
    assert found.rcode == codes.NOERROR or authority == {codes.SOA}
    assert found.authoritative or (authority == {codes.NS} and not found.answer)
    assert len({(names.fold(rrset.owner), rrset.type) for rrset in found.answer}) == len(found.answer)
