"""`errors`: why a query could not be answered well, in the log; errors of one kind put together if wished.

    errors {
        stacktrace
        consolidate 5m "i/o timeout$" warning show_first
    }

`stacktrace` changes nothing: what a defect leaves in the log always has its traceback.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple

from kdns.answering.chain import Rest
from kdns.answering.plugin import Plugin, Setting
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response, then
from kdns.corefile.errors import CorefileError, shown, unexpected
from kdns.corefile.patterns import Pattern, pattern
from kdns.corefile.reading import arguments, flag, plain, properties
from kdns.corefile.scalars import duration
from kdns.corefile.values import Directive, Word
from kdns.plugins._gotexts import duration_text
from kdns.plugins._lines import name_text
from kdns.plugins._once import only
from kdns.wire import codes

log = logging.getLogger("kdns.plugins.errors")

LEVELS = {
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "info": logging.INFO,
    "debug": logging.DEBUG,
}
SHOW_FIRST = "show_first"


class Consolidation(NamedTuple):
    """Errors that match `pattern` are counted for `period` seconds, then told at `level` in one line.

    `shows_first`: the first of them is told at once.
    """

    period: float
    pattern: Pattern
    level: int = logging.ERROR
    shows_first: bool = False


class Errors(Plugin):
    """Logs the error of each response that has one. The first consolidation that matches it decides."""

    name = "errors"

    def __init__(self, consolidations: Iterable[Consolidation] = ()) -> None:
        self._tallies = [_Tally(each) for each in consolidations]

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Errors":
        directive = only(directives)
        for word in arguments(directive, 0, 1):
            if word.text != "stdout":
                raise unexpected(word, "stdout, the only place to write to", ("stdout",))
        lines = properties(directive, PROPERTIES)
        return cls(value for name, value in lines if name == "consolidate")

    def respond(self, query: Query, rest: Rest) -> Outcome:
        return then(rest(query), partial(self._seen, query))

    async def close(self) -> None:
        for tally in self._tallies:
            tally.close()

    def _seen(self, query: Query, response: Response) -> Response:
        if response.error:
            self._log(query, response)
        return response

    def _log(self, query: Query, response: Response) -> None:
        level = logging.ERROR
        for tally in self._tallies:
            if tally.of.pattern.search(response.error):
                if tally.takes_one():
                    return
                level = tally.of.level
                break
        name, qtype = name_text(query.name), codes.type_to_text(query.type)
        log.log(level, "%d %s %s: %s", response.rcode, name, qtype, response.error)


class _Tally:
    """How many errors of one consolidation there were since the first that was not told of."""

    def __init__(self, of: Consolidation) -> None:
        self.of = of
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    def takes_one(self) -> bool:
        """Count an error; return False for one that is to be told at once."""
        if self._is_closed:
            return False
        self._count += 1
        if self._count > 1:
            return True
        self._timer = asyncio.get_running_loop().call_later(self.of.period, self._tell)
        return not self.of.shows_first

    def close(self) -> None:
        """Tell what is left now, and let all that may still come be told at once."""
        self._is_closed = True
        if self._timer:
            self._timer.cancel()
        self._tell()

    def _tell(self) -> None:
        count, self._count = self._count, 0
        if count > self.of.shows_first:
            text, period = self.of.pattern.pattern, duration_text(self.of.period)
            log.log(self.of.level, "%d errors like '%s' occurred in last %s", count, text, period)


def _consolidation(line: Directive) -> Consolidation:
    """Read `consolidate DURATION REGEXP [LEVEL] [show_first]`."""
    period, regexp, *options = arguments(plain(line), 2, 4)
    # Go's timers take a period below 0, too, and are over at once.
    return Consolidation(max(duration()(period), 0), pattern(regexp), *_options(options))


def _options(words: Sequence[Word]) -> tuple[int, bool]:
    level, shows_first = None, False
    for word in words:
        if word.text == SHOW_FIRST:
            shows_first = True
        elif word.text not in LEVELS:
            raise unexpected(word, f"one of {', '.join(LEVELS)}, or {SHOW_FIRST}", (*LEVELS, SHOW_FIRST))
        elif level is not None or shows_first:
            raise CorefileError(word.position, shown(word.text), f"one level at most, before {SHOW_FIRST}")
        else:
            level = LEVELS[word.text]
    return logging.ERROR if level is None else level, shows_first


PROPERTIES = {"stacktrace": flag, "consolidate": _consolidation}
