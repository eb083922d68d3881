"""Ask a server single questions over UDP or TCP, and wait until it answers them right.

For checks around a measurement, not for load: one question at a time, every wait bounded.
"""

import socket
import struct
import time
from collections.abc import Callable
from subprocess import Popen
from typing import TypeAlias

from tests.benchmarks.packets import Question, Response, build_query, read_response

Address: TypeAlias = tuple[str, int]


class NotReadyError(Exception):
    """A server ended, or did not answer right in time; the message says which and what it sent last."""


def free_tcp_port() -> int:
    """Return a port on 127.0.0.1 that no TCP socket has at the moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def udp_socket(address: Address) -> socket.socket:
    """Return a UDP socket that is connected to the server."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(address)
    return sock


def ask(sock: socket.socket, question: Question, query_id: int, *, edns: bool = False) -> bytes:
    """Return the response to one question over a connected UDP socket; other responses are passed over.

    Raises OSError (TimeoutError among them) if none comes within the socket's timeout.
    """
    sock.send(build_query(question, query_id, edns=edns))
    while True:
        packet = sock.recv(65535)
        if packet[:2] == query_id.to_bytes(2, "big"):
            return packet


def ask_tcp(address: Address, question: Question, query_id: int, timeout: float) -> bytes:
    """Return the response to one question over a TCP connection of its own. Raises OSError like `ask`."""
    query = build_query(question, query_id)
    with socket.create_connection(address, timeout) as sock, sock.makefile("rb") as stream:
        sock.sendall(struct.pack("!H", len(query)) + query)
        prefix = stream.read(2)
        if len(prefix) < 2:
            raise ConnectionError("the server closed the connection instead of answering")
        return stream.read(int.from_bytes(prefix, "big"))


def wait_until_right(
    address: Address,
    question: Question,
    right: Callable[[Response], bool],
    *,
    process: Popen[bytes] | None = None,
    timeout: float = 120.0,
) -> None:
    """Ask every 50 ms until `right` holds. Raises NotReadyError if it never does or `process` has ended."""
    deadline = time.monotonic() + timeout
    last = "no response"
    with udp_socket(address) as sock:
        sock.settimeout(0.5)
        query_id = 0
        while time.monotonic() < deadline:
            if process is not None and process.poll() is not None:
                raise NotReadyError(f"the server ended with status {process.returncode}")
            query_id = (query_id + 1) & 0xFFFF
            try:
                response = read_response(ask(sock, question, query_id))
            except OSError as error:
                last = f"no response ({error})"
            else:
                if right(response):
                    return
                last = response.describe()
            time.sleep(0.05)
    raise NotReadyError(f"after {timeout:.0f} s the server gives for {question.qname}: {last}")
