"""`loop`: finds out at the start whether queries come back, and ends the process if they do."""

import asyncio
import logging
import secrets
import socket
import struct
from collections.abc import Sequence

from kdns.answering.chain import Rest
from kdns.answering.plugin import Address, Plugin, Process, Setting
from kdns.answering.queries import CD, RD, Query
from kdns.answering.responses import Outcome, Response, then
from kdns.corefile.errors import CorefileError, shown
from kdns.corefile.reading import flag
from kdns.corefile.values import Directive
from kdns.plugins._gotexts import address_text
from kdns.plugins._once import only
from kdns.wire import codes
from kdns.wire.messages import answers_query
from kdns.wire.names import BadName, Name, fold, from_labels, to_text

log = logging.getLogger("kdns.plugins.loop")

MOST = 2
"""How often the server's own query may be seen before that is called a loop."""

_TRY_SECONDS = 30.0
_PAUSE = 1.0
_TIMEOUT = 2.0
_NUMBERS = 1 << 62
_RESPONSE_OCTETS = 65_535

_QUERY_HEAD = struct.Struct("!HHHHHH")
_QUERY_TAIL = struct.pack("!HH", codes.HINFO, codes.IN)


class Loop(Plugin):
    """Asks its own server for a name that nobody knows, and counts how often that is asked.

    It is the block's first zone that is tried, once. As soon as there is a response, no matter which, the
    plugin is off, so that nobody who learns of the name can use it.
    """

    name = "loop"

    def __init__(self, zone: Name, listen: Sequence[Address], process: Process) -> None:
        """Raises BadName for a zone that has no room for two more labels."""
        self._zone = zone
        self._listen = listen
        self._process = process
        numbers = (b"%d" % secrets.randbelow(_NUMBERS) for _ in range(2))
        self._name = from_labels(numbers, zone)
        self._source: Address = ("", 0)
        self._seen = 0
        self._is_off = False

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Loop":
        directive = only(directives)
        flag(directive)
        zone = setting.block.keys[0].zone
        try:
            return cls(zone, setting.listen, setting.process)
        except BadName as error:
            found = f"the zone {shown(to_text(zone))}, to ask for a name in it ({error})"
            raise CorefileError(directive.position, found, "a shorter one") from error

    def respond(self, query: Query, rest: Rest) -> Outcome:
        if self._is_off or query.type != codes.HINFO or fold(query.name) != self._name:
            return rest(query)
        self._seen += 1
        if self._seen > MOST:
            found = self._found()
            log.critical("%s", found)
            self._process.abort(found)
            return Response(codes.SERVFAIL, remember=False)
        # Two that are equal would share one exchange with an upstream, and the second would wait for itself.
        flags = query.flags | CD if self._seen % 2 else query.flags & ~CD
        return then(rest(query._replace(flags=flags)), _not_remembered)

    async def run(self) -> None:
        now = asyncio.get_running_loop().time
        until = now() + _TRY_SECONDS
        while now() < until and not await self._is_answered():
            self._seen = 0
            await asyncio.sleep(_PAUSE)
        self._is_off = True

    async def _is_answered(self) -> bool:
        """Ask, and tell whether there was any response. Every address is reached on loopback."""
        host, port = self._listen[0]
        query = _QUERY_HEAD.pack(secrets.randbits(16), RD, 1, 0, 0, 0) + self._name + _QUERY_TAIL
        try:
            found = socket.getaddrinfo(host or "127.0.0.1", port, flags=socket.AI_NUMERICHOST)
            family, *_, place = found[0]
            with socket.socket(family, socket.SOCK_DGRAM) as asked:
                asked.setblocking(False)
                asked.connect(place)
                self._source = asked.getsockname()[:2]
                async with asyncio.timeout(_TIMEOUT):
                    await _exchange(asked, query)
        except OSError:
            return False
        return True

    def _found(self) -> str:
        """Say what was found, as CoreDNS does. The sender is that of the first query."""
        return (
            f"Loop ({address_text(self._source)} -> {address_text(self._listen[0])}) detected for zone "
            f'"{to_text(self._zone)}", see https://coredns.io/plugins/loop#troubleshooting. '
            f'Query: "HINFO {to_text(self._name)}"'
        )


async def _exchange(asked: socket.socket, query: bytes) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(asked, query)
    while not answers_query(await loop.sock_recv(asked, _RESPONSE_OCTETS), query):
        pass


def _not_remembered(response: Response) -> Response:
    return response._replace(remember=False)
