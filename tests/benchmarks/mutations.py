"""Ways to damage a DNS message. Every mutation takes a random source and bytes, and gives bytes.

Nothing is sent here, and no packet is longer than a UDP datagram can be; the bombs are for TCP.
"""

import struct
from collections.abc import Callable
from random import Random
from typing import TypeAlias

from tests.benchmarks.packets import OPT, QTYPES, RD, Question, build_query, encode_name

Mutation: TypeAlias = Callable[[Random, bytes], bytes]

MAX_UDP = 65_507
QUESTION_AT = 12
ODD_TYPES = (0, 1, 2, 6, 12, 28, 33, 41, 64, 65, 97, 249, 250, 251, 252, 255, 32769, 65535)
ODD_NAMES = (
    "kubernetes.default.svc.cluster.local",
    "_https._tcp.kubernetes.default.svc.cluster.local",
    "pod-0.hl10.bench.svc.cluster.local",
    "10-244-1-10.default.pod.cluster.local",
    "10.0.96.10.in-addr.arpa",
    ".".join("0" * 31) + ".1.ip6.arpa",
    "cluster.local",
    "example.com",
    "localhost",
    "",
)


def valid_query(draw: Random) -> bytes:
    """Return a query as a client might send it: a name of the cluster or another, any type, OPT or not."""
    question = Question(draw.choice(ODD_NAMES), draw.choice(tuple(QTYPES)))
    return build_query(question, draw.getrandbits(16), edns=draw.random() < 0.5)


def flip_bits(draw: Random, packet: bytes) -> bytes:
    """Flip one to sixteen bits anywhere."""
    damaged = bytearray(packet)
    for _ in range(draw.randint(1, 16)):
        damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
    return bytes(damaged)


def truncate(draw: Random, packet: bytes) -> bytes:
    """Cut the end off; nothing may be left."""
    return packet[: draw.randrange(len(packet))]


def extend(draw: Random, packet: bytes) -> bytes:
    """Append random octets, a few as a rule and sometimes very many."""
    return packet + draw.randbytes(60_000 if draw.random() < 0.01 else draw.choice((1, 7, 100, 500, 4000)))


def set_count(draw: Random, packet: bytes) -> bytes:
    """Let one of the four counts of the header lie."""
    damaged = bytearray(packet)
    struct.pack_into("!H", damaged, 4 + 2 * draw.randrange(4), draw.choice((0, 1, 2, 3, 255, 65535)))
    return bytes(damaged)


def set_flags(draw: Random, packet: bytes) -> bytes:
    """Draw the second word of the header: QR, opcode, all bits, rcode."""
    return packet[:2] + draw.randbytes(2) + packet[4:]


def set_type(draw: Random, packet: bytes) -> bytes:
    """Ask for an odd type in an odd class."""
    name = encode_name(draw.choice(ODD_NAMES))
    tail = struct.pack("!HH", draw.choice(ODD_TYPES), draw.choice((0, 1, 3, 254, 255, 65535)))
    return packet[:4] + struct.pack("!4H", 1, 0, 0, 0) + name + tail


def cut_label(draw: Random, packet: bytes) -> bytes:
    """Write a length octet of any kind (too long, 0x40, 0x80, pointer) into the question's name."""
    damaged = bytearray(packet)
    at = draw.randrange(QUESTION_AT, len(damaged))
    damaged[at] = draw.choice((0, 1, 62, 63, 64, 65, 127, 128, 191, 192, 193, 255))
    return bytes(damaged)


def point(draw: Random, packet: bytes) -> bytes:
    """Put a compression pointer into the question: to itself, forwards, backwards, or out of the packet."""
    at = draw.randrange(QUESTION_AT, len(packet))
    target = draw.choice((at, at - 2, at + 2, QUESTION_AT, 0, len(packet), 0x3FFF)) & 0x3FFF
    return packet[:at] + struct.pack("!H", 0xC000 | target) + packet[at:]


