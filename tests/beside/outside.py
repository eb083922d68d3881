"""What lies outside the cluster: the zones of the upstream that both servers forward to.

Names below `ext.example` are targets of ExternalName Services and never asked for themselves, those below
`www.example` are asked: what one question leaves in a cache must not show in the answer to another.
"""

from tests.beside.upstream import Reply, Table

SOA = "example. {ttl} SOA ns.example. hostmaster.example. 2026010101 7200 900 1209600 {minimum}"
LONG = "x" * 200


def soa(ttl: int = 600, minimum: int = 60) -> str:
    return SOA.format(ttl=ttl, minimum=minimum)


NXDOMAIN = Reply(authority=(soa(),), rcode="NXDOMAIN")
NODATA = Reply(authority=(soa(),))


def a(ttl: int, *addresses: str) -> Reply:
    return Reply(tuple(f"@ {ttl} A {address}" for address in addresses))


def both(four: str, six: str, ttl: int = 300) -> dict[str, Reply]:
    return {"A": a(ttl, four), "AAAA": Reply((f"@ {ttl} AAAA {six}",)), "*": NODATA}


def every(reply: Reply) -> dict[str, Reply]:
    return {"*": reply}


def chain(name: str) -> tuple[str, ...]:
    return (
        f"@ 300 CNAME a.{name}.",
        f"a.{name}. 60 CNAME b.{name}.",
        f"b.{name}. 600 A 192.0.2.21",
        f"b.{name}. 600 A 192.0.2.22",
    )


MANY = tuple(f"192.0.2.{each}" for each in range(100, 160))

_NAMES: dict[str, dict[str, Reply]] = {
    "one": both("192.0.2.1", "2001:db8::1"),
    "second": both("192.0.2.4", "2001:db8::4"),
    "dot": both("192.0.2.2", "2001:db8::2"),
    "upper": both("192.0.2.3", "2001:db8::3"),
    "missing": every(NXDOMAIN),
    "nodata": every(NODATA),
    "servfail": every(Reply(rcode="SERVFAIL")),
    "refused": every(Reply(rcode="REFUSED", flags="")),
    "many": {"A": a(300, *MANY), "*": NODATA},
    "text": {"TXT": Reply((f'@ 300 TXT "{LONG}" "b"', '@ 300 TXT "c"')), "*": NODATA},
    "in-out": {"*": Reply(("@ 300 CNAME web.shop.svc.cluster.local.",))},
}
"""What both trees have."""

