"""How a server is asked a batch, over one socket for datagrams and one connection."""

import socket
import time
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from types import TracebackType
from typing import NamedTuple, Self

from tests.beside.answers import NOTHING, Answer, read
from tests.beside.questions import Batch, Way

PATIENCE = 30.0
"""Seconds after which a response will never come; the longest that a server waits for an upstream is 5."""


class Asked(NamedTuple):
    """The answers to a batch, one a way. It took `seconds`."""

    answers: tuple[Answer, ...]
    seconds: float


@dataclass
class Client:
    """Asks the server at a port of 127.0.0.1."""

    port: int
    _datagrams: socket.socket = field(init=False)
    _stream: socket.socket | None = None

    def __enter__(self) -> Self:
        self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._datagrams.connect(("127.0.0.1", self.port))
        self._datagrams.settimeout(PATIENCE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._datagrams.close()
        self._hang_up()

    def ask_batch(self, batch: Batch) -> Asked:
        began = time.monotonic()
        found = [self.ask(batch.name, batch.rtype, way) for way in batch.ways]
        return Asked(tuple(found), time.monotonic() - began)

    def ask(self, name: str, rtype: str, way: Way) -> Answer:
        query = built(name, rtype, way)
        try:
            response = self._over_tcp(query) if way.is_stream else self._over_udp(query)
        except TimeoutError:
            return NOTHING
        return _read(response[2:], query)

    def _over_udp(self, query: bytes) -> bytes:
        self._datagrams.send(query)
        while (response := self._datagrams.recv(65535))[:2] != query[:2]:
            continue  # what comes after the patience for it is over
        return response

    def _over_tcp(self, query: bytes) -> bytes:
        try:
            return self._exchange(query)
        except ConnectionError:  # closed as nothing came over it for some time
            self._hang_up()
            return self._exchange(query)

    def _exchange(self, query: bytes) -> bytes:
        if self._stream is None:
            self._stream = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        self._stream.sendall(len(query).to_bytes(2, "big") + query)
        return self._receive(int.from_bytes(self._receive(2), "big"))

    def _receive(self, size: int) -> bytes:
        assert self._stream is not None
        received = b""
        while len(received) < size:
            if not (more := self._stream.recv(size - len(received))):
                raise ConnectionResetError
            received += more
        return received

    def _hang_up(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None


@lru_cache(maxsize=100_000)
def built(name: str, rtype: str, way: Way) -> bytes:
    """Return the query, whose id follows from what is asked."""
    return way.query(name, rtype, hash_of(f"{name} {rtype} {way.label}"))


def hash_of(text: str) -> int:
    """Return a number of 16 bits that is the same in every run."""
    return zlib.crc32(text.encode()) & 0xFFFF


@lru_cache(maxsize=50_000)
def _read(rest: bytes, query: bytes) -> Answer:
    return read(b"\0\0" + rest, b"\0\0" + query[2:])
