"""Asking one thing after the other, each when the one before is answered; nothing waits without need."""

from collections.abc import Generator
from typing import TypeAlias

from kdns.answering.responses import Outcome, Response

Steps: TypeAlias = Generator[Outcome, Response, Response]
"""Yields what it asked and gets the response; returns the one that it makes of them."""


def take(steps: Steps) -> Outcome:
    """Return what the steps come to, now or, from the first that has to wait on, later."""
    try:
        outcome = next(steps)
        while isinstance(outcome, Response):
            outcome = steps.send(outcome)
    except StopIteration as end:
        found: Response = end.value
        return found
    return _take_later(steps, outcome)


async def _take_later(steps: Steps, outcome: Outcome) -> Response:
    try:
        while True:
            outcome = steps.send(outcome if isinstance(outcome, Response) else await outcome)
    except StopIteration as end:
        found: Response = end.value
        return found
