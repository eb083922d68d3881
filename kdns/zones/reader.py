"""Reads the entries of a master file one after another into a ZoneDraft (RFC 1035, section 5).

An entry is a row of `DIRECTIVES` or a record; what its RDATA means is known to `kdns.wire.presentation`.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TextIO

from kdns.wire import codes, rrsets
from kdns.wire.fields import NAME, Token, Unexpected, seconds_from_text, shown
from kdns.wire.names import Name
from kdns.wire.presentation import rdata_from_text
from kdns.zones.draft import Warn, ZoneDraft
from kdns.zones.generate import generated
from kdns.zones.tokens import Entry, entries

MAX_TTL = 2**32 - 1
"""RFC 2181, section 8, allows half of it; in CoreDNS that is no reason to serve nothing."""

DEEPEST = 7
"""So many files may include one another (CoreDNS's limit)."""

STEP = 100
"""How many entries are read between two pauses."""

CLASSES = frozenset({"IN", "CH", "CS", "HS", "NONE"})

_META_TYPES = frozenset({codes.OPT, *range(128, 256)})
"""Types of questions and of things in messages, no data (RFC 6895, section 3.1)."""


class MasterFileError(ValueError):
    """A master file that cannot be read: "path:line: found ..., expected ..."."""

    def __init__(self, path: str, error: Unexpected) -> None:
        super().__init__(f"{path}:{error.line}: {error}")
        self.path, self.line = path, error.line


def _keep_quiet(text: str) -> None:
    """Tell nobody."""


def _go_on() -> None:
    """Do not pause."""


class Attendants(NamedTuple):
    """Who else is there while a file is read.

    `warn` gets, in words, what is ignored or makes little sense. `opening` is called with each file's path
    before it is read. `pause` is called again and again, when others may have their turn.
    """

    warn: Warn = _keep_quiet
    opening: Callable[[str], None] = _keep_quiet
    pause: Callable[[], None] = _go_on


class Reader:
    """What one entry leaves behind for the next: origin, owner and TTLs. Included files have their own.

    `above` are the files that include this one.
    """

    def __init__(
        self,
        path: str,
        origin: Name | None,
        draft: ZoneDraft,
        attendants: Attendants,
        above: tuple[str, ...] = (),
    ) -> None:
        self._path, self._draft, self._attendants = path, draft, attendants
        self._above = (*above, os.path.realpath(path))
        self._origin = origin
        self._owner = origin
        self._default_ttl: int | None = None
        self._stated_ttl: int | None = None
        self.line = 1

    def opened(self) -> TextIO:
        """Return the lines of the file. Octets that are not UTF-8 are in them as surrogates (PEP 383).

        Editors on Windows begin a file with a BOM. Raises OSError, and ValueError for what can be no path.
        """
        self._attendants.opening(self._path)
        return open(self._path, encoding="utf-8-sig", errors="surrogateescape", newline="\n")

    def read(self, lines: Iterable[str]) -> None:
        """Read the lines of the file. Raises MasterFileError, and OSError as it comes."""
        try:
            for count, entry in enumerate(entries(lines)):
                self.line = entry.tokens[-1].line
                self._read_entry(entry)
                if count % STEP == 0:
                    self._attendants.pause()
        except Unexpected as error:
            raise MasterFileError(self._path, error) from error

    def _read_entry(self, entry: Entry) -> None:
        first = entry.tokens[0]
        if entry.indented:
            if self._owner is None:
                raise Unexpected(first.line, "a record that begins with blanks", "an owner name before it")
            self._record(entry.tokens)
        elif not first.quoted and first.text.upper() in DIRECTIVES:
            DIRECTIVES[first.text.upper()](self, first, entry.tokens[1:])
        else:
            self._record_of(entry.tokens)

    def _record_of(self, tokens: Sequence[Token]) -> None:
        """Take in a record that begins with its owner."""
        first = tokens[0]
        self._owner = self._name(first)
        try:
            if len(tokens) == 1:
                raise Unexpected(first.line, "the end of the record", "its type")
            self._record(tokens[1:])
        except Unexpected as error:
            if first.text.startswith("$"):  # rather a directive than a name
                raise Unexpected(first.line, str(first), f"one of {', '.join(DIRECTIVES)}") from error
            raise

    def _record(self, tokens: Sequence[Token]) -> None:
        assert self._owner is not None, "every caller has seen to it"
        line, end = tokens[0].line, tokens[-1].line
        ttl, is_in, rtype, fields = self._header(tokens, end)
        if not is_in or rtype in _META_TYPES or not fields:
            what = (
                "of another class than IN"
                if not is_in
                else "without RDATA"
                if not fields
                else "of no data type"
            )
            self._draft.warning((self._path, line), f"a record {what}, which is ignored")
            return
        rdata = rdata_from_text(rtype, fields, self._origin, end)
        ttl = self._ttl(ttl, rtype, rdata, end)
        self._draft.add(self._owner, rtype, ttl, rdata, (self._path, line))

    def _header(self, tokens: Sequence[Token], end: int) -> tuple[int | None, bool, int, Sequence[Token]]:
        """Return TTL, whether the class is IN, type and RDATA. The first two are optional, in any order."""
        ttl, is_in = None, None
        for index, token in enumerate(tokens[:3]):
            text = "" if token.quoted else token.text.upper()
            if ttl is None and text[:1].isdigit():
                ttl = self._stated_ttl = _ttl_of(token)
            elif is_in is None and (text in CLASSES or text.startswith("CLASS")):
                is_in = text in ("IN", "CLASS1")
            else:
                return ttl, is_in is not False, _type_of(token), tokens[index + 1 :]
        raise Unexpected(end, "the end of the record", "its type")

    def _ttl(self, stated: int | None, rtype: int, rdata: bytes, line: int) -> int:
        """Return a record's TTL: its own; that of $TTL (RFC 2308, section 4); the last one stated (RFC 1035).

        An SOA before which none is stated states its own last field, as it did before RFC 2308; BIND
        and dnspython read such files too.
        """
        if stated is not None:
            return stated
        if self._default_ttl is not None:
            return self._default_ttl
        if self._stated_ttl is None and rtype == codes.SOA:
            self._stated_ttl = rrsets.soa_minimum(rdata)
        if self._stated_ttl is None:
            raise Unexpected(line, "a record without a TTL", "one in the record or from $TTL")
        return self._stated_ttl

    def _name(self, token: Token) -> Name:
        return Name(NAME.from_token(token, self._origin))

    def set_origin(self, directive: Token, arguments: Sequence[Token]) -> None:
        """Complete relative names with this name from now on. It may itself be relative."""
        (name,) = _arguments(directive, arguments, NAME.expected)
        self._origin = self._name(name)

    def set_default_ttl(self, directive: Token, arguments: Sequence[Token]) -> None:
        """Give records that state no TTL this one from now on (RFC 2308, section 4)."""
        (ttl,) = _arguments(directive, arguments, "a TTL")
        self._default_ttl = _ttl_of(ttl)

    def include(self, directive: Token, arguments: Sequence[Token]) -> None:
        """Read another file here, a relative path being one from this file's folder, perhaps with an origin.

        Whatever it sets ends with it.
        """
        name, *origin = _arguments(directive, arguments, "a file", "an origin")
        path = os.path.join(os.path.dirname(self._path), name.text)
        start = self._name(origin[0]) if origin else self._origin
        try:
            inner = Reader(path, start, self._draft, self._attendants, self._above)
            lines = inner.opened()
        except (OSError, ValueError) as error:
            raise Unexpected(name.line, f"{name} ({shown(str(error))})", "a file that can be read") from error
        if inner._above[-1] in self._above or len(self._above) > DEEPEST:
            raise Unexpected(name.line, str(name), "a file that does not include this one, nor so deep")
        inner._owner, inner._default_ttl, inner._stated_ttl = self._owner, self._default_ttl, self._stated_ttl
        with lines:
            inner.read(lines)

    def generate(self, directive: Token, arguments: Sequence[Token]) -> None:
        """Read the records that one line stands for."""
        if len(arguments) < 2:
            raise Unexpected(directive.line, f"the end of {directive}", "a range and a record")
        for count, tokens in enumerate(generated(arguments)):
            self._record_of(tokens)
            if count % STEP == 0:
                self._attendants.pause()


DIRECTIVES: Mapping[str, Callable[[Reader, Token, Sequence[Token]], None]] = {
    "$ORIGIN": Reader.set_origin,
    "$TTL": Reader.set_default_ttl,
    "$INCLUDE": Reader.include,
    "$GENERATE": Reader.generate,
}


def _arguments(
    directive: Token, arguments: Sequence[Token], expected: str, optional: str = ""
) -> Sequence[Token]:
    if not arguments:
        raise Unexpected(directive.line, f"the end of {directive}", expected)
    most = 2 if optional else 1
    if len(arguments) > most:
        raise Unexpected(arguments[most].line, str(arguments[most]), f"the end of {directive}")
    return arguments


def _ttl_of(token: Token) -> int:
    try:
        return seconds_from_text('"' if token.quoted else token.text, MAX_TTL)
    except ValueError as error:
        raise Unexpected(token.line, f"{token} ({error})", "a TTL") from error


def _type_of(token: Token) -> int:
    try:
        return codes.type_from_text('"' if token.quoted else token.text)
    except ValueError as error:
        raise Unexpected(token.line, str(token), "a TTL, a class or a type") from error
