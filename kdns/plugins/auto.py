"""`auto`: answers from the static zones in the files of a folder, as they come, change and go."""

import asyncio
import logging
import os
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from kdns.answering.chain import Rest
from kdns.answering.plugin import Plugin, Setting, WholeZone
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response, then
from kdns.cluster.events import Tag
from kdns.corefile.errors import CorefileError, shown
from kdns.corefile.patterns import pattern
from kdns.corefile.reading import Reader, arguments, first, own_zones, plain, properties
from kdns.corefile.scalars import duration
from kdns.corefile.values import Directive
from kdns.plugins._static import answered, chosen
from kdns.plugins._zonefile import ZoneFile, let_go
from kdns.plugins._zonefolder import Folder, News, scan
from kdns.wire import codes
from kdns.wire.names import Name, fold, longest_suffix, to_text

log = logging.getLogger("kdns.plugins.auto")

_DEFAULTS: Mapping[str, Any] = {
    "reload": 60.0,
    "path": "",
    "pattern": re.compile(r"db\.(.*)"),
    "template": "{1}",
}


def _directory(line: Directive) -> dict[str, Any]:
    """Read `directory DIR [REGEXP ORIGIN_TEMPLATE]`; what it does not say is not in what is returned."""
    path, *words = arguments(plain(line), 1, 3)
    try:
        os.stat(path.text)
    except FileNotFoundError:
        log.warning("Directory does not exist: %s", path.text)
    except (OSError, ValueError) as error:
        raise CorefileError(path.position, f"{error}", "a folder that can be read") from error
    if not words:
        return {"path": path.text}
    found = pattern(words[0])
    if not cast(Any, found).groups:
        raise CorefileError(words[0].position, shown(words[0].text), "a regular expression with a group")
    if len(words) == 1:
        raise CorefileError(words[0].position, "the end of the line", "a template of the origin, such as {1}")
    return {"path": path.text, "pattern": found, "template": words[1].text}


def _ignored(line: Directive) -> dict[str, Any]:
    """Read a line that means nothing any more."""
    plain(line)
    return {}


_PROPERTIES: Mapping[str, Reader[dict[str, Any]]] = {
    "directory": _directory,
    "reload": lambda line: {"reload": first(duration(0))(line)},
    "upstream": _ignored,
}


class Auto(Plugin):
    """Authoritative for the zones in its folder, as far as they are at or below its own zones."""

    name = "auto"

    def __init__(self, zones: Collection[Name], folder: Folder, reload: float, setting: Setting) -> None:
        """Every `reload` seconds the folder is looked at again; 0 = never."""
        self._zones = dict.fromkeys(zones, True)
        self._folder, self._reload, self._forget = folder, reload, setting.forget
        self._known: dict[Name, ZoneFile] = {}
        self._files: dict[Name, ZoneFile] = {}
        self._tags: frozenset[Tag] = frozenset({("auto", str(id(self)))})
        self._take_over(scan(folder, {}))

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Auto":
        """Of several directives the last one counts, for what it does not say those before: CoreDNS's."""
        zones, options = tuple[Name, ...](), dict(_DEFAULTS)
        for directive in directives:
            zones = own_zones(directive, setting.block)
            for _, found in properties(directive, _PROPERTIES):
                options |= found
        reload = options.pop("reload")
        return cls(zones, Folder(**options), reload, setting)

    def respond(self, query: Query, rest: Rest) -> Outcome:
        if longest_suffix(fold(query.name), self._zones) is None:
            return rest(query)
        file = chosen(query, self._files)
        if file is not None:
            return then(answered(file, query, rest, {}), self._tagged)
        # Alone, it is an authoritative server that does not serve this name (RFC 1035, section 4.1.1).
        return self._tagged(Response(codes.REFUSED)) if rest.is_empty else then(rest(query), self._tagged)

    def _tagged(self, response: Response) -> Response:
        """Return a response that holds only as long as there are the same zones."""
        return response._replace(tags=response.tags | self._tags)

    def whole_zones(self) -> Mapping[Name, WholeZone | None]:
        return {origin: file.whole() for origin, file in self._files.items()}

    async def run(self) -> None:
        while self._reload:
            await asyncio.sleep(self._reload)
            old = self._take_over(await asyncio.to_thread(scan, self._folder, self._known))
            await asyncio.to_thread(let_go, old)

    def _take_over(self, news: News) -> list[Any]:
        """Serve what the folder says now, and return the zones that are not served any more."""
        old = []
        for file, zone in news.changed:
            old.append(file.zone)
            file.zone = zone
            self._forget(file.tags)
        before, self._known = self._files, news.known
        self._files = {origin: file for origin, file in news.known.items() if file.zone is not None}
        come, gone = self._files.keys() - before, before.keys() - self._files
        for origin in come:
            log.info("Inserting zone `%s' from: %s", to_text(origin), self._files[origin].path)
        for origin in gone:
            log.info("Deleting zone `%s'", to_text(origin))
            old.append(before[origin].zone)
        if come or gone:
            self._forget(self._tags)
        return old
