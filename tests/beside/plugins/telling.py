"""The upstream of `outside`, which also tells what it is asked."""

import dns.flags
import dns.message
import dns.rrset

from tests.beside import outside
from tests.beside.upstream import Upstream

PLACE = "telling.example."
"""Whatever is asked below this name is answered with a TXT record: the OPT and the class of the query."""


class Telling(Upstream):
    def __init__(self) -> None:
        super().__init__(outside.TABLE, outside.NXDOMAIN)

    def respond(self, packet: bytes, *, is_stream: bool) -> bytes:
        query = dns.message.from_wire(packet)
        (asked,) = query.question
        if not asked.name.to_text().lower().endswith(PLACE):
            return super().respond(packet, is_stream=is_stream)
        response = dns.message.make_response(query, our_payload=4096)
        response.flags |= dns.flags.RA
        text = f'"{_opt(query)}"'
        response.answer.append(dns.rrset.from_text(asked.name, 300, "IN", "TXT", text))
        return response.to_wire()


def _opt(query: dns.message.Message) -> str:
    if query.edns < 0:
        return "no OPT"
    options = (f"{int(each.otype)}={each.to_wire().hex()}" for each in query.options)
    return " ".join(("OPT", *options))