_WWW: dict[str, dict[str, Reply]] = {
    "two": {"A": a(120, "192.0.2.5", "192.0.2.6"), "*": NODATA},
    "authoritative": {"*": Reply(("@ 300 A 192.0.2.7",), flags="AA RA")},
    "no-ra": {"A": Reply(("@ 300 A 192.0.2.8",), flags=""), "*": Reply(authority=(soa(),), flags="")},
    "checked": {"A": Reply(("@ 300 A 192.0.2.9",), flags="RA AD"), "*": NODATA},
    "ttl-0": {"A": a(0, "192.0.2.10"), "*": Reply(authority=(soa(0, 0),))},
    "ttl-1": {"A": a(1, "192.0.2.10"), "*": Reply(authority=(soa(1, 1),))},
    "ttl-7": {"A": a(7, "192.0.2.10"), "*": Reply(authority=(soa(7, 7),))},
    "ttl-huge": {"A": a(604800, "192.0.2.11"), "*": Reply(authority=(soa(604800, 604800),))},
    "ttl-most": {"A": a(2147483647, "192.0.2.11"), "*": NODATA},
    "ttl-mixed": {
        "A": Reply(
            ("@ 20 A 192.0.2.12", "@ 9 A 192.0.2.13"),
            ("example. 15 NS ns.example.",),
            ("ns.example. 8 A 192.0.2.53",),
        ),
        "*": NODATA,
    },
    "with-authority": {
        "A": Reply(
            ("@ 300 A 192.0.2.14",),
            ("example. 300 NS ns1.example.", "example. 300 NS ns2.example."),
            ("ns1.example. 300 A 192.0.2.53", "ns2.example. 300 AAAA 2001:db8::53"),
        ),
        "*": NODATA,
    },
    "referral": every(
        Reply((), ("www.example. 300 NS ns.www.example.",), ("ns.www.example. 300 A 192.0.2.54",))
    ),
    "to-missing": every(Reply(("@ 300 CNAME gone.example.",), (soa(),), rcode="NXDOMAIN")),
    "to-nodata": every(Reply(("@ 300 CNAME empty.example.",), (soa(),))),
    "alias": every(Reply(("@ 300 CNAME elsewhere.example.",))),
    "bare": every(Reply()),
    "bare-missing": every(Reply(rcode="NXDOMAIN")),
    "other-record": every(Reply(("other.example. 300 A 192.0.2.15",))),
    "notimp": every(Reply(rcode="NOTIMP")),
    "formerr": every(Reply(rcode="FORMERR")),
    "yxdomain": every(Reply(rcode="YXDOMAIN")),
    "mail": {
        "MX": Reply(
            ("@ 300 MX 10 mx1.example.", "@ 300 MX 20 mx2.example."), (), ("mx1.example. 300 A 192.0.2.25",)
        ),
        "*": NODATA,
    },
    "services": {
        "SRV": Reply(("@ 300 SRV 1 2 443 host.example.",), (), ("host.example. 300 A 192.0.2.16",)),
        "HTTPS": Reply(('@ 300 HTTPS 1 . alpn="h2,h3" ipv4hint="192.0.2.16"',)),
        "SVCB": Reply(("@ 300 SVCB 1 host.example. port=853",)),
        "NAPTR": Reply(('@ 300 NAPTR 10 20 "s" "SIP+D2U" "" host.example.',)),
        "CAA": Reply(('@ 300 CAA 0 issue "ca.example"',)),
        "TYPE65280": Reply((r"@ 300 TYPE65280 \# 3 010203",)),
        "*": NODATA,
    },
    "zone": {
        "SOA": Reply(("@ 300 SOA ns.example. hostmaster.example. 1 7200 900 1209600 60",)),
        "NS": Reply(("@ 300 NS ns1.example.", "@ 300 NS ns2.example.")),
        "*": NODATA,
    },
    "hundred": {"A": a(300, *(f"192.0.2.{each}" for each in range(1, 101))), "*": NODATA},
    "huge-text": {"TXT": Reply(tuple(f'@ 300 TXT "{each}{LONG}"' for each in range(30))), "*": NODATA},
    r"under_score": both("192.0.2.17", "2001:db8::17"),
    r"esc\.aped": both("192.0.2.18", "2001:db8::18"),
    r"by\000te\255": both("192.0.2.19", "2001:db8::19"),
    "a" * 63: both("192.0.2.20", "2001:db8::20"),
}

TREES = {"ext.example": _NAMES, "www.example": _NAMES | _WWW}

TABLE: Table = (
    {
        (f"{name}.{tree}.", rtype): reply
        for tree, names in TREES.items()
        for name, by_type in names.items()
        for rtype, reply in by_type.items()
    }
    | {(f"chain.{tree}.", "A"): Reply(chain(f"{tree}")) for tree in TREES}
    | {(f"chain.{tree}.", "*"): Reply(chain(f"{tree}")[:2], (soa(),)) for tree in TREES}
    | {
        ("1.113.0.203.in-addr.arpa.", "PTR"): Reply(("@ 300 PTR host.example.",)),
        ("1.113.0.203.in-addr.arpa.", "*"): NODATA,
        ("www.example.", "*"): NODATA,
    }
)

ASKED = (*(f"{name}.www.example." for name in (*TREES["www.example"], "chain")), "www.example.")
