"""What a listener counts: plain ints that the loop adds to and metrics read when they are asked.

No names or labels of any metrics system, and nothing that the hot path would pay for twice.
"""

import errno


class Counters:
    """The totals of one listener since it was opened.

    `received` and `sent` are messages. `dropped` tells by reason what got no response although one was due:
    "raised" (respond failed), "busy" (too many are waited for), "overlong" (no datagram or frame can hold
    it), or the name of the errno with which the kernel refused it. `receive_errors` are errno names too.
    Streams alone count `opened` connections and, by reason, those this side `closed`. Batches of datagrams
    are `timed` now and then: so many messages took so many `seconds`, the system calls left out.
    """

    __slots__ = (
        "closed",
        "dropped",
        "opened",
        "receive_errors",
        "received",
        "seconds",
        "sent",
        "timed",
    )

    def __init__(self) -> None:
        self.received = 0
        self.sent = 0
        self.opened = 0
        self.timed = 0
        self.seconds = 0.0
        self.dropped: dict[str, int] = {}
        self.receive_errors: dict[str, int] = {}
        self.closed: dict[str, int] = {}


def add_one(reasons: dict[str, int], reason: str) -> None:
    """Count one more for `reason`."""
    reasons[reason] = reasons.get(reason, 0) + 1


def errno_name(number: int | None) -> str:
    """Return the symbol of an errno, "EPERM" for 1, under which it is counted."""
    return errno.errorcode.get(number or 0, f"errno {number}")