def odd_name(draw: Random, packet: bytes) -> bytes:
    """Ask for a name of random labels: any octets, up to far more than 255 of them."""
    labels = (draw.randbytes(draw.randint(1, 63)) for _ in range(draw.choice((1, 3, 4, 5, 127, 130))))
    name = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return packet[:4] + struct.pack("!4H", 1, 0, 0, 0) + name + struct.pack("!HH", 1, 1)


def odd_opt(draw: Random, packet: bytes) -> bytes:
    """Append one to three OPT records with odd owners, sizes, versions, flags and option lengths."""
    records = [_opt(draw) for _ in range(draw.choice((1, 1, 1, 2, 3)))]
    count = draw.choice((len(records), 1, 0))
    return packet[:10] + struct.pack("!H", count) + packet[QUESTION_AT:] + b"".join(records)


def _opt(draw: Random) -> bytes:
    options = b"".join(_option(draw) for _ in range(draw.choice((0, 1, 2, 20))))
    length = draw.choice((len(options), len(options), len(options) + 1, max(0, len(options) - 1), 65535))
    owner = draw.choice((b"\0", b"\0", b"\0", b"\1a\0", b"\xc0\x0c"))
    size = draw.choice((0, 1, 511, 512, 513, 1232, 4096, 65535))
    extended = draw.choice((0, 0x8000, 0x10000, draw.getrandbits(32)))
    return owner + struct.pack("!HHIH", OPT, size, extended, length) + options


def _option(draw: Random) -> bytes:
    data = draw.randbytes(draw.choice((0, 1, 8, 16, 40, 41)))
    length = draw.choice((len(data), len(data), len(data), 65535))
    return struct.pack("!HH", draw.choice((3, 8, 9, 10, 11, 12, 15, 65001, 65535)), length) + data


def random_bytes(draw: Random, packet: bytes) -> bytes:
    """Return random octets in place of the packet, none at all among them."""
    return draw.randbytes(draw.choice((0, 1, 2, 11, 12, 13, 17, 50, 200, 512, len(packet))))


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits,
    truncate,
    extend,
    set_count,
    set_flags,
    set_type,
    cut_label,
    point,
    odd_name,
    odd_opt,
    random_bytes,
)


def mutate(draw: Random) -> bytes:
    """Return a valid query after one to three mutations, at most MAX_UDP octets long."""
    packet = valid_query(draw)
    for _ in range(draw.choice((1, 1, 2, 3))):
        if len(packet) <= QUESTION_AT:
            break
        packet = draw.choice(MUTATIONS)(draw, packet)
    return packet[:MAX_UDP]


def many_questions(draw: Random) -> bytes:
    """Return a message of 10,000 questions that all point at one name of 120 labels."""
    name = b"\x01a" * 120 + b"\0"
    count = 10_000
    header = struct.pack("!6H", draw.getrandbits(16), RD, 1 + count, 0, 0, 0)
    return header + name + b"\0\1\0\1" + b"\xc0\x0c\0\1\0\1" * count


def long_name(draw: Random) -> bytes:
    """Return a query for a name of 32,000 labels."""
    return struct.pack("!6H", draw.getrandbits(16), RD, 1, 0, 0, 0) + b"\x01a" * 32_000 + b"\0\0\1\0\1"


def pointer_chain(draw: Random) -> bytes:
    """Return a query whose OPT record has an owner name of some 8,000 pointers, each to the one before.

    The chain lies in the RDATA of an answer record, so that all counts are ones that a query may have.
    """
    question = build_query(Question("a"), draw.getrandbits(16))
    begin = len(question) + 11
    links = range(begin + 1, 0x3FFD, 2)
    rdata = b"\0" + b"".join(struct.pack("!H", 0xC000 | max(begin, link - 2)) for link in links)
    answer = b"\0" + struct.pack("!HHIH", 65280, 1, 0, len(rdata)) + rdata
    opt = struct.pack("!HHHIH", 0xC000 | links[-1], OPT, 4096, 0, 0)
    return question[:6] + struct.pack("!3H", 1, 0, 1) + question[QUESTION_AT:] + answer + opt


BOMBS: tuple[Callable[[Random], bytes], ...] = (many_questions, long_name, pointer_chain)
"""Messages that fit a TCP frame and cost a careless parser seconds to minutes."""
