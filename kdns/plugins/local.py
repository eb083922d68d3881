"""`local`: answers for names that mean the same everywhere, so that nobody else is asked (RFC 6303, 6761)."""

from collections.abc import Iterator, Mapping, Sequence

from kdns.answering.chain import Rest
from kdns.answering.counts import Count
from kdns.answering.plugin import Plugin, Setting
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response
from kdns.corefile.reading import arguments, one, properties
from kdns.corefile.scalars import choice
from kdns.corefile.values import Directive
from kdns.measures import Family
from kdns.wire import codes
from kdns.wire.names import Name, fold, from_text, is_at_or_below, longest_suffix
from kdns.wire.rrsets import SOA, RRset, address

_TTL = 604800
_LOCALHOST = from_text("localhost.")
_SOA = SOA(_LOCALHOST, from_text("root.localhost."), 1, 0, 0, 0, _TTL).rdata()

_APEX = {codes.SOA: _SOA, codes.NS: _LOCALHOST}
_ADDRESSES = {codes.A: address("127.0.0.1"), codes.AAAA: address("::1")}
_ZONES: Mapping[Name, Mapping[int, bytes]] = {
    _LOCALHOST: {**_APEX, **_ADDRESSES},
    **{from_text(f"{octet}.in-addr.arpa."): _APEX for octet in (0, 127, 255)},
}
_RECORDS = {**_ZONES, from_text("1.0.0.127.in-addr.arpa."): {codes.PTR: _LOCALHOST}}
"""Name → type → RDATA."""
_APEXES = {zone: zone for zone in _ZONES}

_PROPERTIES = {"localhost_prefix": one(choice("on", "off"))}


class Local(Plugin):
    """Answers below `localhost`, too; and below any name whose first label that is, if `has_prefix`."""

    name = "local"

    def __init__(self, has_prefix: bool) -> None:
        self._has_prefix = has_prefix
        self._count = Count()

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Local":
        lines = [
            line for each in directives if not arguments(each, 0, 0) for line in properties(each, _PROPERTIES)
        ]
        return cls(dict(lines).get("localhost_prefix", "on") == "on")

    def respond(self, query: Query, rest: Rest) -> Outcome:
        name = fold(query.name)
        if self._is_a_host(name):
            return _response(query, _ADDRESSES, query.name)._replace(counts=(self._count,))
        apex = longest_suffix(name, _APEXES)
        if apex is None:
            return rest(query)
        return _response(query, _RECORDS.get(name), apex)

    def _is_a_host(self, name: Name) -> bool:
        is_below = is_at_or_below(name, _LOCALHOST) or (self._has_prefix and name.startswith(_LOCALHOST[:-1]))
        return is_below and name != _LOCALHOST

    def measure(self) -> Iterator[Family]:
        help = "Counter of special localhost subdomain requests."
        yield Family("counter", "coredns_local_localhost_requests_total", help, (), [((), self._count.value)])


def _response(query: Query, records: Mapping[int, bytes] | None, apex: Name) -> Response:
    """Return the record that is asked for, else NODATA or NXDOMAIN with the SOA record of `apex`."""
    found = (records or {}).get(query.type)
    if found is not None:
        return Response(answer=(RRset(query.name, query.type, _TTL, (found,)),))
    soa = RRset(apex, codes.SOA, _TTL, (_SOA,))
    return Response(codes.NXDOMAIN if records is None else codes.NOERROR, authority=(soa,))
