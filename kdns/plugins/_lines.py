r"""What `log` and `errors` write alike, and the format of `log`: a text with placeholders.

Names and numbers are printed as CoreDNS prints them, down to which characters have a backslash.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from kdns.answering.plugin import Exchange
from kdns.plugins import _gotexts as gotexts
from kdns.plugins._collected import About, nothing
from kdns.plugins._responses import plain_size
from kdns.wire import codes
from kdns.wire.names import Name, fold

EMPTY = "-"
COMMON = (
    '{remote}:{port} - {>id} "{type} {class} {name} {proto} {size} {>do} {>bufsize}" '
    "{rcode} {>rflags} {rsize} {duration}"
)
COMBINED = COMMON + ' "{>opcode}"'

_FLAGS = (
    (0x8000, "qr"),
    (0x0400, "aa"),
    (0x0200, "tc"),
    (0x0100, "rd"),
    (0x0080, "ra"),
    (0x0040, "z"),
    (0x0020, "ad"),
    (0x0010, "cd"),
)
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


def name_text(name: Name) -> str:
    """Return a name in lower case, as it is printed in a line."""
    return gotexts.name_text(fold(name))


def decimal(number: float) -> str:
    """Return a number with up to nine digits after the point, and without zeros at its end."""
    return f"{number:.9f}".rstrip("0").rstrip(".")


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _rcode(exchange: Exchange) -> str:
    return EMPTY if exchange.sent is None else codes.rcode_to_text(exchange.sent[3] & 0xF)


@lru_cache(maxsize=256)
def _flags_text(flags: int) -> str:
    return ",".join([name for bit, name in _FLAGS if flags & bit])


def _flags(exchange: Exchange) -> str:
    sent = exchange.sent
    return EMPTY if sent is None else _flags_text(int.from_bytes(sent[2:4], "big") & 0xFFF0)


def _udp_size(exchange: Exchange) -> int:
    edns = exchange.query.edns
    return 65535 if exchange.is_stream else max(512, edns.udp_size if edns else 0)


_FIELDS: dict[str, Callable[[Exchange], object]] = {
    "{type}": lambda exchange: codes.type_to_text(exchange.query.type),
    "{class}": lambda exchange: codes.class_to_text(exchange.query.rdclass),
    "{name}": lambda exchange: name_text(exchange.query.name),
    "{proto}": lambda exchange: "tcp" if exchange.is_stream else "udp",
    "{remote}": lambda exchange: _host(exchange.client[0]),
    "{port}": lambda exchange: exchange.client[1],
    "{size}": lambda exchange: exchange.received,
    "{rcode}": _rcode,
    "{rsize}": lambda exchange: plain_size(exchange.sent),
    "{duration}": lambda exchange: decimal(exchange.seconds) + "s",
    "{>id}": lambda exchange: int.from_bytes(exchange.query.id, "big"),
    "{>opcode}": lambda exchange: exchange.query.opcode,
    "{>do}": lambda exchange: "true" if exchange.query.has_do else "false",
    "{>bufsize}": _udp_size,
    "{>rflags}": _flags,
}
"""Placeholder → what stands there instead. Others are text, but for {local} and metadata."""


def compiled(format: str, local: str, about: About = nothing) -> Callable[[Exchange], str]:
    """Return what makes a line of an exchange. `local` is the address it came to, "" for every address.

    `about` knows the values of labels such as {/kubernetes/namespace}; others are empty.
    """
    fields: list[Callable[[Exchange], object]] = []

    def placed(placeholder: re.Match[str]) -> str:
        text = placeholder[0]
        if text.startswith("{/"):
            label = text[2:-1]
            fields.append(lambda each: about(each.query, each.client[0]).get(label, EMPTY))
            return "%s"
        if text == "{local}":
            return _host(local or "::").replace("%", "%%")
        if text not in _FIELDS:
            return text
        fields.append(_FIELDS[text])
        return "%s"

    for short, long in (("{common}", COMMON), ("{combined}", COMBINED)):
        format = format.replace(short, long)
    template = _PLACEHOLDER.sub(placed, format.replace("%", "%%"))
    return lambda exchange: template % tuple([field(exchange) for field in fields])
