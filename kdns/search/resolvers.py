"""Which names a stub resolver asks for one name, in order, by its resolv.conf.

What is asked when a C program calls getaddrinfo without hints, or what does the same elsewhere. Not here:
/etc/hosts and nsswitch.conf (whoever is found there is not asked for), the environment variables LOCALDOMAIN,
RES_OPTIONS and HOSTALIASES, and the domain of the host's own name, which glibc, Go, c-ares and busybox search
where resolv.conf names none. A Pod's host name has no domain unless it has setHostnameAsFQDN.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping

from kdns.search.resolvconf import ResolvConf
from kdns.search.resolvers_known import Resolver, dots_of
from kdns.search.resolvers_names import asks_for, is_address, name_of
from kdns.search.resolvers_outcomes import WALKS, Outcome, Step, Then
from kdns.search.resolvers_reading import read
from kdns.wire.names import Name

__all__ = ["WALKS", "Outcome", "Resolver", "Step", "Then", "questions", "read"]


def questions(name: str, conf: ResolvConf, resolver: Resolver = Resolver.GLIBC) -> tuple[Name, ...]:
    """Return the names that are asked if each is answered by NXDOMAIN, in order, cased as they are written.

    None for an address, for what the resolver never asks for, and for what can be no name: none of that is
    an error. Each is asked for its A and AAAA records; a name that is listed twice is asked twice.
    """
    if is_address(name, resolver) or not asks_for(name, resolver):
        return ()
    return tuple(_WALK[resolver](name, conf))


def _glibc(name: str, conf: ResolvConf) -> Iterator[Name]:
    """Walk as __res_context_search does (resolv/res_query.c, glibc 2.36; the same since 2.26).

    Before 2.26 only six domains of 256 characters together are searched. What can be no name ends the list.
    """
    if name.endswith("."):
        yield from _on_the_wire([name])
        return
    is_first = name.count(".") >= dots_of(conf)
    listed = list(_on_the_wire(_joined(name, domain) for domain in conf.searches))
    has_root = "." in conf.searches[: len(listed)]
    needs_dots = bool(conf.searches) and any(map(_forbids_single_labels, conf.options))
    if is_first:
        yield from _on_the_wire([name])
    yield from listed
    if not is_first and not has_root and ("." in name or not needs_dots):
        yield from _on_the_wire([name])


def _forbids_single_labels(option: str) -> bool:
    return option.startswith(("no-tld-query", "no_tld_query"))


def _musl(name: str, conf: ResolvConf) -> Iterator[Name]:
    """Walk as name_from_dns_search does (src/network/lookup_name.c, musl 1.2.5).

    A name with enough dots is asked as it is and not searched for. What can be no name is left out; until
    1.2.3 it ends the walk, and the domain "." makes a broken query.
    """
    listed: Iterable[str] = ()
    if not name.endswith(".") and name.count(".") < dots_of(conf, Resolver.MUSL):
        listed = (f"{name}.{domain}" for domain in conf.searches if domain != ".")
    for text in (*listed, name):
        found = name_of(text, Resolver.MUSL)
        if found is not None and text != ".":
            yield found


def _go(name: str, conf: ResolvConf) -> Iterator[Name]:
    """Walk as nameList does (net/dnsclient_unix.go, Go 1.26).

    What can be no name is left out, and what is in .onion (RFC 7686).
    """
    listed = [f"{name}.{domain}" for domain in conf.searches if domain != "."]
    texts = [name] if name.endswith(".") else _in_turn(name, listed, dots_of(conf, Resolver.GO))
    for text in texts:
        found = name_of(text, Resolver.GO)
        if found is not None and not _is_onion(text):
            yield found


def _c_ares(name: str, conf: ResolvConf) -> Iterator[Name]:
    """Walk as ares_search_name_list does (src/lib/ares_search.c, c-ares 1.34).

    What can be no name ends the walk. Nothing is asked for localhost and what is below it (RFC 6761), nor
    for .onion (RFC 7686). For 1.18 only localhost itself is one, and the domain "." ends the walk.
    """
    if f".{name}".lower().endswith(".localhost") or _is_onion(name):
        return
    listed = [_joined(name, domain) for domain in conf.searches]
    texts = [name] if name.endswith(".") else _in_turn(name, listed, dots_of(conf, Resolver.C_ARES))
    yield from _on_the_wire(itertools.filterfalse(_is_onion, texts), Resolver.C_ARES)


def _busybox(name: str, conf: ResolvConf) -> Iterator[Name]:
    """Walk as add_query_with_search does (networking/nslookup.c, busybox 1.36), all at once, without ndots.

    A name without a dot is never asked as it is if there is a search list. What can be no name ends the walk.
    An address, too, makes nslookup ask: for the PTR record of its reverse name.
    """
    is_searched = "." not in name and conf.searches not in ((), (".",))
    texts = [f"{name}.{domain}" for domain in conf.searches] if is_searched else [name]
    yield from _on_the_wire(texts, Resolver.BUSYBOX)


def _on_the_wire(texts: Iterable[str], resolver: Resolver = Resolver.GLIBC) -> Iterator[Name]:
    """Yield the names of texts up to the first that can be none."""
    for text in texts:
        found = name_of(text, resolver)
        if found is None:
            return
        yield found


def _joined(name: str, domain: str) -> str:
    return f"{name}." if domain == "." else f"{name}.{domain}"


def _is_onion(text: str) -> bool:
    return text.lower().endswith((".onion", ".onion."))


def _in_turn(name: str, listed: list[str], dots: int) -> list[str]:
    """Return a name as it is, and with the list's domains: itself first if it has enough dots, else last."""
    return [name, *listed] if name.count(".") >= dots else [*listed, name]


_WALK: Mapping[Resolver, Callable[[str, ResolvConf], Iterator[Name]]] = {
    Resolver.GLIBC: _glibc,
    Resolver.MUSL: _musl,
    Resolver.GO: _go,
    Resolver.C_ARES: _c_ares,
    Resolver.BUSYBOX: _busybox,
}
