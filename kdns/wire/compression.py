"""The names inside a received message: where each ends, and that it is one (RFC 1035, section 4.1.4).

Every octet is looked at once as the start of a label, whoever points to it, so that the work is bounded
by the length of the message; the names themselves are never put together.
"""

from bisect import bisect_left

from kdns.wire.names import MAX_LABEL, MAX_NAME, Name

HEADER = 12
_POINTER = 0xC0
_TTL_OCTETS = 4


class Malformed(ValueError):
    """Octets that are no DNS message; the text says what is wrong."""


def name_at(octets: bytes, position: int) -> tuple[Name, int]:
    """Return the name, uncompressed, that begins at `position`, and the offset after it.

    For messages that have been found well-formed: it trusts every length and pointer.
    """
    labels, after = bytearray(), 0
    while length := octets[position]:
        if length >= _POINTER:
            after = after or position + 2
            position = (length & 0x3F) << 8 | octets[position + 1]
            continue
        labels += octets[position : position + 1 + length]
        position += 1 + length
    return Name(bytes(labels) + b"\0"), after or position + 1


class MessageNames:
    """The names of one message, which begins with a question whose name is `name_octets` long.

    `ttl_offsets` is shared with whoever walks the records and grows as they do: TTLs are patched later, so
    that no name may be made of their octets; nor may one be made of the id's.
    """

    def __init__(self, octets: bytes, name_octets: int, ttl_offsets: list[int]) -> None:
        self._octets = octets
        self._ttl_offsets = ttl_offsets
        self.movable: list[tuple[int, int]] = []
        """Where the RDATA of addresses begin and end: records that take turns change places later."""
        self.lengths = {HEADER: name_octets}
        """Offset → octets of the uncompressed name that begins there, for all that were looked at."""

    def end(self, start: int) -> int:
        """Return the offset after the name that begins at `start`. Raises Malformed, or IndexError where
        it runs out of the message."""
        octets, position = self._octets, start
        visited = []
        while length := octets[position]:
            visited.append(position)
            if length > MAX_LABEL:
                rest = self._follow(position, start, visited)
                position += 2
                break
            position += 1 + length
        else:
            rest, position = 1, position + 1
        self._remember(visited, rest)
        return position

    def _follow(self, pointer: int, start: int, visited: list[int]) -> int:
        """Return how long the name is that a pointer leads to, and add what was looked at to `visited`.

        Pointers lead strictly backwards, to octets that all stand before the name they complete.
        """
        octets, lengths, limit = self._octets, self.lengths, start
        position = pointer
        while True:
            length = octets[position]
            if length > MAX_LABEL:
                if length < _POINTER:
                    raise Malformed(f"a label of type {length >> 6}")
                target = (length & 0x3F) << 8 | octets[position + 1]
                if not HEADER <= target < limit:
                    raise Malformed("a compression pointer that does not lead backwards")
                limit = position = target
            elif length:
                position += 1 + length
            else:
                return 1
            if position in lengths:
                return lengths[position]
            self._check_is_kept(position, start)
            if octets[position]:
                visited.append(position)

    def _check_is_kept(self, position: int, start: int) -> None:
        """Raise Malformed if the label or pointer at `position` is made of octets that may be patched."""
        length = self._octets[position]
        end = position + (2 if length > MAX_LABEL else 1 + length)
        ttls = self._ttl_offsets
        after = bisect_left(ttls, position - _TTL_OCTETS + 1)
        within = bisect_left(self.movable, (end, 0)) - 1
        if within >= 0 and self.movable[within][1] > position:
            raise Malformed("a compression pointer that leads into an address")
        if end > start or (after < len(ttls) and ttls[after] < end):
            raise Malformed("a compression pointer that leads to no name")

    def _remember(self, visited: list[int], rest: int) -> None:
        octets, lengths = self._octets, self.lengths
        for position in reversed(visited):
            length = octets[position]
            if length <= MAX_LABEL:
                rest += 1 + length
                if rest > MAX_NAME:
                    raise Malformed(f"a name longer than {MAX_NAME} octets")
            lengths[position] = rest
