"""A watch's stream cut into lines. Bytes in, bytes out; what a line says is read elsewhere."""

LONGEST_LINE = 8 << 20
"""Octets. An object has at most 1.5 MiB in etcd; nothing legitimate comes near."""


class BrokenStream(Exception):
    """The stream is no watch any more: a line without end, or an end without a line's."""


class LineCutter:
    """Collects chunks and gives out whole lines."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._held = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that this chunk completes, without their ends. Raises BrokenStream."""
        lines = chunk.split(b"\n")
        last = lines.pop()
        if lines and self._rest:
            lines[0] = b"".join((*self._rest, lines[0]))
            self._rest, self._held = [], 0
        if last:
            self._rest.append(last)
            self._held += len(last)
            if self._held > LONGEST_LINE:
                raise BrokenStream(f"a line of more than {LONGEST_LINE >> 20} MiB")
        return lines

    def finish(self) -> None:
        """Say that nothing more comes. Raises BrokenStream if the last line was cut."""
        if self._rest:
            raise BrokenStream(f"the stream ended within a line, after {self._held} octets of it")
