"""`autopath`: follows a client's search path for it; the first question gets what is at its end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from functools import cache
from os import environ
from pathlib import Path
from time import monotonic
from typing import TypeAlias

from kdns.answering.chain import Rest
from kdns.answering.counts import Count
from kdns.answering.plugin import Plugin, Setting, server_label
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response
from kdns.corefile.errors import CorefileError, shown
from kdns.corefile.reading import arguments, plain, zones_or
from kdns.corefile.values import Directive, Word
from kdns.measures import Family
from kdns.plugins._autopath_answers import Make, aliased, flat, merged
from kdns.plugins._autopath_paths import (
    MOST_NDOTS,
    NO_WALK,
    FilePaths,
    Paths,
    PodPaths,
    PodPlugin,
    Walk,
    path_of,
)
from kdns.plugins._autopath_steps import Steps, take
from kdns.search.resolvconf import ResolvConf
from kdns.search.resolvers import Resolver, read
from kdns.wire import codes
from kdns.wire.names import Name, fold, longest_suffix

log = logging.getLogger("kdns.plugins.autopath")

NODE_RESOLV_CONF = Path("/etc/resolv.conf")
"""That of the server is that of the node, where its Pod has the dnsPolicy Default."""

PATIENCE = 2.0
"""Seconds that a walk may take: clients ask again after five, and may walk themselves until then."""

GetPaths: TypeAlias = Callable[[], Paths | None]
"""Gives the search paths once all plugins of the block are set up; None: nobody there knows any."""

VARIABLE = "KDNS_AUTOPATH_CNAME"
_WAYS: Mapping[str, Make] = {"": aliased, "yes": aliased, "no": flat}


_ADDRESSES = frozenset({codes.A, codes.AAAA})
"""Types that every resolver looks behind a CNAME for; a search for others is the client's own business."""


class AutoPath(Plugin):
    """For names in `zones` (folded), asked by clients whose search path `paths` tells.

    Whatever is not certain is left to the client: it gets the answer to what it asked, and goes on itself.
    """

    name = "autopath"

    def __init__(
        self, zones: Sequence[Name], paths: GetPaths, server: str = "", make: Make = aliased
    ) -> None:
        self._zones = dict.fromkeys(zones, True)
        self._paths = cache(paths)
        self._server, self._make = server, make
        self._successes = Count()

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "AutoPath":
        """Read `autopath [ZONES...] FILE|@PLUGIN`. The last directive counts."""
        *zones, source = arguments(plain(directives[-1]), 1)
        server = server_label(setting.listen[0]) if setting.listen else ""
        return cls(
            zones_or(zones, setting.block.zones), _source(source, setting), server, _way(directives[-1])
        )

    async def run(self) -> None:
        """Say so where nothing can come of it, as nobody would see that from outside."""
        if self._paths() is None:
            log.warning("autopath does nothing: it names no plugin of this server block that knows Pods")

    def client_class(self, address: str) -> Hashable:
        paths = self._paths()
        return paths.client_class(address) if paths else None

    def respond(self, query: Query, rest: Rest) -> Outcome:
        walk = self._walk(query)
        return take(self._steps(query, rest, walk)) if walk.names else rest(query)

    def _walk(self, query: Query) -> Walk:
        """Return where the client goes on. A name that an alias leads to is not searched for."""
        name, paths = fold(query.name), self._paths()
        if (
            query.type not in _ADDRESSES
            or query.hops
            or paths is None
            or not longest_suffix(name, self._zones)
        ):
            return NO_WALK
        return paths.walk(name, query.client)

    def _steps(self, query: Query, rest: Rest, walk: Walk) -> Steps:
        first = yield rest(query)
        if first.rcode != codes.NXDOMAIN:
            return first
        passed, until = list[Response](), monotonic() + PATIENCE
        for name in walk.names:
            found = yield _within(until, rest.resolve(query, name))
            if found.rcode == codes.NOERROR and not found.silent and _counts(walk, name):
                answer = merged(self._make(query, name, found), (first, *passed), walk.tags)
                return answer._replace(counts=(*answer.counts, self._successes))
            passed.append(found)
            if found.rcode != codes.NXDOMAIN or found.silent:
                break
        return merged(first, passed, walk.tags)

    def measure(self) -> Iterator[Family]:
        if self._successes.value:
            help = "Counter of requests that did autopath."
            samples = [((self._server,), float(self._successes.value))]
            yield Family("counter", "coredns_autopath_success_total", help, ("server",), samples)


def _counts(walk: Walk, name: Name) -> bool:
    """Tell whether the answer for a name of the walk is one to the first question."""
    return name == walk.names[-1] or not walk.is_doubtful


def _source(word: Word, setting: Setting) -> GetPaths:
    if not word.text.startswith("@"):
        paths = FilePaths(path_of(_read_file(word), MOST_NDOTS))
        return lambda: paths
    node, name, plugins = _read_node(), word.text[1:], setting.plugins

    def found() -> Paths | None:
        plugin: object = next((each for each in plugins() if each.name == name), None)
        return PodPaths(plugin, node) if isinstance(plugin, PodPlugin) and plugin.knows_pods else None

    return found


def _read_file(word: Word) -> ResolvConf:
    try:
        text = Path(word.text).read_text("utf-8", "replace")
    except (OSError, ValueError) as error:
        raise CorefileError(
            word.position, f"{shown(word.text)}: {error}", "a resolv.conf or @PLUGIN"
        ) from error
    return read(text, Resolver.GO)


def _read_node() -> str:
    try:
        return NODE_RESOLV_CONF.read_text("utf-8", "surrogateescape")
    except OSError as error:
        log.info("without the node's search domains: %s", error)
        return ""


def _way(directive: Directive) -> Make:
    """Return how answers are made, which no Corefile that CoreDNS reads can say."""
    said = environ.get(VARIABLE, "")
    if said not in _WAYS:
        raise CorefileError(directive.position, f"{VARIABLE}={said} in the environment", "yes or no")
    return _WAYS[said]


def _within(until: float, outcome: Outcome) -> Outcome:
    return outcome if isinstance(outcome, Response) else _in_time(until - monotonic(), outcome)


async def _in_time(seconds: float, waiting: Awaitable[Response]) -> Response:
    try:
        async with asyncio.timeout(seconds):
            return await waiting
    except TimeoutError:
        return Response(codes.SERVFAIL, remember=False)
