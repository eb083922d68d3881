"""Tells secondaries that a zone has changed (NOTIFY, RFC 1996), as often as CoreDNS tries."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from kdns.upstreams.counters import SocketCounters
from kdns.upstreams.errors import UpstreamError
from kdns.upstreams.options import Address, Options
from kdns.upstreams.udp import UdpTransport
from kdns.wire import codes
from kdns.wire.names import Name, to_text
from kdns.wire.rcodes import mnemonic

log = logging.getLogger("kdns.plugins.transfer")

INTERVAL = 1.0
"""Seconds between two looks at the serials, and so between two messages about a zone."""

ATTEMPTS = 3
_AT_ONCE = 64
"""Zones of which a secondary is told at the same time."""

_HEADER = b"\0\0\x24\0\0\1\0\0\0\0\0\0"
"""Opcode NOTIFY, AA, one question."""
_SOA_IN = b"\0\x06\0\x01"

Serials = Callable[[], Mapping[Name, int]]


async def tell_changes(secondary: Address, source: str, serials: Serials) -> None:
    """Tell a secondary of every zone that there is, and again of each whose serial has moved, for ever.

    `source` is the local address, "" for any. Where the secondary does not answer, others are not held up.
    """
    try:
        transport = UdpTransport(secondary, Options(source_address=source), SocketCounters())
    except ValueError as error:
        log.warning("no NOTIFY to %s: %s", secondary, error)
        return
    told: Mapping[Name, int] = {}
    try:
        while True:
            now = dict(serials())
            moved = [zone for zone, serial in now.items() if told.get(zone) != serial]
            told = now
            for first in range(0, len(moved), _AT_ONCE):
                batch = moved[first : first + _AT_ONCE]
                await asyncio.gather(*(_notify(transport, secondary, zone) for zone in batch))
            await asyncio.sleep(INTERVAL)
    finally:
        await transport.close()


async def _notify(transport: UdpTransport, secondary: Address, zone: Name) -> None:
    """Send until it is acknowledged, a few times; what is wrong is logged."""
    problem = ""
    for _ in range(ATTEMPTS):
        try:
            reply = await transport.exchange(_HEADER + zone + _SOA_IN, float("inf"))
        except UpstreamError as error:
            problem = f'"{error}"'
            continue
        if reply.rcode == codes.NOERROR:
            log.debug('Sent notifies for zone "%s" to %s', to_text(zone), secondary)
            return
        problem = f'rcode was "{mnemonic(reply.rcode)}"'
    log.warning('notify for zone "%s" was not accepted by "%s": %s', to_text(zone), secondary, problem)
