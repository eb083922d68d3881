"""A Pod's resolv.conf as text: as the runtime writes it, and with comments that say where it comes from.

Comments have lines of their own: resolvers take what follows on a line for more domains or options.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from kdns.search.kubelet import PodResolvConf
from kdns.search.kubelet_entries import Entry, Keyword
from kdns.search.resolvconf import ResolvConf


def file_text(conf: ResolvConf) -> str:
    """Return the file as containerd and CRI-O write it (parseDNSOptions): no line for an empty list."""
    return "".join(f"{line}\n" for keyword in _ORDER for line in _lines(keyword, conf))


def explained_text(found: PodResolvConf) -> str:
    """Return the same file with a comment before every line, and what was cut and warned of at the end."""
    return "".join(f"{line}\n" for line in _explained(found))


_ORDER = (Keyword.SEARCH, Keyword.NAMESERVER, Keyword.OPTIONS)


def _lines(keyword: Keyword, conf: ResolvConf) -> list[str]:
    if keyword is Keyword.NAMESERVER:
        return [f"{keyword} {each}" for each in conf.nameservers]
    texts = conf.searches if keyword is Keyword.SEARCH else conf.options
    return [f"{keyword} {' '.join(texts)}"] if texts else []


def _explained(found: PodResolvConf) -> Iterator[str]:
    if not any(found.conf):
        yield comment("nothing: containerd writes an empty file, CRI-O copies the node's /etc/resolv.conf")
    yield from _origins(found.searches)
    yield from _lines(Keyword.SEARCH, found.conf)
    for entry, line in zip(found.nameservers, _lines(Keyword.NAMESERVER, found.conf), strict=True):
        yield from _origins([entry])
        yield line
    yield from _origins(found.options)
    yield from _lines(Keyword.OPTIONS, found.conf)
    for keyword, entry, reason in found.cuts:
        yield comment(f"cut: {keyword} {entry.text} ({entry.origin}): {reason}")
    for warning in found.warnings:
        yield comment(f"warning: {warning}")


def _origins(entries: Iterable[Entry]) -> Iterator[str]:
    for origin, group in groupby(entries, lambda each: each.origin):
        yield comment(f"{origin}: {' '.join(each.text for each in group)}")


def comment(text: str) -> str:
    """Return a comment of one line, whatever the text holds."""
    return f"# {' '.join(text.splitlines())}"
