"""A stub resolver as it is modelled in kdns.search, that asks a server and ends as the real one would."""

from collections.abc import Callable

from kdns.search.resolvconf import ResolvConf
from kdns.search.resolvers import WALKS, Outcome, Resolver, Then, questions
from kdns.wire.names import Name

Answer = tuple[Outcome | None, frozenset[str]]
"""What is wrong with an answer, None if nothing is, and the addresses in it."""


def lookup(
    name: str, conf: ResolvConf, resolver: Resolver, ask: Callable[[Name, str], Answer]
) -> tuple[frozenset[str], str]:
    """Return the addresses that a resolver ends with, or its error."""
    names = questions(name, conf, resolver)
    error, is_nodata, found = "", False, frozenset[str]()
    for place, asked in enumerate(names):
        answers = [ask(asked, qtype) for qtype in ("A", "AAAA")]
        found |= answers[0][1] | answers[1][1]
        if found and resolver is not Resolver.BUSYBOX:
            return found, ""
        outcome = _worst(answers)
        if outcome is None:
            continue
        step = WALKS[resolver][outcome]
        error, is_nodata = step.error, is_nodata or outcome is Outcome.NODATA
        if Then.END in (step.listed, step.as_is) or (step.listed is Then.AS_IS and place + 1 < len(names)):
            return frozenset(), error
    if found:
        return found, ""
    return frozenset(), WALKS[resolver][Outcome.NODATA].error if is_nodata else error


def _worst(answers: list[Answer]) -> Outcome | None:
    said = [outcome for outcome, _ in answers if outcome]
    for each in (Outcome.SERVFAIL, Outcome.NODATA):
        if each in said:
            return each
    return said[0] if said else None
