"""The directive of `cache`, read: for which zones, how much is kept, and for how long."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from kdns.corefile.errors import CorefileError, shown, unexpected
from kdns.corefile.reading import Reader, arguments, flag, one, plain, properties, zones_or
from kdns.corefile.scalars import choice, duration, integer, zones
from kdns.corefile.values import Directive, ServerBlock, Word
from kdns.wire.names import ROOT, Name

SUCCESS, DENIAL = "success", "denial"

_SHARDS, _LEAST_OF_A_SHARD = 256, 4
_MAX_TTL = 0x7FFFFFFF
_LARGEST_TTL = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one kind of responses, how many are kept and between which bounds their TTL is (seconds).

    `most` wins where they contradict each other. Nothing is kept for names in `excepted` (folded zones).
    """

    most: int
    least: int = 5
    capacity: int = 39 * _SHARDS
    excepted: frozenset[Name] = frozenset()


@dataclass(frozen=True, slots=True)
class Prefetch:
    """What was asked `amount` times, never with a pause over `pause` seconds, is fetched anew when no more
    than `percentage` of its TTL is left. An `amount` of 0 is never."""

    amount: int = 0
    pause: float = 60.0
    percentage: int = 10


@dataclass(frozen=True, slots=True)
class Stale:
    """For how long after its end a response may still be said; all in seconds.

    `is_verified`: the rest is asked first, for `timeout` at most (0 = as long as it takes). `ttl` is what
    such a response shows; after a failure it is said for `recheck` without asking. `prefers_positive`: a
    positive response is said as long as there is one, whatever came later.
    """

    lasts: float = 0.0
    is_verified: bool = False
    timeout: float = 0.0
    ttl: int = 0
    recheck: float = 0.0
    prefers_positive: bool = False


@dataclass(frozen=True, slots=True)
class CacheOptions:
    """`zones` are folded, in the order of the Corefile; `failure_ttl` is for SERVFAIL and NOTIMP."""

    zones: tuple[Name, ...]
    success: Limits = Limits(3600)
    denial: Limits = Limits(1800)
    prefetch: Prefetch = Prefetch()
    stale: Stale = Stale()
    failure_ttl: float = 5.0
    keeps_ttl: bool = False


Found = tuple[str, dict[str, Any]]
"""What a property says: some fields of one of the parts of CacheOptions; "" is itself."""


def read_cache(directive: Directive, block: ServerBlock) -> CacheOptions:
    """Read a directive of this server block. Raises CorefileError."""
    ttl, words = _ttl_first(directive.arguments)
    parts: dict[str, dict[str, Any]] = {
        SUCCESS: {"most": ttl or 3600},
        DENIAL: {"most": ttl or 1800},
        "prefetch": {},
        "stale": {},
        "": {},
    }
    for _, (part, fields) in properties(directive, _PROPERTIES):
        parts[part] |= fields
    _check_policy(directive)
    return CacheOptions(
        zones_or(words, tuple(key.zone for key in block.keys)),
        Limits(**parts[SUCCESS]),
        Limits(**parts[DENIAL]),
        Prefetch(**parts["prefetch"]),
        Stale(**parts["stale"]),
        **parts[""],
    )


def _ttl_first(words: Sequence[Word]) -> tuple[int | None, Sequence[Word]]:
    """Split off a TTL: what comes first, if it is a number. Anything else is a zone."""
    try:
        integer()(words[0])
    except (CorefileError, IndexError):
        return None, words
    return _ttl(1)(words[0]), words[1:]


def _ttl(least: int) -> Callable[[Word], int]:
    return lambda word: min(integer(least)(word), _MAX_TTL)


