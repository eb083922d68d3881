"""Send mutated packets over UDP and match what comes back with what was sent.

A control query closes each window of packets: it is the proof that none of them stopped the server, and,
because a socket's buffer is a queue, that all of them have been read.
"""

import time
from random import Random

from tests.benchmarks.mutations import mutate
from tests.benchmarks.packets import build_query, udp_limit
from tests.benchmarks.probe import udp_socket
from tests.benchmarks.verdict import TIMEOUT, Control

WINDOW = 64
"""Packets between two control queries, at most."""
BUFFER = 140_000
"""What a socket's buffer surely holds: two thirds of Linux's default, for the kernel frees it in steps."""
REMEMBERED = 4096
"""So many of the last packets may still be answered; a response to anything else is a fault."""


def send_udp(control: Control, count: int, draw: Random, rate: float) -> None:
    """Send `count` mutated packets, `rate` a second at most; stop early if all goes wrong."""
    flow = _Flow(control, mutate(draw))
    while control.summary.udp < count and not control.summary.stopped:
        begin = time.monotonic()
        sent = flow.send_window(draw, min(WINDOW, count - control.summary.udp))
        flow.settle()
        time.sleep(max(0.0, begin + sent / rate - time.monotonic()))
    flow.socket.close()


def _buffered(packet: bytes) -> int:
    """Return about how much of a socket's buffer Linux charges for a datagram (measured, rounded up)."""
    return min(BUFFER, 1100 + 2 * len(packet))


class _Flow:
    """One UDP socket; every packet gets an id of its own, whatever was done to the rest of it."""

    def __init__(self, control: Control, first: bytes) -> None:
        self.socket = udp_socket(control.address)
        self._packet = first
        self._control = control
        self._summary = control.summary
        self._sent: dict[int, bytes] = {}
        self._last_id = 0

    def send_window(self, draw: Random, count: int) -> int:
        """Send `count` packets, fewer if they would fill the server's buffer; return how many."""
        room = BUFFER
        sent = 0
        while sent < count and (room := room - _buffered(self._packet)) >= 0:
            packet, self._packet = self._packet, mutate(draw)
            if len(packet) >= 2:
                packet = self._next_id() + packet[2:]
                self._remember(packet)
            self._send(packet)
            sent += 1
        self._summary.udp += sent
        return sent

    def settle(self) -> None:
        """Ask the control query, and judge all that arrives until it is answered."""
        query_id = self._next_id()
        begin = time.monotonic()
        self._send(query_id + build_query(self._control.question, 0)[2:])
        self.socket.settimeout(TIMEOUT)
        try:
            while (response := self.socket.recv(65535))[:2] != query_id:
                self._judge(response)
            self._control.check(response, time.monotonic() - begin, "UDP")
        except (OSError, ValueError) as error:
            self._summary.fault(f"the control query after {self._summary.udp:,} packets failed: {error!r}")

    def _send(self, packet: bytes) -> None:
        try:
            self.socket.send(packet)
        except ConnectionRefusedError as error:
            self._summary.fault(f"nobody listens any more: {error}")

    def _next_id(self) -> bytes:
        self._last_id = (self._last_id + 1) & 0xFFFF
        return self._last_id.to_bytes(2, "big")

    def _remember(self, packet: bytes) -> None:
        self._sent[self._last_id] = packet
        if len(self._sent) > REMEMBERED:
            del self._sent[next(iter(self._sent))]

    def _judge(self, response: bytes) -> None:
        packet = self._sent.pop(int.from_bytes(response[:2], "big"), None)
        if packet is None:
            self._summary.fault(f"a response that nothing was sent for: {response[:80].hex()}")
        else:
            self._summary.judge(packet, response, udp_limit(packet))
