"""`chaos`: says in class CH which server this is: its version, authors and host name."""

import socket
from collections.abc import Mapping, Sequence

from kdns import __version__
from kdns.answering.chain import Rest
from kdns.answering.plugin import Plugin, Setting
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response
from kdns.corefile.errors import unexpected
from kdns.corefile.values import Directive
from kdns.wire import codes
from kdns.wire.names import Name, fold, from_text
from kdns.wire.rrsets import RRset, txt

VERSION = f"kdns-{__version__}"
_NAMES = {
    "version.bind.": "version",
    "version.server.": "version",
    "authors.bind.": "authors",
    "hostname.bind.": "hostname",
    "id.server.": "hostname",
}
"""Question → what is said."""

_LONGEST = 255
"""Octets in one string of a TXT record."""


class Chaos(Plugin):
    """Answers TXT questions of class CH from `texts`, by folded names. Other questions of CH are REFUSED."""

    name = "chaos"
    classes = frozenset({codes.CH})

    def __init__(self, texts: Mapping[Name, Sequence[str]]) -> None:
        self._rdatas = {
            name: tuple(txt([text.encode(errors="replace")[:_LONGEST]]) for text in each)
            for name, each in texts.items()
        }

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Chaos":
        """Read `chaos [VERSION] [AUTHORS...]`. As in CoreDNS, the first directive counts."""
        for line in directives[0].block or ():
            raise unexpected(line.name, "no properties")
        version, *authors = [word.text for word in directives[0].arguments] or [VERSION]
        texts = {"version": [version], "authors": sorted(set(authors)), "hostname": [socket.gethostname()]}
        return cls({from_text(name): texts[text] for name, text in _NAMES.items()})

    def respond(self, query: Query, rest: Rest) -> Outcome:
        if query.rdclass != codes.CH:
            return rest(query)
        rdatas = self._rdatas.get(fold(query.name))
        if rdatas is None or query.type != codes.TXT:
            return Response(codes.REFUSED)
        return Response(answer=(RRset(query.name, codes.TXT, 0, rdatas, codes.CH),))
