"""`reload`: has the Corefile read again every now and then."""

import asyncio
import random
from collections.abc import Sequence

from kdns.answering.plugin import Plugin, Process, Setting
from kdns.corefile.errors import unexpected
from kdns.corefile.reading import arguments
from kdns.corefile.scalars import duration
from kdns.corefile.values import Directive, Word

INTERVAL, JITTER = 30.0, 15.0
LEAST_INTERVAL, LEAST_JITTER = 2.0, 1.0


class Reload(Plugin):
    """Has the Corefile read every `interval` seconds; what its jitter adds is settled once."""

    name = "reload"

    def __init__(self, interval: float, process: Process) -> None:
        self.interval = interval
        self._process = process

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Reload":
        """Read the first directive only, and no block: CoreDNS takes any others and passes over them."""
        words = arguments(directives[0], 0, 2)
        interval = duration(LEAST_INTERVAL)(words[0]) if words else INTERVAL
        jitter = _jitter(words[1]) if len(words) > 1 else JITTER
        return cls(_spread(interval, jitter, random.random()), setting.process)

    async def run(self) -> None:
        """Read the Corefile at each interval.

        Taking over a new one ends this very task, and that must not end the taking over: it goes on by
        itself, and this task does not wait for it once it is cancelled.
        """
        while True:
            await asyncio.sleep(self.interval)
            await asyncio.shield(self._process.reload())


def _jitter(word: Word) -> float:
    seconds = duration()(word)
    if seconds and seconds < LEAST_JITTER:
        raise unexpected(word, f"a duration from {LEAST_JITTER:g}s, or 0")
    return seconds


def _spread(interval: float, jitter: float, share: float) -> float:
    """Return the interval moved by up to half the jitter either way, which is half the interval at most.

    `share` from 0 to 1 says where between the two ends.
    """
    return interval + min(jitter, interval / 2) * (share - 0.5)
