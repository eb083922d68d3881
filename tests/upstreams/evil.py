"""What upstreams send that mean harm or have gone mad, by what is wrong with it; and what to look for then.

A name's first label says how it is answered: `wrong-id.1.outside.test` with another id.
"""

import struct
from collections.abc import Callable, Iterable, Mapping
from random import Random

import dns.name
import dns.wire

from tests.upstreams.dummies import END, with_id

Steps = Iterable[bytes | float | str]

EVIL = bytes((6, 6, 6, 6))
"""The address that no question for one of the VICTIMS may ever get."""

VICTIMS = ("victim.outside.test.", "web.ns.svc.cluster.local.", "1.0.0.10.in-addr.arpa.")

A, NS, CNAME, SOA, TXT, AAAA, SRV, OPT = 1, 2, 5, 6, 16, 28, 33, 41
IN, CH = 1, 3
_HEADER, _FIXED = 12, struct.Struct("!HHIH")
_TO_QUESTION = b"\xc0\x0c"


def name(text: str) -> bytes:
    return dns.name.from_text(text).to_digestable()


def question(query: bytes) -> bytes:
    return query[_HEADER : query.index(0, _HEADER) + 5]


def rr(owner: bytes, rtype: int, rdata: bytes, ttl: int = 300, rclass: int = IN) -> bytes:
    return owner + _FIXED.pack(rtype, rclass, ttl, len(rdata)) + rdata


def mine(*addresses: bytes, ttl: int = 300) -> list[bytes]:
    """Return address records of the name that is asked for."""
    return [rr(_TO_QUESTION, A, address, ttl) for address in addresses or (bytes((192, 0, 2, 1)),)]


def reply(
    query: bytes,
    answer: Iterable[bytes] = (),
    authority: Iterable[bytes] = (),
    additional: Iterable[bytes] = (),
    flags: int = 0x8180,
) -> bytes:
    """Return a reply of these records, as many as there are, however long it gets."""
    sections = [list(section) for section in (answer, authority, additional)]
    flags |= int.from_bytes(query[2:4], "big") & 0x7800
    head = query[:2] + struct.pack("!HHHHH", flags, 1, *map(len, sections))
    return head + question(query) + b"".join(b"".join(section) for section in sections)


def poison() -> list[bytes]:
    """Return records of names that nobody asked for."""
    return [rr(name(victim), A, EVIL) for victim in VICTIMS]


def _cut(query: bytes, dice: Random) -> Steps:
    whole = reply(query, mine(), poison(), [_OPT])
    return [whole[: dice.randrange(len(whole))]]


def _flipped(query: bytes, dice: Random) -> Steps:
    octets = bytearray(
        reply(query, [*mine(), *mine(b"\1\2\3\4")], [rr(name("a.b."), NS, _TO_QUESTION)], [_OPT])
    )
    for _ in range(dice.randrange(1, 5)):
        octets[dice.randrange(2, len(octets))] = dice.randrange(256)
    return [bytes(octets)]


def _counts(query: bytes, dice: Random) -> Steps:
    octets = reply(query, mine(), poison(), [_OPT])
    return [
        octets[:6]
        + struct.pack("!HHH", *(dice.choice((0, 1, 2, 255, 65535)) for _ in range(3)))
        + octets[12:]
    ]


