import socket
import struct
from socket import AF_INET, AF_INET6, inet_pton

import pytest

from kdns.servers.mmsg import Batch
from kdns.servers.pktinfo import PKTINFO, echo
from tests.servers.script import need_ipv6

ADDRESSES = [
    # family, control data as received, control data to send
    (AF_INET, struct.pack("=I", 7) + bytes([127, 0, 0, 2] * 2), bytes(4) + bytes([127, 0, 0, 2] * 2)),
    (AF_INET, struct.pack("=I", 0xFE) + bytes([10, 0, 0, 1] * 2), bytes(4) + bytes([10, 0, 0, 1] * 2)),
    (
        AF_INET6,
        inet_pton(AF_INET6, "fd00::2") + struct.pack("=I", 7),
        inet_pton(AF_INET6, "fd00::2") + bytes(4),
    ),
    (AF_INET6, inet_pton(AF_INET6, "fe80::2") + struct.pack("=I", 7), None),
]
"""None: sent as received, for a link-local address means nothing without its interface."""


@pytest.mark.parametrize(("family", "received", "sent"), ADDRESSES)
def test_a_response_is_bound_to_the_address_but_not_to_the_interface(family, received, sent) -> None:  # type: ignore[no-untyped-def]
    layout = PKTINFO[family]
    assert echo(family, [(layout.level, layout.kind, received)]) == [
        (layout.level, layout.kind, received if sent is None else sent)
    ]


@pytest.mark.parametrize("family", [AF_INET, AF_INET6])
def test_a_batch_is_unbound_from_its_interfaces_slot_by_slot(family: socket.AddressFamily) -> None:
    if family == AF_INET6:
        need_ipv6()
    cases = [
        (received, received if sent is None else sent) for of, received, sent in ADDRESSES if of == family
    ]
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        batch = Batch(sock, with_pktinfo=True)
    stride, header = batch._control_stride, socket.CMSG_LEN(0)
    for slot in range(6):
        received = cases[slot % 2][0]
        batch._controls[slot * stride + header : slot * stride + header + len(received)] = received
    batch.unpin(5)
    assert [batch.control(slot)[0][2] for slot in range(5)] == [cases[slot % 2][1] for slot in range(5)]
    assert batch.control(5)[0][2] == cases[1][0]  # beyond the batch


def test_other_control_data_is_not_echoed() -> None:
    assert echo(AF_INET, [(socket.SOL_SOCKET, socket.SCM_RIGHTS, bytes(12))]) == []
    assert echo(AF_INET, [(PKTINFO[AF_INET].level, PKTINFO[AF_INET].kind, bytes(8))]) == []
