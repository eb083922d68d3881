"""Reads master files (RFC 1035, section 5; RFC 2308, section 4; RFC 4343): text in, a Zone or an error out.

An entry is a row of `DIRECTIVES` or a record; what its RDATA means is known to `kdns.wire.presentation`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from kdns.wire import codes, rrsets
from kdns.wire.fields import NAME, Token, Unexpected, seconds_from_text
from kdns.wire.names import Name
from kdns.wire.presentation import FIELDS, rdata_from_text
from kdns.zones.draft import ZoneDraft
from kdns.zones.tokens import Entry, entries
from kdns.zones.zone import Zone

MAX_TTL = 2**31 - 1
"""RFC 2181, section 8."""

CLASSES = frozenset({"IN", "CH", "CS", "HS"})


class MasterFileError(ValueError):
    """A master file that cannot be read: "path:line: found ..., expected ..."."""

    def __init__(self, path: str, error: Unexpected) -> None:
        super().__init__(f"{path}:{error.line}: {error}")
        self.path, self.line = path, error.line


def load_zone(path: Path, origin: Name | None = None) -> Zone:
    """Read a zone from a file in UTF-8. Raises MasterFileError, and OSError as it comes."""
    octets = path.read_bytes()
    try:
        text = octets.decode("utf-8-sig")  # editors on Windows begin a file with a BOM
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        wrong = Unexpected(line, f"the octet {octets[error.start]:#04x}", "text in UTF-8")
        raise MasterFileError(str(path), wrong) from error
    return read_zone(text, str(path), origin)


def read_zone(text: str, path: str, origin: Name | None = None) -> Zone:
    """Read a zone from the text of a master file.

    `origin` completes relative names until $ORIGIN says otherwise; without one they are errors. The zone's
    own origin is the owner of its SOA. `path` is for error messages. Raises MasterFileError, nothing else.
    """
    reader = _Reader(origin)
    try:
        for entry in entries(text):
            reader.read(entry)
        return reader.draft.zone()
    except Unexpected as error:
        raise MasterFileError(path, error) from error


class _Reader:
    """What one entry leaves behind for the next: origin, owner and TTLs."""

    def __init__(self, origin: Name | None) -> None:
        self.draft = ZoneDraft()
        self.origin = origin
        self.owner: Name | None = None
        self.default_ttl: int | None = None
        self.stated_ttl: int | None = None

    def read(self, entry: Entry) -> None:
        """Take in an entry. Raises Unexpected."""
        first = entry.tokens[0]
        if not entry.indented and not first.quoted and first.text.startswith("$"):
            self._direct(first, entry.tokens[1:])
        elif entry.indented:
            self._record(entry.tokens)
        else:
            self.owner = self._name(first)
            self._record(entry.tokens[1:], first.line)

    def _direct(self, directive: Token, arguments: list[Token]) -> None:
        name = directive.text.upper()
        if name in LATER:
            raise Unexpected(directive.line, f"{name}, which is not supported yet", _one_of(DIRECTIVES))
        if name not in DIRECTIVES:
            raise Unexpected(directive.line, str(directive), _one_of(DIRECTIVES))
        DIRECTIVES[name](self, directive, arguments)

    def _record(self, tokens: list[Token], owner_line: int = 0) -> None:
        end = tokens[-1].line if tokens else owner_line
        if self.owner is None:
            raise Unexpected(tokens[0].line, "a record that begins with blanks", "an owner name before it")
        ttl, rtype, fields = self._header(tokens, end)
        rdata = rdata_from_text(rtype, fields, self.origin, end)
        self.draft.add(self.owner, rtype, self._ttl(ttl, rtype, rdata, end), rdata, tokens[0].line)

    def _header(self, tokens: list[Token], end: int) -> tuple[int | None, int, list[Token]]:
        """Return TTL, type and RDATA tokens; TTL and class are optional, in either order (section 5.1)."""
        ttl, has_class = None, False
        for index, token in enumerate(tokens[:3]):
            if ttl is None and token.text[:1].isdigit() and not token.quoted:
                ttl = self.stated_ttl = _ttl_of(token)
            elif not has_class and token.text.upper() in CLASSES and not token.quoted:
                _check_class(token)
                has_class = True
            else:
                return ttl, _type_of(token), tokens[index + 1 :]
        raise Unexpected(end, "the end of the record", "its type")

    def _ttl(self, stated: int | None, rtype: int, rdata: bytes, line: int) -> int:
        """Return a record's TTL: its own; that of $TTL (RFC 2308, section 4); the last one stated (RFC 1035).

        An SOA before which none is stated states its own last field, as it did before RFC 2308; BIND
        and dnspython read such files too.
        """
        if stated is not None:
            return stated
        if self.default_ttl is not None:
            return self.default_ttl
        if self.stated_ttl is None and rtype == codes.SOA:
            self.stated_ttl = min(rrsets.soa_minimum(rdata), MAX_TTL)
        if self.stated_ttl is None:
            raise Unexpected(line, "a record without a TTL", "one in the record or from $TTL")
        return self.stated_ttl

    def _name(self, token: Token) -> Name:
        return Name(NAME.from_token(token, self.origin))

    def set_origin(self, directive: Token, arguments: list[Token]) -> None:
        """Complete relative names with this name from now on. It may itself be relative."""
        self.origin = self._name(_only(arguments, directive, NAME.expected))

    def set_default_ttl(self, directive: Token, arguments: list[Token]) -> None:
        """Give records that state no TTL this one from now on (RFC 2308, section 4)."""
        self.default_ttl = _ttl_of(_only(arguments, directive, "a TTL"))


DIRECTIVES: Mapping[str, Callable[[_Reader, Token, list[Token]], None]] = {
    "$ORIGIN": _Reader.set_origin,
    "$TTL": _Reader.set_default_ttl,
}

LATER = frozenset({"$INCLUDE", "$GENERATE"})


def _only(arguments: Sequence[Token], directive: Token, expected: str) -> Token:
    if not arguments:
        raise Unexpected(directive.line, f"the end of {directive}", expected)
    if len(arguments) > 1:
        raise Unexpected(arguments[1].line, str(arguments[1]), f"the end of {directive}")
    return arguments[0]


def _ttl_of(token: Token) -> int:
    try:
        return seconds_from_text('"' if token.quoted else token.text, MAX_TTL)
    except ValueError as error:
        raise Unexpected(token.line, f"{token} ({error})", "a TTL") from error


def _check_class(token: Token) -> None:
    if token.text.upper() != "IN":
        raise Unexpected(token.line, f"class {token}", "class IN")


def _type_of(token: Token) -> int:
    try:
        rtype = codes.type_from_text('"' if token.quoted else token.text)
    except ValueError as error:
        raise Unexpected(token.line, str(token), "a TTL, a class or a type") from error
    if rtype not in FIELDS:
        supported = _one_of(map(codes.type_to_text, FIELDS))
        raise Unexpected(token.line, f"type {token}, which is not supported yet", supported)
    return rtype


def _one_of(words: Iterable[str]) -> str:
    return "one of " + ", ".join(words)
