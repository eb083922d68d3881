"""What each stub resolver does when one name of its walk has no address: a table, seen on the wire.

The outcome is that of both questions, A and AAAA, from every nameserver.
"""

from collections.abc import Mapping
from enum import Enum, StrEnum, auto
from typing import NamedTuple

from kdns.search.resolvers_known import Resolver


class Outcome(StrEnum):
    """What came of a name that has no address."""

    NXDOMAIN = "NXDOMAIN"
    NODATA = "NODATA"
    SERVFAIL = "SERVFAIL"
    REFUSED = "REFUSED"
    TIMEOUT = "TIMEOUT"


class Then(Enum):
    """What is asked next."""

    NEXT = auto()
    """The next name of the walk."""
    AS_IS = auto()
    """The name as it is, if it was not asked yet: the rest of the search list is passed over."""
    END = auto()
    """Nothing: the lookup fails."""


class Step(NamedTuple):
    """What follows an outcome: of a name that the search list has a part in, and of the name as it is.

    `error` is what the lookup ends with if it ends here, or if all names end so.
    """

    listed: Then
    as_is: Then
    error: str


_GO_ON = (Then.NEXT, Then.NEXT)
_END = (Then.END, Then.END)

WALKS: Mapping[Resolver, Mapping[Outcome, Step]] = {
    Resolver.GLIBC: {
        Outcome.NXDOMAIN: Step(*_GO_ON, "EAI_NONAME"),
        Outcome.NODATA: Step(*_GO_ON, "EAI_NODATA"),
        Outcome.SERVFAIL: Step(*_GO_ON, "EAI_AGAIN"),
        Outcome.REFUSED: Step(Then.AS_IS, Then.NEXT, "EAI_AGAIN"),
        Outcome.TIMEOUT: Step(Then.AS_IS, Then.NEXT, "EAI_AGAIN"),
    },
    Resolver.MUSL: {
        Outcome.NXDOMAIN: Step(*_GO_ON, "EAI_NONAME"),
        Outcome.NODATA: Step(*_END, "EAI_NODATA"),  # EAI_NONAME until 1.2.3
        # Not taken for answers: it asks again, and waits until its time is over.
        Outcome.SERVFAIL: Step(*_END, "EAI_AGAIN"),
        Outcome.REFUSED: Step(*_END, "EAI_AGAIN"),
        Outcome.TIMEOUT: Step(*_END, "EAI_AGAIN"),
    },
    Resolver.GO: {
        Outcome.NXDOMAIN: Step(*_GO_ON, "no such host"),
        Outcome.NODATA: Step(*_GO_ON, "no such host"),
        Outcome.SERVFAIL: Step(*_GO_ON, "server misbehaving"),
        Outcome.REFUSED: Step(*_GO_ON, "server misbehaving"),
        Outcome.TIMEOUT: Step(*_GO_ON, "i/o timeout"),
    },
    Resolver.C_ARES: {
        Outcome.NXDOMAIN: Step(*_GO_ON, "ARES_ENOTFOUND"),
        Outcome.NODATA: Step(*_GO_ON, "ARES_ENODATA"),
        # After a name of one label the walk goes on: systemd-resolved refuses those.
        Outcome.SERVFAIL: Step(*_END, "ARES_ESERVFAIL"),
        Outcome.REFUSED: Step(*_END, "ARES_EREFUSED"),
        Outcome.TIMEOUT: Step(*_END, "ARES_ETIMEOUT"),
    },
    # All names are asked at once, and what came of each is printed.
    Resolver.BUSYBOX: {
        Outcome.NXDOMAIN: Step(*_GO_ON, "NXDOMAIN"),
        Outcome.NODATA: Step(*_GO_ON, "No answer"),
        Outcome.SERVFAIL: Step(*_GO_ON, "SERVFAIL"),
        Outcome.REFUSED: Step(*_GO_ON, "REFUSED"),
        Outcome.TIMEOUT: Step(*_GO_ON, "No answer"),
    },
}
"""Of glibc 2.36, musl 1.2.5, Go 1.26, c-ares 1.34, busybox 1.36.

Where outcomes differ, glibc ends with the error of the name as it is if that came first, else with NODATA's
if one was that; Go with the first error, or that of the name as it is. glibc ends at once where the port of a
nameserver is closed.
"""
