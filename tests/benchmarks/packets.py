"""DNS queries as bytes, and the few fields of a response that a measurement has to check.

Written from RFC 1035 and 6891 alone, so that no fault of kdns.wire can hide from it; no sockets here.
"""

import struct
from typing import NamedTuple

QTYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33}
RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 16: "BADVERS"}

OPT = 41
HEADER = struct.Struct("!6H")
RD = 0x0100
QR = 0x8000
TC = 0x0200

EDNS_SIZE = 4096
"""The UDP payload size that dnsperf -e advertises; `build_query` does the same."""


class Question(NamedTuple):
    """What is asked: a host name in text (no escapes) and a type by its name."""

    qname: str
    qtype: str = "A"


class Response(NamedTuple):
    """The fields of a response by which it is judged. `rcode` is text, `size` counts octets."""

    id: int
    rcode: str
    answers: int
    truncated: bool
    size: int

    def describe(self) -> str:
        """Say what came in a few words, for a message about what should have come."""
        return f"{self.rcode} with {self.answers} answers" + (", truncated" if self.truncated else "")


def encode_name(name: str) -> bytes:
    """Return the uncompressed wire form of a host name; a trailing dot makes no difference."""
    labels = [label.encode("ascii") for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def build_query(question: Question, query_id: int, *, edns: bool = False) -> bytes:
    """Return a standard query with RD set and, if `edns`, an OPT record without options."""
    header = HEADER.pack(query_id, RD, 1, 0, 0, int(edns))
    opt = struct.pack("!BHHIH", 0, OPT, EDNS_SIZE, 0, 0) if edns else b""
    return header + encode_name(question.qname) + struct.pack("!HH", QTYPES[question.qtype], 1) + opt


def read_response(packet: bytes) -> Response:
    """Return the fields of a response. Raises ValueError for what is none (short, or QR not set)."""
    if len(packet) < HEADER.size:
        raise ValueError(f"{len(packet)} octets are no DNS message")
    query_id, flags, _, answers, _, _ = HEADER.unpack_from(packet)
    if not flags & QR:
        raise ValueError("QR is not set")
    rcode = RCODES.get(flags & 15, str(flags & 15))
    return Response(query_id, rcode, answers, bool(flags & TC), len(packet))


def a_records(packet: bytes) -> list[str]:
    """Return the addresses of the A records in a response's answer section, as text.

    Raises ValueError for a message that ends before its records do.
    """
    return answer_data(packet, "A")


def answer_data(packet: bytes, qtype: str) -> list[str]:
    """Return the addresses of the A records, or the ports of the SRV records, in the answer section.

    Raises ValueError for a message that ends before its records do.
    """
    {
        "A": lambda rdata: ".".join(map(str, rdata)),
        "SRV": lambda rdata: str(int.from_bytes(rdata[4:6])),
    }
    _, _, questions, answers, _, _ = HEADER.unpack_from(packet)
    at = HEADER.size
    for _ in range(questions):
        at = skip_name(packet, at) + 4
    found = []
    for _ in range(answers):
        rtype, rdata, at = _read_record(packet, at)
        if rtype == QTYPES[qtype]:
            found.append(".".join(map(str, rdata)) if qtype == "A" else str(int.from_bytes(rdata[4:6])))
    return found


def udp_limit(query: bytes) -> int:
    """Return how long the UDP response to `query` may be: 512 octets, more if an OPT advertises it.

    A message that cannot be walked to its end, and an OPT that is not in the additional section, allow
    no more than 512 (RFC 6891, section 6.2.3).
    """
    if len(query) < HEADER.size:
        return 0
    _, _, questions, answers, authorities, additionals = HEADER.unpack_from(query)
    if questions + answers + authorities + additionals > len(query):
        return 512
    limit = 512
    try:
        at = HEADER.size
        for _ in range(questions):
            at = skip_name(query, at) + 4
        for index in range(answers + authorities + additionals):
            start = skip_name(query, at)
            rtype, _, at = _read_record(query, at)
            if rtype == OPT and index >= answers + authorities:
                limit = max(limit, struct.unpack_from("!H", query, start + 2)[0])
    except ValueError:
        return 512
    return limit


def skip_name(packet: bytes, at: int) -> int:
    """Return the offset behind the name at `at`; pointers are not followed. ValueError past the end."""
    while at < len(packet):
        length = packet[at]
        if length >= 0xC0:
            return at + 2
        if length > 63:
            raise ValueError(f"label of type {length >> 6}")
        at += 1 + length
        if not length:
            return at
    raise ValueError("name without an end")


def _read_record(packet: bytes, at: int) -> tuple[int, bytes, int]:
    """Return the type and RDATA of the record at `at`, and the offset behind it."""
    at = skip_name(packet, at)
    if at + 10 > len(packet):
        raise ValueError("record without an end")
    rtype, _, _, length = struct.unpack_from("!HHIH", packet, at)
    end = at + 10 + length
    if end > len(packet):
        raise ValueError("RDATA without an end")
    return rtype, packet[at + 10 : end], end
