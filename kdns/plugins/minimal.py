"""`minimal`: leaves out of an answer what was not asked for, authority and additional records."""

from collections.abc import Sequence

from kdns.answering.chain import Rest
from kdns.answering.plugin import Plugin, Setting
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response, then
from kdns.corefile.reading import flag
from kdns.corefile.values import Directive
from kdns.wire import codes

_TRANSFERS = frozenset({codes.AXFR, codes.IXFR})
_NEEDED = frozenset({codes.SOA, codes.NS})
"""Authority records that say all there is to say where nothing answers: NODATA, and a delegation."""


class Minimal(Plugin):
    """Shortens positive answers; denials, delegations, errors and transfers stay as they are."""

    name = "minimal"

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Minimal":
        flag(directives[0])
        return cls()

    def respond(self, query: Query, rest: Rest) -> Outcome:
        if query.opcode != codes.QUERY or query.type in _TRANSFERS:
            return rest(query)
        return then(rest(query), _shortened)


def _shortened(response: Response) -> Response:
    opened = response.opened()
    if response.rcode != codes.NOERROR or not (opened.authority or opened.additional):
        return response
    if not opened.answer and any(rrset.type in _NEEDED for rrset in opened.authority):
        return response
    return opened._replace(authority=(), additional=())
