"""Judge what a server answers to damaged packets, and whether it still answers a sound one as before.

Rules of RFC 1035 and 6891 only: what the right rcode for a damaged packet is, is tested elsewhere.
"""

import time
from collections import Counter
from dataclasses import dataclass, field

from tests.benchmarks.packets import Question, Response, read_response
from tests.benchmarks.probe import Address, ask, ask_tcp, udp_socket

MAX_FAULTS = 20
TIMEOUT = 2.0
"""Seconds within which a control query must be answered."""


@dataclass
class Summary:
    """What was sent and what came back. `worst_control` is the longest control query in seconds."""

    udp: int = 0
    tcp: int = 0
    responses: int = 0
    resets: int = 0
    controls: int = 0
    worst_control: float = 0.0
    rcodes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every control query was answered as the first, and no response broke a rule."""
        return not self.faults

    @property
    def stopped(self) -> bool:
        """Whether so much went wrong that going on would tell nothing new."""
        return len(self.faults) >= MAX_FAULTS

    def judge(self, packet: bytes, response: bytes, limit: int) -> None:
        """Note a response to `packet` and what is wrong with it, if anything is."""
        self.responses += 1
        try:
            self.rcodes[read_response(response).rcode] += 1
        except ValueError as error:
            self.fault(f"{error}: the response to {_shown(packet)}")
        if len(response) > limit:
            self.fault(f"{len(response)} octets, {limit} allowed: the response to {_shown(packet)}")

    def fault(self, text: str) -> None:
        """Note a fault; those beyond a bound are dropped."""
        if not self.stopped:
            self.faults.append(text)


def _shown(packet: bytes) -> str:
    return packet[:80].hex() + (f"… ({len(packet)} octets)" if len(packet) > 80 else "")


class Control:
    """Asks one question again and again; its first response is what all others must be like."""

    def __init__(self, address: Address, question: Question, summary: Summary) -> None:
        self.question = question
        self.address = address
        self.summary = summary
        with udp_socket(address) as sock:
            sock.settimeout(TIMEOUT)
            self._right = _essence(read_response(ask(sock, question, 1)))

    def check(self, packet: bytes, seconds: float, way: str) -> None:
        """Compare a response that took so long with the first."""
        self.summary.controls += 1
        self.summary.worst_control = max(self.summary.worst_control, seconds)
        found = _essence(read_response(packet))
        if found != self._right:
            self.summary.fault(f"the control query over {way} gave {found}, not {self._right}")

    def ask(self) -> None:
        """Ask over UDP and over TCP, and note what goes wrong."""
        for way in ("UDP", "TCP"):
            begin = time.monotonic()
            try:
                packet = self._ask_udp() if way == "UDP" else self._ask_tcp()
                self.check(packet, time.monotonic() - begin, way)
            except (OSError, ValueError) as error:
                self.summary.fault(f"the control query over {way} failed: {error!r}")

    def _ask_udp(self) -> bytes:
        with udp_socket(self.address) as sock:
            sock.settimeout(TIMEOUT)
            return ask(sock, self.question, 2)

    def _ask_tcp(self) -> bytes:
        return ask_tcp(self.address, self.question, 3, TIMEOUT)


def _essence(response: Response) -> tuple[str, int]:
    return response.rcode, response.answers