def _check_policy(directive: Directive) -> None:
    """`serve_stale_policy` may be there once, and with `serve_stale` only."""
    names = [line.name for line in directive.block or ()]
    policies = [name for name in names if name.text == "serve_stale_policy"]
    if len(policies) > 1:
        raise CorefileError(policies[1].position, "a second 'serve_stale_policy'", "only one")
    if policies and "serve_stale" not in {name.text for name in names}:
        raise CorefileError(policies[0].position, shown(policies[0].text), "'serve_stale' beside it")


def _capacity(word: Word) -> int:
    """Read a capacity. As in CoreDNS it is a multiple of 256, and of four at the least."""
    return max(integer()(word) // _SHARDS, _LEAST_OF_A_SHARD) * _SHARDS


def _limits(line: Directive) -> Found:
    """Read CAPACITY [TTL] [MINTTL]; CoreDNS ignores what follows."""
    kinds = {"capacity": _capacity, "most": _ttl(1), "least": _ttl(0)}
    words = arguments(plain(line), 1)
    return line.name.text, {
        field: read(word) for (field, read), word in zip(kinds.items(), words, strict=False)
    }


def _percentage(word: Word) -> int:
    if not word.text.endswith("%"):
        raise unexpected(word, "a percentage from 10% to 90%")
    return integer(10, 90)(word._replace(text=word.text[:-1]))


def _prefetch(line: Directive) -> Found:
    """Read AMOUNT [DURATION [PERCENTAGE%]]."""
    kinds: dict[str, Callable[[Word], float]] = {
        "amount": integer(0),
        "pause": duration(),
        "percentage": _percentage,
    }
    words = arguments(plain(line), 1, 3)
    return "prefetch", {field: read(word) for (field, read), word in zip(kinds.items(), words, strict=False)}


def _whole_seconds(word: Word) -> int:
    seconds = duration(0, _LARGEST_TTL)(word)
    if seconds % 1:
        raise unexpected(word, "a whole number of seconds")
    return int(seconds)


def _serve_stale(line: Directive) -> Found:
    """Read [DURATION [immediate|verify [TIMEOUT] [TTL [RECHECK]]]], where only verify has a TIMEOUT."""
    words = arguments(plain(line), 0, 5)
    fields = {"lasts": 3600.0, "is_verified": False, "timeout": 0.0, "ttl": 0, "recheck": 0.0}
    kinds: dict[str, Callable[[Word], float]] = {"lasts": duration(0), "is_verified": _is_verified}
    if len(words) > 1 and _is_verified(words[1]):
        kinds["timeout"] = duration(0)
    else:
        arguments(line, 0, 4)
    kinds |= {"ttl": _whole_seconds, "recheck": duration(0, 300)}
    return "stale", fields | {
        field: read(word) for (field, read), word in zip(kinds.items(), words, strict=False)
    }


def _is_verified(word: Word) -> bool:
    return choice("immediate", "verify")(word._replace(text=word.text.lower())) == "verify"


def _policy(word: Word) -> str:
    return choice("prefer_positive")(word._replace(text=word.text.lower()))


def _serve_stale_policy(line: Directive) -> Found:
    return "stale", {"prefers_positive": bool(one(_policy)(line))}


def _disable(line: Directive) -> Found:
    """Read success|denial [ZONES...]; without zones it is for all names."""
    kind, *words = arguments(plain(line), 1)
    excepted = chain.from_iterable(map(zones, words)) if words else (ROOT,)
    return choice(SUCCESS, DENIAL)(kind), {"excepted": frozenset(excepted)}


_PROPERTIES: Mapping[str, Reader[Found]] = {
    SUCCESS: _limits,
    DENIAL: _limits,
    "prefetch": _prefetch,
    "serve_stale": _serve_stale,
    "serve_stale_policy": _serve_stale_policy,
    "servfail": lambda line: ("", {"failure_ttl": one(duration(0, 300))(line)}),
    "disable": _disable,
    "keepttl": lambda line: ("", {"keeps_ttl": flag(line)}),
}
"""Of what is said twice the last holds; `success`, `denial` and `prefetch` keep what the last leaves out."""
