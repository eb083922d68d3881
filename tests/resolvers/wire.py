"""What arrives at a place on port 53, as its own network card sees it: an account that no server keeps."""

import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

import dns.exception
import dns.message
import dns.rdatatype

from tests.resolvers.places import Place

_EVERY_PROTOCOL = 0x0003
_TO_THIS_HOST = 0
_SIZE = 16 << 20
_SO_RCVBUFFORCE = 33


class Asked(NamedTuple):
    """A question that a client has sent. `name` is as it was written, `transport` is "udp" or "tcp"."""

    client: str
    name: str
    type: str
    transport: str


class Wiretap:
    """Listens to the questions that arrive at a place over IPv4, from now on."""

    def __init__(self, where: Place) -> None:
        protocol = socket.htons(_EVERY_PROTOCOL)
        self._socket = where.within(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, protocol))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _SIZE)
        self._socket.setblocking(False)
        self._streams: dict[tuple[str, int], bytes] = {}

    def close(self) -> None:
        self._socket.close()

    def heard(self) -> list[Asked]:
        """Return the questions since the last time. Whoever has an answer has been heard before."""
        return [asked for packet in self._packets() for asked in self._questions(packet)]

    def _packets(self) -> Iterator[bytes]:
        while True:
            try:
                packet, (_, _, direction, *_) = self._socket.recvfrom(65536)
            except BlockingIOError:
                return
            if direction == _TO_THIS_HOST and packet[0] >> 4 == 4:
                yield packet

    def _questions(self, packet: bytes) -> Iterator[Asked]:
        segment = packet[(packet[0] & 15) * 4 : int.from_bytes(packet[2:4])]
        client = socket.inet_ntoa(packet[12:16])
        source, target = struct.unpack_from("!HH", segment)
        if target != 53:
            return
        if packet[9] == socket.IPPROTO_UDP:
            yield from _asked(client, segment[8:], "udp")
        elif packet[9] == socket.IPPROTO_TCP:
            for message in self._framed((client, source), segment[(segment[12] >> 4) * 4 :]):
                yield from _asked(client, message, "tcp")

    def _framed(self, stream: tuple[str, int], octets: bytes) -> Iterator[bytes]:
        octets = self._streams.pop(stream, b"") + octets
        while len(octets) >= 2 and len(octets) >= 2 + (size := int.from_bytes(octets[:2])):
            yield octets[2 : 2 + size]
            octets = octets[2 + size :]
        if octets:
            self._streams[stream] = octets


def _asked(client: str, message: bytes, transport: str) -> Iterator[Asked]:
    try:
        question = dns.message.from_wire(message).question[0]
    except (dns.exception.DNSException, IndexError):
        return
    yield Asked(client, question.name.to_text(), dns.rdatatype.to_text(question.rdtype), transport)
