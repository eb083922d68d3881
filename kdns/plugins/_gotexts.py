"""Names, durations and addresses as Go and its DNS library write them: in log lines, and for `rewrite`."""

from functools import lru_cache

from kdns.answering.plugin import Address
from kdns.wire.names import Name, labels

_SPECIAL = frozenset(b".' @;()\"\\")
_SHOWN = {
    octet: f"\\{chr(octet)}" if octet in _SPECIAL else f"\\{octet:03d}"
    for octet in range(256)
    if octet in _SPECIAL or not 0x20 <= octet <= 0x7E
}

_SHORT_UNITS = (("ns", 1), ("µs", 10**3), ("ms", 10**6))
_SECOND = 10**9


@lru_cache(maxsize=1024)
def name_text(name: Name) -> str:
    """Return the presentation form, with a final dot, in the case of the name."""
    return "".join([label.decode("latin-1").translate(_SHOWN) + "." for label in labels(name)]) or "."


def address_text(address: Address) -> str:
    """Return an address as net.JoinHostPort does: ":53", "127.0.0.1:53", "[::1]:53"."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def duration_text(seconds: float) -> str:
    """Return a duration that is not negative as Go prints it: "5s", "1m30s", "250ms", "1h0m0s"."""
    nanoseconds = round(seconds * _SECOND)
    for unit, size in _SHORT_UNITS:
        if 0 < nanoseconds < size * 1000:
            return _decimal(nanoseconds, size) + unit
    minutes, rest = divmod(nanoseconds, 60 * _SECOND)
    hours, minutes = divmod(minutes, 60)
    before = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return before + _decimal(rest, _SECOND) + "s"


def _decimal(number: int, size: int) -> str:
    return f"{number / size:.9f}".rstrip("0").rstrip(".")
