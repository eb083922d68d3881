"""`log`: a line in the log for each query that was answered, in a format of one's own choice."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from kdns.answering.plugin import Exchange, Plugin, Setting
from kdns.corefile.reading import properties, several
from kdns.corefile.scalars import choice
from kdns.corefile.values import Directive, Word
from kdns.plugins._collected import About, collected
from kdns.plugins._lines import COMMON, compiled
from kdns.plugins._responses import DENIAL, ERROR, SUCCESS, class_of
from kdns.wire.names import ROOT, BadName, Name, fold, from_text, is_at_or_below

log = logging.getLogger("kdns.queries")
"""No plugin's: CoreDNS writes these lines without saying where they come from."""

ALL = "all"
PROPERTIES = {"class": several(choice(ALL, SUCCESS, DENIAL, ERROR))}


class Rule(NamedTuple):
    """Exchanges at or below `zone` (folded) whose response is of one of `classes` become a `line`."""

    zone: Name
    classes: frozenset[str]
    line: Callable[[Exchange], str]

    def covers(self, name: Name) -> bool:
        return self.zone == ROOT or is_at_or_below(name, self.zone)

    def wants(self, exchange: Exchange) -> bool:
        return ALL in self.classes or class_of(exchange) in self.classes


class Log(Plugin):
    """The first rule whose zone covers a name decides whether there is a line, and which."""

    name = "log"

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Log":
        local = setting.listen[0][0] if setting.listen else ""
        about = collected(setting)
        return cls(rule for directive in directives for rule in _rules(directive, local, about))

    def observe(self, exchange: Exchange) -> None:
        name = fold(exchange.query.name)
        for rule in self._rules:
            if rule.covers(name):
                if rule.wants(exchange):
                    _write(rule.line(exchange))
                return


def _write(line: str) -> None:
    """Log a line at INFO. The record is made here: finding out who calls is a quarter of `info`."""
    if log.isEnabledFor(logging.INFO):
        log.handle(logging.LogRecord(log.name, logging.INFO, __file__, 0, line, None, None))


def _rules(directive: Directive, local: str, about: About) -> Iterator[Rule]:
    """Yield the rules of `log [NAMES...] [FORMAT] {class CLASSES...}`.

    As in CoreDNS, a single argument is a name, whatever it looks like.
    """
    words, format = directive.arguments, COMMON
    if len(words) > 1 and "{" in words[-1].text:
        words, format = words[:-1], words[-1].text
    classes = frozenset(each for _, line in properties(directive, PROPERTIES) for each in line)
    line = compiled(format, local, about)
    for zone in _zones(words):
        yield Rule(zone, classes or frozenset({ALL}), line)


def _zones(words: Sequence[Word]) -> Iterator[Name]:
    """Yield the names as they stand there, networks too, all names for none.

    What can be no name of a query is passed over: CoreDNS takes it, and it covers nothing.
    """
    if not words:
        yield ROOT
    for word in words:
        try:
            yield fold(from_text(word.text if word.text.endswith(".") else f"{word.text}."))
        except BadName:
            continue
