"""The UDP listener that reads and answers up to 64 datagrams with two system calls.

The hot path of the whole server: what one datagram pays here beyond the kernel's share is one turn of the
loop in `serve_batch`, about 0.3 µs. Whatever is rare is elsewhere.
"""

import ctypes
import errno
import socket
from collections.abc import Awaitable
from time import perf_counter

from kdns.answering.clients import Respond
from kdns.servers.addresses import is_wildcard
from kdns.servers.clients import SlotClient
from kdns.servers.counters import add_one, errno_name
from kdns.servers.limits import Quota
from kdns.servers.mmsg import RESPONSE_OCTETS, Batch, recvmmsg
from kdns.servers.udp import Response, UdpListener

_TIMED_ONE_IN = 64
"""How many batches there are to one that is timed: the clock costs a tenth of a microsecond."""


class BatchedUdpListener(UdpListener):
    """Reads with recvmmsg and answers with sendmmsg; ask `mmsg.is_available` before."""

    def __init__(self, sock: socket.socket, respond: Respond, quota: Quota) -> None:
        super().__init__(sock, respond, quota)
        self._with_pktinfo = is_wildcard(self.address[0])
        self._batch = Batch(sock, self._with_pktinfo)
        self._batches = 0

    def serve_batch(self) -> int:
        batch = self._batch
        count: int = recvmmsg(*batch.receive_arguments)
        if count <= 0:
            self._note_receive_error(count)
            return 0
        if self._with_pktinfo:
            batch.unpin(count)
        self.counters.received += count
        respond, queries, response_lengths = self.respond, batch.queries, batch.response_lengths
        unsent = 0
        self._batches += 1
        begun = perf_counter() if self._batches % _TIMED_ONE_IN == 1 else 0.0
        for length, (slot, begin, client, buffer) in zip(  # noqa: B905 - 64 slots, `count` of them filled
            batch.query_lengths[:count].tolist(), batch.slots
        ):
            try:
                response = respond(queries[begin : begin + length], client)
            except Exception:  # noqa: BLE001 - whatever it was, only this one query may suffer; note() logs it
                self._failures.note()
                response = None
            # `__class__ is` because isinstance costs twice as much; a subclass only takes the slow way.
            if response.__class__ is bytes and (octets := len(response)) <= RESPONSE_OCTETS:
                buffer[:octets] = response
                response_lengths[slot] = octets
            else:
                self._send(unsent, slot)
                unsent = slot + 1
                self._dispatch(response, slot, client)
        if begun:
            self.counters.timed += count
            self.counters.seconds += perf_counter() - begun
        self._send(unsent, count)
        return count

    def _dispatch(self, response: Response, slot: int, client: SlotClient) -> None:
        """Take care of a response that cannot go out with its batch; silence needs none."""
        if isinstance(response, bytes):
            self._send_alone(response, self._batch.control(slot), client.peer)
        elif isinstance(response, Awaitable):
            self._send_later(response, self._batch.control(slot), client.peer)

    def _send(self, first: int, end: int) -> None:
        """Send the responses of the slots from `first` up to `end`, passing over those the kernel refuses."""
        while first < end:
            sent = self._batch.send(first, end - first)
            if sent > 0:
                self.counters.sent += sent
                first += sent
            else:
                add_one(self.counters.dropped, errno_name(ctypes.get_errno()))
                first += 1

    def _note_receive_error(self, count: int) -> None:
        number = ctypes.get_errno()
        if count < 0 and number not in (errno.EAGAIN, errno.EWOULDBLOCK):
            add_one(self.counters.receive_errors, errno_name(number))
