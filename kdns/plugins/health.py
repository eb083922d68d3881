"""`health`: a page that says that the process lives, and a watch over how long it takes to say so."""

import asyncio
import logging
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from kdns.answering.plugin import OK, Address, Pages, Plugin, Setting
from kdns.corefile.reading import Reader, arguments, one, properties
from kdns.corefile.scalars import address, duration
from kdns.corefile.values import Directive
from kdns.measures import Family, Histogram
from kdns.plugins._gotexts import address_text, duration_text

log = logging.getLogger("kdns.plugins.health")

DEFAULT: Address = ("", 8080)
PATH = "/health"
PROPERTIES: Mapping[str, Reader[float]] = {"lameduck": one(duration())}
BOUNDS = (0.00025, 0.0025, 0.025, 0.25, 2.5)

_INTERVAL = 1.0
_TIMEOUT = 3.0
_SLOW = 1.0
_RESPONSE_OCTETS = 4096
_POD_SECONDS = 30.0
"""What a Pod has by default from SIGTERM to SIGKILL (terminationGracePeriodSeconds)."""
_CLOSING_SECONDS = 5.0
"""What queries under way may take after the lameduck."""


class Health(Plugin):
    """Asks its own page once a second: a process that is overloaded takes long to answer itself."""

    name = "health"

    def __init__(self, address: Address, lameduck: float) -> None:
        self._address = address
        self._lameduck = lameduck
        self._counts = [0] * (len(BOUNDS) + 1)
        self._seconds = 0.0
        self._failures = 0

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Health":
        """Of what is said several times, the last counts."""
        where, lameduck = DEFAULT, 0.0
        for directive in directives:
            for word in arguments(directive, 0, 1):
                where = address(word)
            lameduck = dict(properties(directive, PROPERTIES)).get("lameduck", lameduck)
        return cls(where, lameduck)

    def pages(self) -> Mapping[Address, Pages]:
        return {self._address: {PATH: lambda: OK}}

    async def linger(self) -> None:
        if self._lameduck > 0:
            log.info("Going into lameduck mode for %s", duration_text(self._lameduck))
            await asyncio.sleep(self._lameduck)

    async def run(self) -> None:
        if self._lameduck + _CLOSING_SECONDS > _POD_SECONDS:
            log.warning(
                "lameduck %s and %s for queries under way are more than the %s that a Pod has by default: "
                "set its terminationGracePeriodSeconds",
                *map(duration_text, (self._lameduck, _CLOSING_SECONDS, _POD_SECONDS)),
            )
        seconds = 0.0
        while True:
            await asyncio.sleep(max(_INTERVAL - seconds, 0.0))
            seconds = await self._probe()

    def measure(self) -> Iterator[Family | Histogram]:
        yield Histogram(
            "coredns_health_request_duration_seconds",
            "Histogram of the time (in seconds) each request took.",
            (),
            BOUNDS,
            [((), tuple(self._counts), self._seconds)],
        )
        yield Family(
            "counter",
            "coredns_health_request_failures_total",
            "The number of times the health check failed.",
            (),
            [((), self._failures)],
        )

    async def _probe(self) -> float:
        """Ask once, count it, and return how many seconds it took."""
        now = asyncio.get_running_loop().time
        begun, failure = now(), ""
        try:
            async with asyncio.timeout(_TIMEOUT):
                await _get(*self._address)
        except TimeoutError:
            failure = f"no response within {duration_text(_TIMEOUT)}"
        except OSError as error:
            failure = error.strerror or str(error)
        seconds = now() - begun
        self._counts[bisect_left(BOUNDS, seconds)] += 1
        self._seconds += seconds
        url = f"http://{address_text(self._address)}{PATH}"
        if failure:
            self._failures += 1
            log.warning('Local health request to "%s" failed: %s', url, failure)
        elif seconds > _SLOW:
            log.warning('Local health request to "%s" took more than 1s: %s', url, duration_text(seconds))
        return seconds


async def _get(host: str, port: int) -> None:
    """Ask for the page on a connection of its own; any response is a good one. Raises OSError.

    Every address is reached on loopback.
    """
    reader, writer = await asyncio.open_connection(host or "127.0.0.1", port)
    try:
        writer.write(f"GET {PATH} HTTP/1.0\r\n\r\n".encode())
        if not (await reader.read(_RESPONSE_OCTETS)).startswith(b"HTTP/1."):
            raise ConnectionError("no HTTP response")
    finally:
        writer.close()
