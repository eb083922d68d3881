"""The log as CoreDNS writes it: "[INFO] plugin/errors: text", one line a message, without the time.

Tracebacks follow on lines of their own. Who wrote a line is told by its logger's name.
"""

import logging
from functools import lru_cache
from typing import TextIO

_LEVELS = {"CRITICAL": "FATAL"}
_PLUGINS, _OWN = "kdns.plugins.", "kdns."
_ALIASES = {"kdns.kubernetes": "kdns.plugins.kubernetes"}
"""Loggers that speak for a plugin without being in its room."""


class Lines(logging.Formatter):
    """Puts level and plugin before a message. Only the loggers of other packages are named in full."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- the name is logging's
        return _start(record.levelname, record.name) + record.message


@lru_cache(maxsize=256)
def _start(level: str, logger: str) -> str:
    return f"[{_LEVELS.get(level, level)}] {_source(_ALIASES.get(logger, logger))}"


def _source(logger: str) -> str:
    if logger.startswith(_PLUGINS):
        return f"plugin/{logger.removeprefix(_PLUGINS)}: "
    return "" if f"{logger}.".startswith(_OWN) else f"{logger}: "


def set_up(stream: TextIO) -> None:
    """Send every message from INFO on to `stream`, in place of whatever was set up before."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    logging.raiseExceptions = False  # where nobody reads the log any more, that is no defect of ours
    # Nothing prints them, and finding them out is a third of what a line costs.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
