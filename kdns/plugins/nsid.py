"""`nsid`: tells clients that ask for it which of several servers they got (RFC 5001)."""

import socket
from collections.abc import Sequence

from kdns.answering.edns import NSID, with_data
from kdns.answering.plugin import Plugin, Setting
from kdns.answering.queries import Query
from kdns.corefile.values import Directive
from kdns.plugins._once import only


class Nsid(Plugin):
    """Puts `data` into the query's option NSID, which the response repeats."""

    name = "nsid"

    def __init__(self, data: bytes) -> None:
        self._data = data

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Nsid":
        words = [word.text for word in only(directives).arguments] or [socket.gethostname()]
        return cls(" ".join(words).encode(errors="replace"))

    def adjust(self, query: Query) -> Query:
        edns = query.edns
        if edns is None or not edns.options:
            return query
        return query._replace(edns=edns._replace(options=with_data(edns.options, NSID, self._data)))
