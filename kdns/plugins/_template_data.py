"""What templates of `template` can ask for: CoreDNS's fields, from the query and what matched in its name."""

from collections.abc import Callable, Iterable, Mapping

from kdns.answering.queries import AD, CD, RD, Query
from kdns.corefile.errors import CorefileError, shown
from kdns.corefile.gotemplate import Field, Function, Struct, Value
from kdns.plugins._lines import name_text

_HEADER: Mapping[str, Callable[[Query], Value]] = {
    "Id": lambda query: int.from_bytes(query.id, "big"),
    "Opcode": lambda query: query.opcode,
    "RecursionDesired": lambda query: query.flags & RD != 0,
    "AuthenticatedData": lambda query: query.flags & AD != 0,
    "CheckingDisabled": lambda query: query.flags & CD != 0,
}
"""Fields of `.Message` beside `.Message.Question`: what differs between queries that ask the same."""

_QUESTION = "Question"


def check_fields(fields: Iterable[Field]) -> None:
    """Raise CorefileError for a field of the message that CoreDNS has, and kdns does not."""
    for names, position in fields:
        if names[0] == "Message" and len(names) > 1 and names[1] not in (_QUESTION, *_HEADER):
            found = f"{shown('.' + '.'.join(names))}, which kdns does not have yet"
            raise CorefileError(position, found, f"one of {', '.join((_QUESTION, *_HEADER))} of .Message")


def depends_on_client(fields: Iterable[Field]) -> bool:
    return any(each.names[0] == "Remote" for each in fields)


def depends_on_header(fields: Iterable[Field]) -> bool:
    return any(each.names[0] == "Message" and each.names[1:2] != (_QUESTION,) for each in fields)


def data_of(
    query: Query, zone: str, rdclass: str, qtype: str, pattern: str, found: tuple[Value, Mapping[str, Value]]
) -> Struct:
    """Return the data of a query in a zone. `found` are the groups of `pattern`, by number and by name."""
    name = name_text(query.name)
    question = Struct("*dns.Question", {"Name": name, "Qtype": query.type, "Qclass": query.rdclass})
    header = {each: value(query) for each, value in _HEADER.items()}
    match, groups = found
    return Struct(
        "*template.templateData",
        {
            "Zone": zone,
            "Name": name,
            "Regex": pattern,
            "Match": match,
            "Group": dict(groups),
            "Class": rdclass,
            "Type": qtype,
            "Message": Struct("*dns.Msg", {**header, _QUESTION: [question]}),
            "Question": question,
            "Remote": query.client,
            "Var": {},
            "Meta": _META,
        },
    )


_META = Function(lambda name: "", 1, 1)
"""Without metadata every name of it has the empty value."""
