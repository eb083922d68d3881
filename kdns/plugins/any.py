"""`any`: answers questions for ANY with next to nothing (RFC 8482), as they are good for attacks only."""

from collections.abc import Sequence

from kdns.answering.chain import Rest
from kdns.answering.plugin import Plugin, Setting
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response
from kdns.corefile.reading import flag
from kdns.corefile.values import Directive
from kdns.wire import codes
from kdns.wire.rrsets import RRset, txt

_TTL = 8482
_HINFO = txt([b"ANY obsoleted", b"See RFC 8482"])  # two strings, as a TXT record has them


class Any(Plugin):
    """Answers with an HINFO record (RFC 8482, section 4.2)."""

    name = "any"

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Any":
        flag(directives[0])
        return cls()

    def respond(self, query: Query, rest: Rest) -> Outcome:
        if query.type != codes.ANY:
            return rest(query)
        return Response(answer=(RRset(query.name, codes.HINFO, _TTL, (_HINFO,)),))
