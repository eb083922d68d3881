"""`debug`: lets the log's DEBUG messages through, those of the whole process.

In CoreDNS it also lets a defect end the process. Here a query that meets one gets SERVFAIL, always, and the
log its traceback.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import ClassVar

from kdns.answering.plugin import Plugin, Setting
from kdns.corefile.reading import flag
from kdns.corefile.values import Directive


class Debug(Plugin):
    """Messages of all loggers of kdns are seen while at least one block that is served has it."""

    name = "debug"

    _running: ClassVar[int] = 0

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Debug":
        for directive in directives:
            flag(directive)
        return cls()

    async def run(self) -> None:
        self._count(+1)
        try:
            await asyncio.Event().wait()
        finally:
            self._count(-1)

    @classmethod
    def _count(cls, change: int) -> None:
        """A Corefile's successor begins before it ends, so that they are counted."""
        Debug._running += change
        logging.getLogger("kdns").setLevel(logging.DEBUG if Debug._running else logging.NOTSET)
