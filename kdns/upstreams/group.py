"""The upstreams of one `forward`: which of them a query asks, how often, and how long in all.

Queries that are the same share one exchange; a dead upstream is passed over at once. What a reply means
to the client is the plugin's business.
"""

import asyncio
import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from kdns.upstreams.errors import Closed, NoHealthyUpstream, Overloaded, UpstreamError
from kdns.upstreams.flights import Flights
from kdns.upstreams.policies import POLICIES
from kdns.upstreams.upstream import Upstream
from kdns.wire.replies import Reply

ATTEMPTS_PER_UPSTREAM = 2
_PAUSE = 0.02
"""Seconds between two rounds, so that upstreams that refuse at once are not asked in a hot loop."""


@dataclass(frozen=True, slots=True)
class GroupOptions:
    """Options of `forward`, by their meaning. `attempts` that fail: None is two for each upstream, 0 is no
    limit; `max_concurrent` 0 is none either. `failover`: RCODEs after which the next upstream is asked."""

    policy: str = "random"
    max_concurrent: int = 0
    failfast_all_unhealthy: bool = False
    failover: frozenset[int] = frozenset()
    attempts: int | None = None
    force_tcp: bool = False
    prefer_udp: bool = False
    deadline: float = 5.0


class Group:
    """Upstreams that stand for each other. It owns them: `close` closes them, too.

    Counts queries refused over `max_concurrent` (`rejected`), rounds that found every upstream down
    (`broken`), and queries that joined another's exchange (`joined`).
    """

    def __init__(self, upstreams: Sequence[Upstream], options: GroupOptions | None = None) -> None:
        """Raises ValueError for no upstreams, or a policy that does not exist."""
        self.upstreams = tuple(upstreams)
        self._options = options = options or GroupOptions()
        if not upstreams or options.policy not in POLICIES:
            raise ValueError(f"unknown policy {options.policy!r}" if upstreams else "no upstreams")
        self._in_order = POLICIES[options.policy]()
        default = ATTEMPTS_PER_UPSTREAM * len(upstreams)
        self._attempts = default if options.attempts is None else options.attempts or math.inf
        self._flights = Flights()
        self._drained = asyncio.Event()
        self._closed = False
        self.waiting = 0
        self.rejected = 0
        self.broken = 0

    @property
    def joined(self) -> int:
        return self._flights.joined

    async def exchange(self, query: bytes, *, over_tcp: bool = False) -> Reply:
        """Return a reply to `query`, under its id. `over_tcp` says how the client asked.

        Raises Overloaded at once, another UpstreamError after the attempts or the deadline, whichever ends
        first: that of the last attempt. Raises Malformed for octets that are no query.
        """
        options = self._options
        if self._closed:
            raise Closed
        if 0 < options.max_concurrent <= self.waiting:
            self.rejected += 1
            raise Overloaded(options.max_concurrent)
        force_tcp = options.force_tcp or (over_tcp and not options.prefer_udp)
        self.waiting += 1
        try:
            # Equal octets after the id: case and EDNS, too, so that the reply is right for each.
            reply = await self._flights.exchange(
                (force_tcp, query[2:]), partial(self._attempt, query, force_tcp)
            )
        finally:
            self.waiting -= 1
            if not self.waiting:
                self._drained.set()
        return reply.with_id(query[:2])

    async def close(self, grace: float = 0.0) -> None:
        """Take no more queries; let those that wait finish for `grace` seconds; then close the upstreams."""
        self._closed = True
        if self.waiting and grace > 0:
            self._drained.clear()
            with suppress(TimeoutError):  # what waits longer is failed by closing
                await asyncio.wait_for(self._drained.wait(), grace)
        for upstream in self.upstreams:
            await upstream.close()

    async def _attempt(self, query: bytes, force_tcp: bool) -> Reply:
        """Ask one upstream after another until a reply may be given, or attempts or time are used up."""
        options, now = self._options, asyncio.get_running_loop().time
        deadline = now() + options.deadline
        reply: Reply | None = None
        error: UpstreamError = NoHealthyUpstream()
        failures = failovers = 0
        for upstream in self._candidates(now):
            if failures >= self._attempts or now() >= deadline:
                break
            if upstream is None:
                await asyncio.sleep(_PAUSE)
                continue
            try:
                reply = await upstream.exchange(
                    query, force_tcp=force_tcp, prefer_udp=options.prefer_udp, deadline=deadline
                )
            except Closed:
                raise
            except UpstreamError as failed:
                error, failures = failed, failures + 1
                continue
            failovers += 1
            if reply.rcode not in options.failover or failovers >= len(self.upstreams):
                return reply
        if reply is not None:
            return reply
        raise error

    def _candidates(self, now: Callable[[], float]) -> Iterator[Upstream | None]:
        """Yield upstreams in rounds, with None after each: those that are down never, doubtful ones last.

        If all are down, the probes themselves may be what is broken: yield any one of them, and no more.
        """
        order = self._in_order(self.upstreams)
        while alive := [upstream for upstream in order if not upstream.is_down]:
            if len(alive) > 1:
                time = now()
                alive.sort(key=lambda upstream: upstream.health.is_doubtful(time))
            yield from alive
            yield None
        self.broken += 1
        if not self._options.failfast_all_unhealthy:
            yield random.choice(order)
