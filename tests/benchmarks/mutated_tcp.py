"""Send mutated messages, bombs and broken frames over TCP connections, some messages to each.

What comes back must be whole frames with the ids of messages of the same connection; a server may as well
close it or stay silent. Each connection is followed by control queries.
"""

import socket
import struct
import time
from collections import Counter
from random import Random

from tests.benchmarks.mutations import BOMBS, mutate
from tests.benchmarks.verdict import TIMEOUT, Control, Summary

MESSAGES = 10
"""Messages to one connection."""
SILENCE = 0.3
"""Seconds without a response after which no more is expected."""
MAX_MESSAGE = 65_535


def send_tcp(control: Control, count: int, draw: Random, rate: float) -> None:
    """Send `count` messages, `rate` a second at most; stop early if all goes wrong."""
    summary = control.summary
    while summary.tcp < count and not summary.stopped:
        begin = time.monotonic()
        messages = [_message(draw) for _ in range(min(MESSAGES, count - summary.tcp))]
        summary.tcp += len(messages)
        frames = b"".join(struct.pack("!H", len(message)) + message for message in messages)
        try:
            with socket.create_connection(control.address, TIMEOUT) as sock:
                _converse(sock, frames + _broken_end(draw), messages, summary)
        except TimeoutError as error:
            summary.fault(f"the server neither reads nor closes: {error!r}")
        except ConnectionRefusedError as error:
            summary.fault(f"nobody listens any more: {error}")
        except OSError:  # reset or already closed by the server, at whichever step it came to light
            summary.resets += 1
        control.ask()
        time.sleep(max(0.0, begin + len(messages) / rate - time.monotonic()))


def _message(draw: Random) -> bytes:
    return draw.choice(BOMBS)(draw) if draw.random() < 0.1 else mutate(draw)


def _broken_end(draw: Random) -> bytes:
    """Return how a connection's last frame may fail: not, no content, less than promised, half a length."""
    return draw.choice((b"", b"\0\0", b"\xff\xff" + draw.randbytes(100), b"\x01"))


def _converse(sock: socket.socket, stream: bytes, messages: list[bytes], summary: Summary) -> None:
    """Send everything, say that no more comes, and judge what arrives. Raises OSError."""
    sock.sendall(stream)
    sock.shutdown(socket.SHUT_WR)
    sock.settimeout(SILENCE)
    received = bytearray()
    try:
        while chunk := sock.recv(65536):
            received += chunk
    except TimeoutError:
        pass  # the server keeps the connection open, as it may
    _judge(bytes(received), messages, summary)


def _judge(received: bytes, messages: list[bytes], summary: Summary) -> None:
    waiting = Counter(message[:2] for message in messages)
    at = 0
    while at < len(received):
        length = int.from_bytes(received[at : at + 2], "big")
        response = received[at + 2 : at + 2 + length]
        at += 2 + length
        if len(response) < length or at > len(received):
            summary.fault(f"a frame of {length} octets ends after {len(response)}")
        elif not waiting[response[:2]]:
            summary.fault(f"a response over TCP that nothing was sent for: {response[:80].hex()}")
        else:
            waiting[response[:2]] -= 1
            message = next(each for each in messages if each[:2] == response[:2])
            summary.judge(message, response, MAX_MESSAGE)
