"""What one word of a directive can be: a number, a duration, one of a few words, a zone, an address.

Each is a function from the word to its value that raises CorefileError, so that plugins name it in a table.
"""

import re
from collections.abc import Callable
from ipaddress import ip_address
from typing import TypeVar

from kdns.corefile.errors import CorefileError, shown, unexpected
from kdns.corefile.keys import SCHEMES, split_port, zones_from_text
from kdns.corefile.values import Word
from kdns.wire.names import Name

T = TypeVar("T")
Scalar = Callable[[Word], T]

_INTEGER = re.compile(r"[+-]?[0-9]+")
_DURATION = re.compile(r"([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)")
_NANOSECONDS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,  # the micro sign
    "μs": 10**3,  # the Greek letter
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_MAX_NANOSECONDS = 2**63 - 1
_LISTEN = re.compile(r"(?:\[([^][]*)]|([^][:]*)):([0-9]*)")
_HOST_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_.-]+")
_MAX_PORT = 65535
_DIGITS = 19
"""More than any number of Go's has."""


def text(word: Word) -> str:
    """Take any word as it is."""
    return word.text


def integer(least: int | None = None, most: int | None = None) -> Scalar[int]:
    """Return a reader of integers within a range, as Go's strconv.Atoi reads them (a sign is allowed)."""

    def read(word: Word) -> int | None:
        is_integer = _INTEGER.fullmatch(word.text) and len(word.text) <= _DIGITS
        return int(word.text) if is_integer else None

    return _within(read, "an integer", least, most)


def duration(
    least: float | None = None, most: float | None = None, may_be_bare: bool = False
) -> Scalar[float]:
    """Return a reader of durations (1m30s, 250ms, 0) in seconds, as Go's time.ParseDuration reads them.

    `may_be_bare` = a number without a unit stands for seconds.
    """

    def read(word: Word) -> float | None:
        is_bare = may_be_bare and word.text.isascii() and word.text.isdigit()
        return _seconds(word.text + "s" if is_bare else word.text)

    return _within(read, "a duration such as 5s or 1m30s", least, most, "s")


N = TypeVar("N", int, float)


def _within(
    read: Callable[[Word], N | None], noun: str, least: N | None, most: N | None, unit: str = ""
) -> Scalar[N]:
    """Return a reader that refuses what `read` has no value for, and what is outside of the range."""
    expected = noun + _range(least, most, unit)

    def checked(word: Word) -> N:
        value = read(word)
        if value is None or (least is not None and value < least) or (most is not None and value > most):
            raise unexpected(word, expected)
        return value

    return checked


def _range(least: float | None, most: float | None, unit: str) -> str:
    if least is None:
        return "" if most is None else f" up to {most:.15g}{unit}"
    return f" from {least:.15g}{unit}" + ("" if most is None else f" to {most:.15g}{unit}")


def _seconds(written: str) -> float | None:
    unsigned = written[1:] if written[:1] in ("-", "+") else written
    if unsigned == "0":
        return 0.0
    total, at = 0, 0
    while at < len(unsigned):
        part = _DURATION.match(unsigned, at)
        if part is None or not (part[1] or part[2]) or len(part[1]) > _DIGITS:
            return None
        unit, fraction = _NANOSECONDS[part[3]], (part[2] or "")[:_DIGITS]
        total += int(part[1] or "0") * unit + int(fraction or "0") * unit // 10 ** len(fraction)
        at = part.end()
    if not at or total > _MAX_NANOSECONDS:
        return None
    return (-total if written[0] == "-" else total) / 10**9


def choice(*words: str) -> Scalar[str]:
    """Return a reader of one of a few words, in exactly this case."""
    expected = "one of " + ", ".join(words)

    def read(word: Word) -> str:
        if word.text not in words:
            raise unexpected(word, expected, words)
        return word.text

    return read


def zones(word: Word) -> tuple[Name, ...]:
    """Read a zone, folded, or a network as its reverse zones. A scheme and a port do not count."""
    scheme, separator, address = word.text.partition("://")
    address = address if separator and scheme in SCHEMES else word.text
    return zones_from_text(word, split_port(word, address)[0])


def zone(word: Word) -> Name:
    """Read one zone, folded: a network that is several is an error."""
    found = zones(word)
    if len(found) > 1:
        raise CorefileError(word.position, f"{shown(word.text)}, which is {len(found)} zones", "one zone")
    return found[0]


def address(word: Word) -> tuple[str, int]:
    """Read where to listen, HOST:PORT as Go's net.Listen has it, as host and port.

    Host "" is every address, which is what Go makes of 0.0.0.0 and :: too; others are an IP address or a
    name. Without a number the port is 0, any that is free.
    """
    found = _listening(word.text)
    if found is None:
        host, _, port = word.text.rpartition(":")
        meant = (f":{word.text}", f":{port}", f"[{host}]:{port}")
        expected = "an address and a port such as :8080, 127.0.0.1:8080 or [::1]:8080"
        raise unexpected(word, expected, filter(_listening, meant))
    return found


def _listening(written: str) -> tuple[str, int] | None:
    match = _LISTEN.fullmatch(written)
    if match is None or len(match[3]) > _DIGITS or int(match[3] or "0") > _MAX_PORT:
        return None
    host = _listening_host(match[1] or match[2] or "")
    return None if host is None else (host, int(match[3] or "0"))


def _listening_host(host: str) -> str | None:
    """Return an IP address in its shortest form, "" if it is every address; a name as it is."""
    try:
        ip = ip_address(host)
    except ValueError:
        return host if not host or _HOST_NAME.fullmatch(host) else None
    return "" if ip.is_unspecified else str(ip)
