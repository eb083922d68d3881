"""kdns.observability.logs: lines as CoreDNS writes them."""

import io
import logging
from collections.abc import Iterator

import pytest

from kdns.observability.logs import set_up


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """A stream that has been set up to get the log, in place of pytest's handlers."""
    for name in ("logThreads", "logProcesses", "logMultiprocessing"):
        monkeypatch.setattr(logging, name, True)
    root = logging.getLogger()
    handlers, level, root.handlers = root.handlers, root.level, []
    stream = io.StringIO()
    set_up(stream)
    try:
        yield stream
    finally:
        root.handlers = handlers
        root.setLevel(level)


@pytest.mark.parametrize(
    ("logger", "level", "line"),
    [
        ("kdns.plugins.errors", logging.ERROR, "[ERROR] plugin/errors: 2 x. A: y"),
        ("kdns.plugins.loop", logging.CRITICAL, "[FATAL] plugin/loop: 2 x. A: y"),
        ("kdns.kubernetes", logging.WARNING, "[WARNING] plugin/kubernetes: 2 x. A: y"),
        ("kdns.queries", logging.INFO, "[INFO] 2 x. A: y"),
        ("kdns", logging.INFO, "[INFO] 2 x. A: y"),
        ("kdnsx", logging.INFO, "[INFO] kdnsx: 2 x. A: y"),
        ("asyncio", logging.WARNING, "[WARNING] asyncio: 2 x. A: y"),
        ("kdns.plugins.errors", logging.DEBUG, ""),
    ],
)
def test_a_line_tells_level_and_plugin(stream: io.StringIO, logger: str, level: int, line: str) -> None:
    logging.getLogger(logger).log(level, "%d %s A: %s", 2, "x.", "y")
    assert stream.getvalue().splitlines() == ([line] if line else [])


def test_a_traceback_has_lines_of_its_own(stream: io.StringIO) -> None:
    try:
        raise ValueError("no")
    except ValueError:
        logging.getLogger("kdns").exception("a defect")
    first, second, *_, last = stream.getvalue().splitlines()
    assert (first, second) == ("[ERROR] a defect", "Traceback (most recent call last):")
    assert last == "ValueError: no"


def test_set_up_anew_every_line_is_written_once(stream: io.StringIO) -> None:
    other = io.StringIO()
    set_up(other)
    logging.getLogger("kdns").info("hello")
    assert (stream.getvalue(), other.getvalue()) == ("", "[INFO] hello\n")
