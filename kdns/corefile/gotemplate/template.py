"""A template that is compiled: what it needs to know, and its use."""

from dataclasses import dataclass
from typing import NamedTuple

from kdns.corefile.errors import CorefileError, shown
from kdns.corefile.gotemplate.failures import Failure, TemplateFailure, Unreadable, place
from kdns.corefile.gotemplate.pieces import Part, Scope
from kdns.corefile.gotemplate.reading import Reader
from kdns.corefile.gotemplate.values import Struct
from kdns.corefile.values import Position, Word


class Field(NamedTuple):
    """Fields that a template asks for, `.Group.name` for one, and where in the file."""

    names: tuple[str, ...]
    position: Position


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled template. `source` is how Go prints it, `fields` are all that it asks for.

    `is_constant`: it has no actions. `name` is for messages.
    """

    name: str
    text: str
    source: str
    fields: tuple[Field, ...]
    is_constant: bool
    part: Part
    variables: int

    def text_for(self, data: Struct) -> str:
        """Return the text that it makes of the data. Raises TemplateFailure."""
        scope = Scope(data, self.variables)
        try:
            self.part.write(scope)
        except Failure as failure:
            raise TemplateFailure(self.name, self.text, failure) from failure
        return "".join(scope.parts)


def compiled(word: Word, name: str) -> Template:
    """Return the template that a word of a Corefile is. Raises CorefileError."""
    try:
        word.text.encode()
        reader = Reader(word.text)
        part = reader.template()
    except Unreadable as error:
        raise error.within(word) from error
    except UnicodeEncodeError as error:
        raise CorefileError(word.position, f"{shown(word.text)} (invalid UTF-8)", "a template") from error
    fields = tuple(Field(names, place(word, at)) for names, at in reader.fields)
    return Template(name, word.text, part.source, fields, reader.is_constant, part, reader.most_variables)
