"""Plugins that are particular about how a response is sent, and to whom: all that there is beside records.

What they say depends on the question and the client's class alone, so that a fresh responder can be asked the
same.
"""

import zlib
from functools import partial

from kdns.answering.chain import Rest
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response, then
from kdns.wire.names import fold

TEXTS = ("", "blocked", "x" * 200)


def class_of(address: str) -> str:
    """Return the class of a client: inside or not."""
    return "inside" if address.startswith("192.0.2.") else "outside"


class Particular:
    """Changes what the rest says, each question in a way of its own: error, RD, silence or nothing at all."""

    name = "particular"

    def respond(self, query: Query, rest: Rest) -> Outcome:
        asked = fold(query.name) + query.type.to_bytes(2, "big") + class_of(query.client).encode()
        return then(rest(query), partial(self._changed, zlib.crc32(asked)))

    def _changed(self, number: int, response: Response) -> Response:
        way, detail = number % 8, number // 8 % 3
        if way == 0:
            return response._replace(silent=detail == 0)
        if way < 3:
            return response._replace(extended_error=(15 + detail, TEXTS[detail]))
        return response._replace(recursion_desired=(None, True, False)[detail])
