"""A responder whose answers depend on who asks: they are remembered for all clients of one class.

Whoever serves everybody alike does without: telling clients apart takes their addresses, which cost about a
microsecond.
"""

from collections.abc import Awaitable, Callable, Hashable
from typing import TypeAlias

from kdns.answering.clients import Answer, Client
from kdns.answering.prepared import spoken
from kdns.answering.queries import Query
from kdns.answering.responder import Responder
from kdns.answering.table import AnswerTable

Classify: TypeAlias = Callable[[str], Hashable]

_MOST_ADDRESSES = 16384
"""Of how many clients the class is kept, some 3 MiB."""


class ClassifyingResponder(Responder):
    """`classify` gives the class of a client's address.

    It is the same for all blocks: an alias may lead from any of them to one whose answers depend on it.
    """

    def __init__(self, table: AnswerTable, classify: Classify) -> None:
        super().__init__(table)
        self._classify = classify
        self._numbers: dict[Hashable, int] = {}
        self._classes: dict[str, bytes] = {}

    def respond(self, packet: bytes, client: Client) -> Answer | Awaitable[Answer]:
        """Return the response to one packet, as any responder does."""
        try:
            known_class = self._class(client.address[0])
            known = self.table.verbatim[client.kind].get(packet[2:] + known_class)
            if known is not None:
                return packet[:2] + spoken(known)
            return self.recall(packet, client.kind, known_class) or self._respond_carefully(packet, client)
        except Exception:  # noqa: BLE001 -- the last line of defence; it is logged
            return self._fail(packet)

    def _from_client(self, query: Query, client: Client) -> Query:
        address, port = client.address
        return query._replace(client=address, port=port)

    def _class_of(self, query: Query) -> bytes:
        return self._class(query.client)

    def _class(self, address: str) -> bytes:
        """Return what is added to keys for this client: no question's octets end so."""
        found = self._classes.get(address)
        if found is None:
            if len(self._classes) >= _MOST_ADDRESSES:
                self._classes.clear()
            number = self._numbers.setdefault(self._classify(address), len(self._numbers))
            found = self._classes[address] = b"c" + number.to_bytes(4, "big")
        return found
