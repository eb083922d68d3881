"""The records of `template`: templates that are compiled once, and the text that they give read as a record.

The text is what miekg/dns reads with dns.NewRR: relative names are the root's, TTL and class may be left out,
and what follows the first record does not count.
"""

from io import StringIO

from kdns.corefile.gotemplate import Struct, Template, TemplateFailure, compiled
from kdns.corefile.values import Word
from kdns.wire import codes
from kdns.wire.fields import NAME, Token, seconds_from_text
from kdns.wire.names import ROOT, Name
from kdns.wire.presentation import rdata_from_text
from kdns.wire.rrsets import RRset
from kdns.zones.tokens import entries

DEFAULT_TTL = 3600
MAX_TTL = 0xFFFFFFFF

CLASSES = {"IN": codes.IN, "CS": 2, "CH": codes.CH, "HS": 4, "NONE": 254}


class BadRecord(ValueError):
    """A text that is no record; the message says why, and has the text."""


class RecordFailure(Exception):
    """Why there is no record: of which section and template. `is_text`: there was a text, which is none."""

    def __init__(self, section: str, source: str, error: TemplateFailure | BadRecord) -> None:
        super().__init__(str(error))
        self.section, self.source, self.is_text = section, source, isinstance(error, BadRecord)


class RecordTemplate:
    """One record of a section. One whose text is always the same is read once."""

    def __init__(self, word: Word, section: str) -> None:
        """Raises CorefileError for what is no template."""
        self._section = section
        self._template: Template = compiled(word, section)
        self._known = _known(word.text) if self._template.is_constant else None
        self.fields = self._template.fields

    def record(self, data: Struct) -> RRset:
        """Return the record that it makes of the data. Raises RecordFailure."""
        try:
            return self._known or read_record(self._template.text_for(data))
        except (TemplateFailure, BadRecord) as error:
            raise RecordFailure(self._section, self._template.source, error) from error


def _known(text: str) -> RRset | None:
    try:
        return read_record(text)
    except BadRecord:
        return None  # it is bad each time that it is asked for


def read_record(text: str) -> RRset:
    """Return the first record of a text. Raises BadRecord."""
    try:
        return _read(text)
    except ValueError as error:
        raise BadRecord(f"{text!r} is no record: {error}") from error


def _read(text: str) -> RRset:
    entry = next(entries(StringIO(text)), None)
    if entry is None:
        raise ValueError("there is nothing in it")
    if entry.indented:
        raise ValueError("it begins with blanks")
    owner, *tokens = entry.tokens
    ttl, rdclass, rtype, fields = _header(tokens)
    rdata = rdata_from_text(rtype, fields, ROOT)
    return RRset(Name(NAME.from_token(owner, ROOT)), rtype, ttl, (rdata,), rdclass)


def _header(tokens: list[Token]) -> tuple[int, int, int, list[Token]]:
    """Return TTL, class, type, and the tokens of the RDATA. TTL and class stand in either order."""
    ttl, rdclass = None, None
    for index, token in enumerate(tokens):
        word = token.text.upper()
        if ttl is None and word[:1].isdigit():
            ttl = seconds_from_text(word, MAX_TTL)
        elif rdclass is None and word in CLASSES:
            rdclass = CLASSES[word]
        else:
            rtype = codes.type_from_text(word)
            return DEFAULT_TTL if ttl is None else ttl, rdclass or codes.IN, rtype, tokens[index + 1 :]
    raise ValueError("it has no type")
