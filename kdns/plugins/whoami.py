"""`whoami`: answers every question with the client's own address, port and transport."""

from collections.abc import Sequence

from kdns.answering.chain import Rest
from kdns.answering.plugin import Plugin, Setting
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response
from kdns.corefile.reading import flag
from kdns.corefile.values import Directive
from kdns.plugins._addresses import packed
from kdns.wire import codes
from kdns.wire.names import ROOT, BadName, from_labels
from kdns.wire.rrsets import RRset, srv

_TYPES = {4: codes.A, 16: codes.AAAA}


class Whoami(Plugin):
    """Has an address record and an SRV record in the additional section, and nothing in the answer."""

    name = "whoami"

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Whoami":
        flag(directives[0])
        return cls()

    def client_class(self, address: str) -> None:
        """Have clients known: as their ports matter, too, nothing is remembered."""

    def respond(self, query: Query, rest: Rest) -> Outcome:
        octets = packed(query.client) or b""
        records = [RRset(query.name, _TYPES[len(octets)], 0, (octets,), query.rdclass)] if octets else []
        try:
            owner = from_labels([b"_tcp" if query.is_stream else b"_udp"], query.name)
        except BadName:
            pass  # the name has no room for a label
        else:
            records.append(RRset(owner, codes.SRV, 0, (srv(0, 0, query.port, ROOT),), query.rdclass))
        return Response(additional=tuple(records), authoritative=True, remember=False)
