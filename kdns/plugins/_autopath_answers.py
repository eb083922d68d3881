"""What `autopath` says: the answer for a name further along the search path as one for the name asked for."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from kdns.answering.queries import Query
from kdns.answering.responses import Response
from kdns.cluster.events import Tag
from kdns.wire import codes
from kdns.wire.names import Name
from kdns.wire.rrsets import RRset

Make: TypeAlias = Callable[[Query, Name, Response], Response]
"""Makes an answer to a query of the one for the name that was found.

An empty one stays empty: resolvers differ in what they make of it, so each is to see it.
"""


def aliased(query: Query, name: Name, found: Response) -> Response:
    """Return the answer behind a CNAME to where it was found, as CoreDNS does."""
    found = found.opened()._replace(authentic=False)
    if not found.answer:
        return found
    alias = RRset(query.name, codes.CNAME, min(rrset.ttl for rrset in found.answer), (name,))
    return found._replace(answer=(alias, *found.answer))


def flat(query: Query, name: Name, found: Response) -> Response:
    """Return the answer as if the name asked for had the records itself, for clients that take no CNAME."""
    found = found.opened()._replace(authentic=False)
    if not found.answer:
        return found
    ttl = min(rrset.ttl for rrset in found.answer)
    wanted = tuple(
        rrset._replace(owner=query.name, ttl=ttl) for rrset in found.answer if rrset.type == query.type
    )
    return found._replace(answer=wanted)


def merged(response: Response, others: Sequence[Response], tags: frozenset[Tag]) -> Response:
    """Return a response that depends on these others and tags, too."""
    lifetimes = [each.lifetime for each in (response, *others) if each.lifetime is not None]
    return response._replace(
        tags=response.tags.union(tags, *(each.tags for each in others)),
        remember=response.remember and all(each.remember for each in others),
        lifetime=min(lifetimes) if lifetimes else None,
        keeps_ttl=response.keeps_ttl or response.lifetime is None,
        counts=sum((each.counts for each in others), response.counts),
    )
