"""Hypothesis strategies: names, RDATA of every supported type, whole zones, and text that is nearly one."""

from hypothesis import strategies as st

from kdns.wire import codes, names, rrsets
from kdns.wire.names import Name
from kdns.wire.presentation import FIELDS, canonical_rdata
from kdns.wire.rrsets import RRset

ORIGIN = names.from_text("Zone.Example.")

uint16 = st.integers(0, 0xFFFF)
uint32 = st.integers(0, 0xFFFFFFFF)
ttls = st.integers(0, 2**31 - 1)
strings = st.binary(max_size=255)
labels = st.sampled_from([b"a", b"A", b"www", b"*", b"_tcp", b"@", b"a.b", b'"', b"\\", b"\0"]) | st.binary(
    min_size=1, max_size=20
)
relative = st.lists(labels, max_size=5)
all_names = st.builds(names.from_labels, relative, st.sampled_from([ORIGIN, names.ROOT]))
owners = st.builds(names.from_labels, relative, st.just(ORIGIN))

RDATA = {
    codes.SOA: st.builds(rrsets.SOA, all_names, all_names, *[uint32] * 5).map(rrsets.SOA.rdata),
    codes.NS: all_names,
    codes.A: st.binary(min_size=4, max_size=4),
    codes.AAAA: st.binary(min_size=16, max_size=16),
    codes.CNAME: all_names,
    codes.PTR: all_names,
    codes.MX: st.builds(rrsets.mx, uint16, all_names),
    codes.TXT: st.lists(strings, min_size=1, max_size=4).map(rrsets.txt),
    codes.SRV: st.builds(rrsets.srv, uint16, uint16, uint16, all_names),
    codes.DNAME: all_names,
    codes.HINFO: st.lists(strings, min_size=2, max_size=2).map(rrsets.txt),
}
assert set(RDATA) == set(FIELDS), "a type without a strategy"

_BESIDE_OTHERS = sorted(set(RDATA) - {codes.SOA, codes.CNAME, codes.DNAME})


def _rdatas(rtype: int, many: int) -> st.SearchStrategy[tuple[bytes, ...]]:
    def key(rdata: bytes) -> bytes:
        return canonical_rdata(rtype, rdata)

    return st.lists(RDATA[rtype], min_size=1, max_size=many, unique_by=key).map(tuple)


def rrsets_of(owner: Name, rtype: int, many: int = 3) -> st.SearchStrategy[RRset]:
    return st.builds(RRset, st.just(owner), st.just(rtype), ttls, _rdatas(rtype, many), st.just(codes.IN))


@st.composite
def zones(draw: st.DrawFn) -> list[RRset]:
    """Draw the RRsets of a well-formed zone."""
    result = [draw(rrsets_of(ORIGIN, codes.SOA, many=1)), draw(rrsets_of(ORIGIN, codes.NS))]
    for owner in draw(st.lists(owners, max_size=6, unique_by=names.fold)):
        if names.fold(owner) == names.fold(ORIGIN):
            continue
        if draw(st.integers(0, 3)) == 0:
            result.append(draw(rrsets_of(owner, codes.CNAME, many=1)))
        else:
            types = draw(st.lists(st.sampled_from(_BESIDE_OTHERS), min_size=1, max_size=3, unique=True))
            result += [draw(rrsets_of(owner, rtype)) for rtype in types]
    return result


_FRAGMENTS = [
    *(
        "$ORIGIN ",
        "$TTL ",
        "$INCLUDE ",
        "$GENERATE 1-3 ",
        "a$ ",
        "${0,2,x}",
        "CH ",
        "LOC ",
        "DS ",
        "example.",
        "@",
        "IN ",
        "SOA ",
        "NS ",
        "A ",
        "AAAA ",
        "TXT ",
        "MX ",
    ),
    *(
        "SRV ",
        "CNAME ",
        "1.2.3.4 ",
        "::1 ",
        "300 ",
        "1h ",
        "a.b ",
        " ",
        "\t",
        "\n",
        "\r\n",
        ";",
        "(",
        ")",
        '"',
    ),
    *("\\", "\\065", "\\999", "\\# ", "TYPE1 ", "TYPE65280 ", "1 2 3 4 5", "ſ", "²", "\x85", "\ud800", "*"),
]
nearly_zones = st.lists(st.sampled_from(_FRAGMENTS) | st.text(max_size=5), max_size=60).map("".join)