def _many_cnames(query: bytes, dice: Random) -> Steps:
    """Sixty thousand octets of CNAMEs, each from a name of nearly 255 to itself."""
    long = b"".join(b"\x31" + b"%049d" % dice.randrange(10**49) for _ in range(4)) + b"\2zz"
    pointer = (0xC000 | _HEADER + len(question(query)) + 12).to_bytes(2, "big")
    first = rr(_TO_QUESTION, CNAME, long + _TO_QUESTION)
    return [reply(query, [first, *(rr(pointer, CNAME, pointer) for _ in range(60_000 // 14))])]


_OPT = rr(b"\0", OPT, b"", 0, 1232)
_SOA = rr(name("outside.test."), SOA, b"\0\0" + struct.pack("!5I", 1, 2, 3, 4, 2**32 - 1), 2**32 - 1)


def _chain(*names: str) -> list[bytes]:
    """Return CNAMEs from the name that is asked for from one name to the next."""
    owners = (_TO_QUESTION, *map(name, names))
    return [rr(owner, CNAME, name(target)) for owner, target in zip(owners, names, strict=False)]


REPLIES: Mapping[str, Callable[[bytes, Random], Steps]] = {
    "wrong-id": lambda query, dice: [with_id(reply(query, mine(EVIL)), n) for n in (1, 256, 65535)],
    "wrong-question": lambda query, dice: [
        query[:2] + reply(b"??" + query[2:12] + name(victim) + b"\0\1\0\1", mine(EVIL))[2:]
        for victim in VICTIMS
    ],
    "no-question": lambda query, dice: [
        query[:2] + b"\x81\x80\0\0\0\1\0\0\0\0" + rr(name(VICTIMS[0]), A, EVIL)
    ],
    "query-again": lambda query, dice: [query, query],
    "empty": lambda query, dice: [b"", b"", b"\0", query[:11]],
    "header-only": lambda query, dice: [query[:2] + b"\x81\x82" + bytes(8)],
    "cut": _cut,
    "flipped": _flipped,
    "counts": _counts,
    "noise": lambda query, dice: [query[:2] + dice.randbytes(dice.randrange(600)) for _ in range(3)],
    "loop-pointer": lambda query, dice: [
        reply(query, [rr(struct.pack("!H", 0xC000 | _HEADER + len(question(query)) + n), A, EVIL)])
        for n in (0, 2, 12)
    ],
    "pointer-to-header": lambda query, dice: [reply(query, [rr(b"\xc0\0", A, EVIL)])],
    "pointer-to-address": lambda query, dice: [
        reply(
            query,
            mine(b"\1a\0\0", b"\x3f\x3f\x3f\x3f", b"\xc0\x0c\xff\xff"),
            [rr(struct.pack("!H", 0xC000 | _HEADER + len(question(query)) + 12), NS, b"\1b\0")],
        )
    ],
    "short-address": lambda query, dice: [reply(query, [rr(_TO_QUESTION, A, b"\1\2\3")])],
    "chaos-srv": lambda query, dice: [
        reply(query, [*mine(), rr(_TO_QUESTION, SRV, b"", rclass=CH), rr(_TO_QUESTION, A, b"", rclass=CH)])
    ],
    "many-cnames": _many_cnames,
    "many-addresses": lambda query, dice: [
        reply(query, mine(*(struct.pack("!I", 0x0A000000 + n) for n in range(4_000))))
    ],
    "many-empty": lambda query, dice: [reply(query, [rr(b"\0", 65_280, b"") for _ in range(5_900)])],
    "opt-first": lambda query, dice: [reply(query, mine(), [], [_OPT, rr(name("x.test."), A, b"\1\2\3\4")])],
    "opt-in-answer": lambda query, dice: [reply(query, [*mine(), _OPT])],
    "two-opts": lambda query, dice: [reply(query, mine(), [], [_OPT, _OPT])],
    "long-ttl": lambda query, dice: [reply(query, [*mine(ttl=2**31), *mine(b"\1\2\3\4", ttl=2**32 - 1)])],
    "long-denial": lambda query, dice: [reply(query, [], [_SOA], flags=0x8183)],
    "other-names": lambda query, dice: [reply(query, poison(), poison(), poison())],
    "mine-and-others": lambda query, dice: [reply(query, [*mine(), *poison()], poison(), poison())],
    "delegation": lambda query, dice: [
        reply(
            query, [], [rr(name(zone), NS, name(VICTIMS[0])) for zone in (".", "test.", "local.")], poison()
        )
    ],
    "into-cluster": lambda query, dice: [reply(query, [*_chain(VICTIMS[1]), rr(name(VICTIMS[1]), A, EVIL)])],
    "cname-loop": lambda query, dice: [reply(query, _chain("a.test.", "b.test.", "a.test."))],
    "cname-self": lambda query, dice: [reply(query, [rr(_TO_QUESTION, CNAME, _TO_QUESTION)])],
    "back": lambda query, dice: [
        reply(query, _chain("back.ns.svc.cluster.local.", "back.ext.outside.test."))
    ],
    "truncated": lambda query, dice: [reply(query, [*mine(), *poison()], flags=0x8380)],
    "truncated-cut": lambda query, dice: [reply(query, [*mine(), *poison()], flags=0x8380)[:-3]],
    "strange-rcode": lambda query, dice: [
        reply(query, mine(), poison(), [_OPT[:5] + b"\7" + _OPT[6:]], 0x818F)
    ],
    "trailing": lambda query, dice: [reply(query, mine()) + b"".join(poison())],
    "good-after-bad": lambda query, dice: [with_id(reply(query, mine(EVIL))), reply(query, mine())],
}
"""First label → what is sent."""


def script(dice: Random) -> Callable[[bytes], Steps]:
    """Return what answers every name in the way that its first label says, and all others well."""

    def steps(query: bytes) -> Steps:
        label = query[_HEADER + 1 : _HEADER + 1 + query[_HEADER]].decode("latin-1").lower()
        kind = REPLIES.get(label)
        if kind is None:
            return [reply(query, mine())]
        return [step for step in kind(query, dice) if not isinstance(step, bytes) or len(step) <= 65_507]

    return steps


_NAMES = {NS: (0, 1), CNAME: (0, 1), SOA: (0, 2), 12: (0, 1), 15: (2, 1)}
"""Type → octets before the first name in its RDATA, number of names."""

FRAMES: Mapping[str, Callable[[bytes], list[bytes | str]]] = {
    "length-without-end": lambda query: [b"\xff\xff" + reply(query, mine(EVIL)), END],
    "length-0": lambda query: [b"\0\0" * 2000, END],
    "length-1": lambda query: [b"\0\1a" * 2000, END],
    "endless-noise": lambda query: [b"\xff\xff" + bytes(65535)] * 20 + [END],
    "one-octet": lambda query: [b"\0", END],
    "other-frames-first": lambda query: [
        b"".join(len(each).to_bytes(2, "big") + each for each in (with_id(query), reply(query, mine())))
    ],
}
"""First label → octets of a stream, length prefixes and all."""


def well_formed(octets: bytes) -> None:
    """Walk over a message with dnspython; raises where it is none. RDATA without names may be anything."""
    parser, pointers = dns.wire.Parser(octets), set[bytes]()

    def get_name() -> None:
        pointer = octets[parser.current : parser.current + 2]
        if pointer in pointers:  # thousands of names may be the same pointer
            parser.get_uint16()
            return
        parser.get_name(decompress=True)
        if pointer[0] >= 0xC0:
            pointers.add(pointer)

    _, _, questions, *counts = parser.get_struct("!HHHHHH")
    for _ in range(questions):
        get_name()
        parser.get_struct("!HH")
    for _ in range(sum(counts)):
        get_name()
        rtype, _, _, length = parser.get_struct("!HHIH")
        with parser.restrict_to(length):
            before, number = _NAMES.get(rtype, (0, 0))
            parser.get_bytes(before)
            for _ in range(number):
                get_name()
            parser.get_remaining()
    assert parser.remaining() == 0, "nothing after the last record"
