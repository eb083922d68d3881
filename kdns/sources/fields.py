"""Single fields of the API's objects: addresses, labels, ports, times, each checked and in one form.

Only what DNS depends on is checked: whatever passes can be a label, an address or a port of a record.
"""

import functools
import ipaddress
import re
import sys
from datetime import datetime

from kdns.cluster.objects import Port

ANY_PORT = -1
"""The number of an EndpointSlice's port that is null there: all ports (CoreDNS's sentinel)."""

is_label = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?").fullmatch
_SUBDOMAIN = re.compile(r"[a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?").fullmatch
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_CANONICAL_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}").fullmatch


class NotUnderstood(ValueError):
    """An object that is not held because a field of it makes no sense; the message is the reason."""


def canonical(text: str) -> str | None:
    """Return an address as `ipaddress` writes it, None if it is none. Zones (`%eth0`) are no addresses."""
    if _CANONICAL_IPV4(text):
        return text
    try:
        return None if "%" in text else str(ipaddress.ip_address(text))
    except ValueError:
        return None


def shorten(text: str) -> str:
    """Return a text as it may stand in a reason: quoted, one line, not endless."""
    return repr(text if len(text) <= 80 else text[:77] + "...")


def checked_address(text: str, field: str) -> str:
    """Return the canonical form of what must be an address. Raises NotUnderstood, as do all `checked_`."""
    address = canonical(text)
    if address is None:
        raise NotUnderstood(f"{field} {shorten(text)} is no IP address")
    return address


def checked_label(text: str | None, field: str) -> str:
    """Return a text that is an RFC 1123 label, interned: the same few return all the time."""
    if not text or not is_label(text):
        raise NotUnderstood(f"{field} {shorten(text or '')} is no label of a-z, 0-9 and '-' (RFC 1123)")
    return sys.intern(text)


def checked_subdomain(text: str | None, field: str) -> str:
    """Return a text that is an RFC 1123 subdomain: the names of Pods and EndpointSlices."""
    if not text or not _SUBDOMAIN(text):
        raise NotUnderstood(f"{field} {shorten(text or '')} is no name of a-z, 0-9, '-' and '.' (RFC 1123)")
    return text


@functools.lru_cache(maxsize=4096)
def read_port(name: str | None, number: int | None, protocol: str | None) -> Port:
    """Return the port, the same value for the same arguments: a cluster has few that differ."""
    checked = checked_label(name.lower(), "port name") if name else ""
    return Port(
        checked,
        ANY_PORT if number is None else number,
        checked_label(protocol.lower(), "protocol") if protocol else "tcp",
    )


def unix_time(text: str | None) -> float:
    """Return the Unix time of an RFC 3339 text, 0.0 for anything else."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return 0.0
    return moment.timestamp() if moment.tzinfo else 0.0
