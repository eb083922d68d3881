"""`hosts`: answers from a hosts file, read again when it changes, and from entries in the Corefile."""

import asyncio
import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

from kdns.answering.chain import Rest
from kdns.answering.plugin import Plugin, Setting
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response, then
from kdns.corefile.reading import zones_or
from kdns.corefile.values import Directive
from kdns.measures import Family
from kdns.plugins._addresses import packed
from kdns.plugins._files import Stamp, stamp
from kdns.plugins._hosts_options import HostsOptions, read_hosts_options
from kdns.plugins._hostsfile import HostsTable, read_hosts
from kdns.records.reverse import address_of
from kdns.wire import codes
from kdns.wire.names import Name, fold, longest_suffix
from kdns.wire.rrsets import RRset

log = logging.getLogger("kdns.plugins.hosts")

_ADDRESSES = (codes.A, codes.AAAA)

_MOST_RECORDS = 0xFFFF // 12
"""More than a message holds, each of them takes over 12 octets; a blocklist has more names for 0.0.0.0."""


class Hosts(Plugin):
    """Answers for names in `zones`, and for the addresses of those names wherever they are asked.

    The file is read when this is made.
    """

    name = "hosts"

    def __init__(self, options: HostsOptions, zones: Collection[Name], setting: Setting) -> None:
        self._options, self._forget = options, setting.forget
        self._zones = dict.fromkeys(zones, True)
        self._fallthrough = dict.fromkeys(options.fallthrough, True)
        self._tags = frozenset({(self.name, str(id(self)))})
        self._inline, self._file = self._read(options.inline), self._read("")
        self._stamp: Stamp | None = None
        self._take(self._look())

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Hosts":
        options = read_hosts_options(directives)
        return cls(options, zones_or(directives[0].arguments[1:], setting.block.zones), setting)

    def respond(self, query: Query, rest: Rest) -> Outcome:
        name = fold(query.name)
        if query.type == codes.PTR:
            return self._pointers(query, name) or self._passed_on(query, rest)
        if not longest_suffix(name, self._zones):
            return rest(query)
        is_address = query.type in _ADDRESSES
        found = self._addresses(name, query.type) if is_address else []
        exists = found or any(self._addresses(name, each) for each in _ADDRESSES)
        may_be_elsewhere = not exists or (self._options.fallthrough_unsupported and not is_address)
        if may_be_elsewhere and longest_suffix(name, self._fallthrough):
            return self._passed_on(query, rest)
        if not exists:
            return Response(codes.SERVFAIL, tags=self._tags)  # NXDOMAIN would need an SOA
        return self._answer(query, found)

    def _addresses(self, name: Name, qtype: int) -> list[bytes]:
        return [*self._file.addresses(name, qtype), *self._inline.addresses(name, qtype)]

    def _pointers(self, query: Query, name: Name) -> Response | None:
        text = address_of(name)
        address = packed(text) if text else None
        if address is None:
            return None
        found = [*self._file.names(address), *self._inline.names(address)]
        return self._answer(query, found) if found else None

    def _answer(self, query: Query, rdatas: Iterable[bytes]) -> Response:
        """Return an authoritative answer, each record once; without any it is NODATA, with no SOA."""
        distinct = tuple(islice(dict.fromkeys(rdatas), _MOST_RECORDS))
        answer = (RRset(query.name, query.type, self._options.ttl, distinct),) if distinct else ()
        return Response(answer=answer, authoritative=True, tags=self._tags)

    def _passed_on(self, query: Query, rest: Rest) -> Outcome:
        """Ask the rest: what it says holds for as long as there is nothing to say here."""
        return then(rest(query), lambda found: found._replace(tags=found.tags | self._tags))

    async def run(self) -> None:
        """Read the file when it has changed. One that is gone leaves everything as it was."""
        while self._options.reload:
            await asyncio.sleep(self._options.reload)
            if self._take(await asyncio.to_thread(self._look)):
                self._forget(self._tags)

    def _look(self) -> tuple[Stamp, HostsTable] | None:
        """Return what the file says now, None if that is nothing new."""
        try:
            seen = stamp(self._options.path)
            if seen == self._stamp:
                return None
            with open(self._options.path, encoding="utf-8", errors="replace", newline="\n") as file:
                table = self._read(file.read())
        except (OSError, ValueError):
            return None
        log.debug("Parsed hosts file into %d entries", table.size)
        return seen, table

    def _read(self, text: str) -> HostsTable:
        return read_hosts(text, self._zones, has_reverse=not self._options.no_reverse)

    def _take(self, found: tuple[Stamp, HostsTable] | None) -> bool:
        if found is None:
            return False
        self._stamp, self._file = found
        return True

    def measure(self) -> Iterator[Family]:
        entries = [((self._options.path,), self._inline.size + self._file.size)] if self._stamp else []
        read_at = self._stamp.modified if self._stamp else 0.0
        yield Family("gauge", "coredns_hosts_entries", _ENTRIES, ("hostsfile",), entries)
        yield Family("gauge", "coredns_hosts_reload_timestamp_seconds", _RELOADED, (), [((), read_at)])


_ENTRIES = "The combined number of entries in hosts and Corefile."
_RELOADED = "The timestamp of the last reload of hosts file."
