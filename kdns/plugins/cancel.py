"""`cancel`: lets no query wait longer than a time for its answer."""

import asyncio
from collections.abc import Awaitable, Sequence

from kdns.answering.chain import Rest
from kdns.answering.plugin import Plugin, Setting
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response
from kdns.corefile.reading import arguments
from kdns.corefile.scalars import duration
from kdns.corefile.values import Directive
from kdns.wire import codes

DEFAULT = 5.001
"""Seconds: a little more than clients wait."""

_SHORTEST = 1e-9


class Cancel(Plugin):
    """Ends what the rest of the chain waits for after so many seconds."""

    name = "cancel"

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Cancel":
        """The last directive counts."""
        seconds = [
            [duration(_SHORTEST)(word) for word in arguments(directive, 0, 1)] for directive in directives
        ]
        return cls(*seconds[-1] or [DEFAULT])

    def respond(self, query: Query, rest: Rest) -> Outcome:
        outcome = rest(query)
        return outcome if isinstance(outcome, Response) else self._bounded(outcome)

    async def _bounded(self, waiting: Awaitable[Response]) -> Response:
        try:
            async with asyncio.timeout(self._seconds):
                return await waiting
        except TimeoutError:
            return Response(codes.SERVFAIL, remember=False, error="context deadline exceeded")
