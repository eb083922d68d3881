"""What looking up one question in the cluster yields. Decided here, encoded elsewhere."""

from typing import NamedTuple

from kdns.cluster.events import Tag
from kdns.wire.names import Name
from kdns.wire.rrsets import RRset


class Outcome(NamedTuple):
    """The RRsets that answer a question, and everything in the cluster that could change them.

    `exists` is False for NXDOMAIN; without `answer` it is NODATA otherwise. `alias` is the target of
    the last CNAME in `answer` where it lies outside the zone and somebody else has to chase it. `needs`
    are the kinds of objects that must have been seen whole before NXDOMAIN may be said.
    """

    exists: bool
    tags: frozenset[Tag] = frozenset()
    answer: tuple[RRset, ...] = ()
    additional: tuple[RRset, ...] = ()
    alias: Name | None = None
    needs: frozenset[str] = frozenset({"Service"})


NODATA = Outcome(exists=True)
NXDOMAIN = Outcome(exists=False)
