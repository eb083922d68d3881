"""Whole messages for the client side: a query to send, and a received response in presentation form.

Nothing here is on the way of a query that kdns answers.
"""

import struct

from dnslib import DNSRecord

from kdns.wire.names import Name

OWN_UDP_SIZE = 1232
"""The UDP size that kdns offers: what fits every path unfragmented (DNS flag day 2020)."""


def build_query(id: int, name: Name, qtype: int, qclass: int = 1) -> bytes:
    """Return a query with RD set and an OPT without options."""
    header = struct.pack("!HHHHHH", id, 0x0100, 1, 0, 0, 1)
    opt = struct.pack("!BHHIH", 0, 41, OWN_UDP_SIZE, 0, 0)
    return header + name + struct.pack("!HH", qtype, qclass) + opt


def answers_query(response: bytes, query: bytes) -> bool:
    """Tell whether `response` is one to `query`: id and question are the same."""
    question = query[12 : query.index(0, 12) + 5]
    return response[:2] == query[:2] and response[12 : 12 + len(question)] == question


def is_truncated(response: bytes) -> bool:
    """Tell whether TC is set: the whole answer is to be had over TCP."""
    return bool(response[2] & 0x02)


def message_to_text(message: bytes) -> str:
    """Return a message much as `dig` prints it. Raises ValueError if it is none."""
    try:
        return str(DNSRecord.parse(message).toZone())
    except Exception as error:  # dnslib lets many kinds out (libraries.md, "Robustness")
        raise ValueError(f"not a DNS message: {error}") from error
