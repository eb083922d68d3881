"""A responder whose answers depend on who asks: they are remembered for all clients of one class.

Whoever serves everybody alike does without: telling clients apart costs each answer a tenth of its time.
"""

from collections.abc import Awaitable, Callable, Hashable
from ipaddress import ip_address
from itertools import count
from typing import TypeAlias

from kdns.answering.clients import Answer, Client
from kdns.answering.prepared import spoken
from kdns.answering.queries import Query
from kdns.answering.responder import Responder
from kdns.answering.table import AnswerTable
from kdns.cluster.events import Tag, addresses_of

Classify: TypeAlias = Callable[[str], Hashable]

_MOST_ADDRESSES = 16384
"""Of how many clients the class is kept, some 3 MiB."""

_MOST_CLASSES = 65536


class ClassifyingResponder(Responder):
    """`classify` gives the class of a client's address.

    It is the same for all blocks: an alias may lead from any of them to one whose answers depend on it.
    """

    def __init__(self, table: AnswerTable, classify: Classify) -> None:
        super().__init__(table)
        self._classify = classify
        self._numbers = count()
        self._keys: dict[Hashable, bytes] = {}
        self._classes: dict[bytes, bytes] = {}

    def respond(self, packet: bytes, client: Client) -> Answer | Awaitable[Answer]:
        """Return the response to one packet, as any responder does."""
        try:
            host = client.host
            known_class = self._classes.get(host) or self._classified(host, client.address[0])
            known = self.table.verbatim[client.kind].get(packet[2:] + known_class)
            if known is not None:
                return packet[:2] + spoken(known)
            return self.recall(packet, client.kind, known_class) or self._respond_carefully(packet, client)
        except Exception:  # noqa: BLE001 -- the last line of defence; it is logged
            return self._fail(packet)

    def forget(self, tags: frozenset[Tag], serial: int) -> None:
        """Forget what depends on these tags; who is at their addresses may be of another class now."""
        for address in addresses_of(tags):
            self._classes.pop(ip_address(address).packed, None)
        super().forget(tags, serial)

    def _from_client(self, query: Query, client: Client) -> Query:
        address, port = client.address
        return query._replace(client=address, port=port)

    def _class_of(self, query: Query) -> bytes:
        address = query.client
        host = ip_address(address.partition("%")[0]).packed
        return self._classes.get(host) or self._classified(host, address)

    def _classified(self, host: bytes, address: str) -> bytes:
        """Return what is added to keys for this client: no question's octets end so.

        A number is never given again: an answer that is still waited for may be remembered under it.
        """
        if len(self._classes) >= _MOST_ADDRESSES:
            self._classes.clear()
        client_class = self._classify(address)
        found = self._keys.get(client_class)
        if found is None:
            if len(self._keys) >= _MOST_CLASSES:
                self._keys.clear()
                self._classes.clear()
            found = self._keys[client_class] = b"c" + next(self._numbers).to_bytes(8, "big")
        self._classes[host] = found
        return found
