"""What zones out of files answer in a chain of plugins: for `file` and `auto`."""

from collections.abc import Mapping
from functools import partial

from kdns.answering.chain import Rest
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response, followed, then
from kdns.plugins._zonefile import ZoneFile
from kdns.wire import codes
from kdns.wire.names import ROOT, Name, fold, is_at_or_below, longest_suffix, parent
from kdns.zones.zone import Lookup, Zone

_RCODES_PASSED_ON = frozenset({codes.NXDOMAIN, codes.SERVFAIL})


def chosen(query: Query, files: Mapping[Name, ZoneFile]) -> ZoneFile | None:
    """Return the file of the longest zone at or above QNAME. DS is the parent's, if that is here, too (RFC
    4035, section 3.1.4.1)."""
    name = fold(query.name)
    if query.type == codes.DS and name in files and name != ROOT:
        return longest_suffix(parent(name), files) or files[name]
    return longest_suffix(name, files)


def answered(file: ZoneFile, query: Query, rest: Rest, fallthrough: Mapping[Name, bool]) -> Outcome:
    """Answer from a zone. A name that does not exist, at or below one of `fallthrough`, is the rest's."""
    if query.type in (codes.AXFR, codes.IXFR):
        return Response(codes.REFUSED)
    zone = file.zone
    if zone is None:
        return Response(codes.SERVFAIL, tags=file.tags)
    found = _lookup(zone, query)
    response, alias = _response(found, file), found.alias
    if found.rcode == codes.NXDOMAIN or found.is_bare:
        target = Name(found.answer[-1].rdatas[0]) if found.answer else query.name
        if longest_suffix(fold(target), fallthrough):
            if not found.answer:
                return then(rest(query), lambda other: other._replace(tags=other.tags | file.tags))
            response = response._replace(rcode=codes.NOERROR, authority=zone.servers(query.name))
            alias = target
    if alias is None:
        return response
    return then(rest.resolve(query, alias), partial(_joined, response))


def _lookup(zone: Zone, query: Query) -> Lookup:
    """Look up any name. One outside the zone does not exist: its file is served under another origin, too."""
    if is_at_or_below(fold(query.name), zone.origin):
        return zone.lookup(query.name, query.type)
    return Lookup(codes.NXDOMAIN, authority=(zone.negative_soa,))


def _response(found: Lookup, file: ZoneFile) -> Response:
    return Response(
        found.rcode,
        found.answer,
        found.authority,
        found.additional,
        authoritative=found.authoritative,
        tags=file.tags,
    )


def _joined(response: Response, target: Response) -> Response:
    """Return the answer of an alias and its target, whose RCODE it has if that says that there is none.

    A denial is proved by the SOA of the zone that denies (RFC 2308, section 2.1). Where aliases go round in
    circles, each is there once.
    """
    target = target.opened()
    answer = tuple(dict.fromkeys(response.answer + target.answer))
    joined = followed(response, target)._replace(answer=answer, additional=response.additional)
    soas = tuple(rrset for rrset in target.authority if rrset.type == codes.SOA)
    if soas or target.rcode == codes.NXDOMAIN:
        joined = joined._replace(authority=soas)
    return joined._replace(rcode=target.rcode) if target.rcode in _RCODES_PASSED_ON else joined
