"""A client that asks without pause, over UDP or over one TCP connection, and misses no fault."""

import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

import dns.message

OUTSTANDING = 24
PATIENCE = 30.0
"""Seconds after which a query that was not answered is lost."""


class Asker(threading.Thread):
    """Asks `names` for addresses in turn until it is stopped. `is_right` judges (name, response)."""

    def __init__(
        self, port: int, names: Sequence[str], is_right: Callable[[str, dns.message.Message], bool], tcp: bool
    ) -> None:
        super().__init__(daemon=True)
        self._tcp = tcp
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", port))
        self._socket.settimeout(PATIENCE)
        self._is_right = is_right
        self._queries = [(name, dns.message.make_query(name, "A").to_wire()[2:]) for name in names]
        self._must_stop = threading.Event()
        self._known: dict[bytes, bool] = {}
        self.answered = 0
        self.faults: Counter[str] = Counter()

    def stop(self) -> None:
        """Ask no more; return when all that was asked is answered, or lost."""
        self._must_stop.set()
        self.join(2 * PATIENCE)
        self._socket.close()

    def run(self) -> None:
        try:
            self._ask()
        except OSError as error:
            self.faults[f"{'TCP' if self._tcp else 'UDP'}: {error!r}"] += 1

    def _ask(self) -> None:
        asked: dict[int, str] = {}
        number = 0
        while not self._must_stop.is_set() or asked:
            while len(asked) < OUTSTANDING and not self._must_stop.is_set():
                name, octets = self._queries[number % len(self._queries)]
                number += 1
                asked[number & 0xFFFF] = name
                self._send(struct.pack("!H", number & 0xFFFF) + octets)
            response = self._receive()
            name = asked.pop(int.from_bytes(response[:2], "big"))
            self.answered += 1
            if not self._judge(name, response[2:]):
                self.faults[f"{name}: {dns.message.from_wire(response)}"] += 1
            if not self.answered % 64:
                time.sleep(0.002)  # the server has the same CPU

    def _judge(self, name: str, octets: bytes) -> bool:
        known = self._known.get(octets)
        if known is None:
            known = self._is_right(name, dns.message.from_wire(b"\0\0" + octets))
            self._known[octets] = known
        return known

    def _send(self, message: bytes) -> None:
        self._socket.sendall(struct.pack("!H", len(message)) + message if self._tcp else message)

    def _receive(self) -> bytes:
        if not self._tcp:
            return self._socket.recv(65535)
        return self._exactly(int.from_bytes(self._exactly(2), "big"))

    def _exactly(self, size: int) -> bytes:
        octets = b""
        while len(octets) < size:
            more = self._socket.recv(size - len(octets))
            if not more:
                raise ConnectionError("the server has closed the connection")
            octets += more
        return octets
