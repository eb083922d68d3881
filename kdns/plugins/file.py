"""`file`: answers from static zones read from master files, and again when those change."""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kdns.answering.chain import Rest
from kdns.answering.plugin import Plugin, Setting, WholeZone
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response
from kdns.corefile.errors import CorefileError
from kdns.corefile.reading import Reader, arguments, first, flag, plain, properties, zones_or
from kdns.corefile.scalars import duration
from kdns.corefile.values import Directive
from kdns.plugins._static import answered, chosen
from kdns.plugins._zonefile import ZoneFile, let_go
from kdns.wire import codes
from kdns.wire.names import ROOT, Name

log = logging.getLogger("kdns.plugins.file")

_PROPERTIES: Mapping[str, Reader[Any]] = {
    "reload": first(duration(0)),
    "reload_by_mtime": flag,
    "fallthrough": lambda line: zones_or(plain(line).arguments, (ROOT,)),
    "upstream": plain,
}


@dataclass(frozen=True, slots=True)
class _Options:
    """When files are read again: every `reload` seconds (0 = never), if they have changed; and taken over if
    the serial has, or whatever it is."""

    reload: float = 60.0
    reload_by_mtime: bool = False


class File(Plugin):
    """Authoritative for the zones of its files; the longest at or above a name answers.

    A name that does not exist, in one of the zones of `fallthrough`, is passed on.
    """

    name = "file"

    def __init__(
        self, files: Iterable[tuple[ZoneFile, float]], fallthrough: Collection[Name], setting: Setting
    ) -> None:
        """`files` are with the seconds after which each is looked at again."""
        self._reloads = {file.origin: (file, reload) for file, reload in files}
        self._files = {origin: file for origin, (file, _) in self._reloads.items()}
        self._fallthrough = dict.fromkeys(fallthrough, True)
        self._forget = setting.forget

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "File":
        """What a directive says of reloading counts for later ones too, `fallthrough` for all: CoreDNS's."""
        files, options, fallthrough = list[tuple[ZoneFile, float]](), _Options(), tuple[Name, ...]()
        missing: list[CorefileError] = []
        for directive in directives:
            path, *zones = arguments(directive, 1)
            found = dict(properties(directive, _PROPERTIES))
            fallthrough = found.pop("fallthrough", fallthrough)
            found.pop("upstream", None)
            options = replace(options, **found)
            for origin in zones_or(zones, setting.block.zones):
                file = ZoneFile(path.text, origin, options.reload_by_mtime)
                files.append((file, options.reload))
                try:
                    file.load()
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
        file = chosen(query, self._files)
        if file is None:
            # Alone, it is an authoritative server that does not serve this name (RFC 1035, section 4.1.1).
            return Response(codes.REFUSED) if rest.is_empty else rest(query)
        if query.opcode == codes.NOTIFY:  # nobody here follows another server's zones
            return Response(remember=False, silent=True)
        return answered(file, query, rest, self._fallthrough)

    def whole_zones(self) -> Mapping[Name, WholeZone | None]:
        return {origin: file.whole() for origin, file in self._files.items()}

    async def run(self) -> None:
        await asyncio.gather(*(self._follow(*each) for each in self._reloads.values()))

    async def _follow(self, file: ZoneFile, reload: float) -> None:
        """Take over what a file says, whenever it says something new."""
        while reload:
            await asyncio.sleep(reload)
            if (zone := await asyncio.to_thread(file.look)) is not None:
                old = [file.zone]
                file.zone = zone
                self._forget(file.tags)
                await asyncio.to_thread(let_go, old)
