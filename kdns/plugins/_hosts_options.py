"""The directive of `hosts`, read: which file, which entries beside it, and what they are made into."""

import logging
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kdns.corefile.errors import CorefileError, unexpected
from kdns.corefile.reading import Reader, first, flag, one, plain, zones_or
from kdns.corefile.scalars import duration, integer
from kdns.corefile.values import Directive, Word
from kdns.plugins._addresses import packed
from kdns.plugins._once import only
from kdns.wire.names import ROOT, Name

log = logging.getLogger("kdns.plugins.hosts")


@dataclass(frozen=True, slots=True)
class HostsOptions:
    """What the directive says. `ttl` and `reload` are in seconds; `reload` 0 = the file is read once.

    `inline` is the text of a hosts file that stands in the Corefile. A name that does not exist, in one of
    the zones of `fallthrough`, is passed on; with `fallthrough_unsupported` so are types of no hosts file.
    """

    path: str = "/etc/hosts"
    inline: str = ""
    ttl: int = 3600
    reload: float = 5.0
    no_reverse: bool = False
    fallthrough: tuple[Name, ...] = ()
    fallthrough_unsupported: bool = False


def _fallthrough(line: Directive) -> tuple[Name, ...]:
    return zones_or(plain(line).arguments, (ROOT,))


_PROPERTIES: Mapping[str, Reader[Any]] = {
    "ttl": first(integer(1, 65535)),
    "reload": one(duration(0)),
    "no_reverse": flag,
    "fallthrough": _fallthrough,
    "fallthrough_unsupported": flag,
}


def read_hosts_options(directives: Sequence[Directive]) -> HostsOptions:
    """Read the one directive that there may be. Raises CorefileError.

    Until `fallthrough`, a line that is no property is one of a hosts file.
    """
    directive = only(directives)
    found: dict[str, Any] = {}
    inline: list[str] = []
    for line in directive.block or ():
        reader = _PROPERTIES.get(line.name.text)
        if reader is not None:
            found[line.name.text] = reader(line)
        elif "fallthrough" in found:
            raise unexpected(line.name, "a property of 'hosts' (entries come before it)", _PROPERTIES)
        else:
            inline.append(_entry(line))
    if "fallthrough_unsupported" in found and "fallthrough" not in found:
        raise CorefileError(directive.position, "fallthrough_unsupported alone", "fallthrough beside it")
    if directive.arguments:
        found["path"] = _path(directive.arguments[0])
    return HostsOptions(inline="\n".join(inline), **found)


def _entry(line: Directive) -> str:
    """Return a line of the block as one of a hosts file. One that says nothing is no error there either."""
    if packed(line.name.text) is None:
        log.warning(
            "%s; the line is ignored", unexpected(line.name, "an IP address, or a property", _PROPERTIES)
        )
    return " ".join(word.text for word in (line.name, *plain(line).arguments))


def _path(word: Word) -> str:
    """Return the path of the file, which need not be there yet."""
    try:
        if stat.S_ISDIR(os.stat(word.text).st_mode):
            log.warning('Hosts file "%s" is a directory', word.text)
    except FileNotFoundError:
        log.warning("File does not exist: %s", word.text)
    except (OSError, ValueError) as error:
        raise CorefileError(word.position, f"{error}", "a hosts file that can be looked at") from error
    return word.text
