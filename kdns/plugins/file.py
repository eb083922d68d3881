"""`file`: answers from static zones read from master files, and again when those change."""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from kdns.answering.chain import Rest
from kdns.answering.plugin import Plugin, Setting
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response, followed, then
from kdns.corefile.errors import CorefileError
from kdns.corefile.reading import Reader, arguments, first, flag, plain, properties, zones_or
from kdns.corefile.scalars import duration
from kdns.corefile.values import Directive
from kdns.plugins._zonefile import FileOptions, ZoneFile, lookup
from kdns.wire import codes
from kdns.wire.names import ROOT, Name, fold, longest_suffix
from kdns.zones.zone import Lookup

log = logging.getLogger("kdns.plugins.file")

_PROPERTIES: Mapping[str, Reader[Any]] = {
    "reload": first(duration(0)),
    "reload_by_mtime": flag,
    "fallthrough": lambda line: zones_or(plain(line).arguments, (ROOT,)),
    "upstream": plain,
}

_RCODES_PASSED_ON = frozenset({codes.NXDOMAIN, codes.SERVFAIL})


class File(Plugin):
    """Authoritative for the zones of its files; the longest at or above a name answers.

    A name that does not exist, in one of the zones of `fallthrough`, is passed on.
    """

    name = "file"

    def __init__(self, files: Iterable[ZoneFile], fallthrough: Collection[Name], setting: Setting) -> None:
        self._files = {file.origin: file for file in files}
        self._fallthrough = dict.fromkeys(fallthrough, True)
        self._forget = setting.forget

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "File":
        """What a directive says of reloading counts for later ones too, `fallthrough` for all: CoreDNS's."""
        files, options, fallthrough = list[ZoneFile](), FileOptions(), tuple[Name, ...]()
        missing: list[CorefileError] = []
        for directive in directives:
            path, *zones = arguments(directive, 1)
            found = dict(properties(directive, _PROPERTIES))
            fallthrough = found.pop("fallthrough", fallthrough)
            found.pop("upstream", None)
            options = replace(options, **found)
            for origin in zones_or(zones, setting.block.zones):
                files.append(ZoneFile(path.text, origin, options))
                try:
                    files[-1].load()
                except (IsADirectoryError, ValueError) as error:
                    raise CorefileError(path.position, f"{error}", "a zone file that can be read") from error
                except OSError as error:
                    missing.append(CorefileError(path.position, f"{error}", "a zone file that is there"))
        if missing and not options.reload:
            raise missing[0]
        for problem in missing:
            log.warning('Failed to open "%s": trying again in %gs', problem.found, options.reload)
        return cls(files, fallthrough, setting)

    def respond(self, query: Query, rest: Rest) -> Outcome:
        file = longest_suffix(fold(query.name), self._files)
        if file is None:
            # Alone, it is an authoritative server that does not serve this name (RFC 1035, section 4.1.1).
            return Response(codes.REFUSED) if rest.is_empty else rest(query)
        if query.type in (codes.AXFR, codes.IXFR):
            return Response(codes.REFUSED)
        if file.zone is None:
            return Response(codes.SERVFAIL, tags=file.tags)
        found = lookup(file.zone, query.name, query.type)
        response, alias = _response(found, file), found.alias
        if not found.found or found.is_bare:
            target = Name(found.answer[-1].rdatas[0]) if found.answer else query.name
            if longest_suffix(fold(target), self._fallthrough):
                if not found.answer:
                    return then(rest(query), lambda other: other._replace(tags=other.tags | file.tags))
                response, alias = response._replace(rcode=codes.NOERROR, authority=()), target
        if alias is None:
            return response
        return then(rest.resolve(query, alias), partial(_joined, response))

    async def run(self) -> None:
        await asyncio.gather(*map(self._follow, self._files.values()))

    async def _follow(self, file: ZoneFile) -> None:
        """Take over what its file says, whenever it says something new."""
        while file.options.reload:
            await asyncio.sleep(file.options.reload)
            if (zone := await asyncio.to_thread(file.look)) is not None:
                file.zone = zone
                self._forget(file.tags)


def _response(found: Lookup, file: ZoneFile) -> Response:
    return Response(
        codes.NOERROR if found.found else codes.NXDOMAIN,
        found.answer,
        found.authority,
        found.additional,
        authoritative=found.authoritative,
        tags=file.tags,
    )


def _joined(response: Response, target: Response) -> Response:
    """Return the answer of an alias and its target, whose RCODE it has if that says that there is none."""
    joined = followed(response, target)
    return joined._replace(rcode=target.rcode) if target.rcode in _RCODES_PASSED_ON else joined
