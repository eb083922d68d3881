"""`bufsize`: lets no client have larger datagrams than this server's network can carry in one piece."""

from collections.abc import Sequence

from kdns.answering.plugin import Plugin, Setting
from kdns.answering.queries import Query
from kdns.corefile.reading import arguments
from kdns.corefile.scalars import integer
from kdns.corefile.values import Directive

DEFAULT = 1232
"""Octets that fit into an IPv6 packet of the least MTU (DNS flag day 2020)."""


class Bufsize(Plugin):
    """Lowers the UDP size in a query's OPT to `size` octets, for the response and for upstreams."""

    name = "bufsize"

    def __init__(self, size: int) -> None:
        self._size = size

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Bufsize":
        """As in CoreDNS, the first directive counts."""
        sizes = [integer(512, 4096)(word) for word in arguments(directives[0], 0, 1)]
        return cls(*sizes or [DEFAULT])

    def adjust(self, query: Query) -> Query:
        edns = query.edns
        if edns is None or edns.udp_size <= self._size:
            return query
        return query._replace(edns=edns._replace(udp_size=self._size))
