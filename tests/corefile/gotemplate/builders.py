"""Templates and their data, as CoreDNS's plugin `template` would have them for one query."""

from kdns.corefile.gotemplate import Function, Struct, Template, Value, compiled
from kdns.corefile.values import Position, Word

NAME = "ip0a7b7b7b.b.example."
GROUPS: dict[str, Value] = {"0": NAME, "1": "7b", "2": "x", "a": "7b", "b": "x", "n": "12", "e": ""}

QUESTION = Struct("*dns.Question", {"Name": "IP0a7b7b7b.b.example.", "Qtype": 1, "Qclass": 1})
MESSAGE = Struct("*dns.Msg", {"Id": 7, "Question": [QUESTION], "RecursionDesired": True, "Opcode": 0})
DATA = Struct(
    "*template.templateData",
    {
        "Zone": "example.",
        "Name": NAME,
        "Regex": ".*",
        "Match": [NAME, "7b", "x"],
        "Group": GROUPS,
        "Class": "IN",
        "Type": "A",
        "Message": MESSAGE,
        "Question": QUESTION,
        "Remote": "10.0.0.1",
        "Var": {},
        "Meta": Function(lambda name: "", 1, 1),
    },
)


def template(text: str, *, is_quoted: bool = True) -> Template:
    """Return a template that stands in line 3 of a Corefile, from column 12."""
    return compiled(Word(text, Position("Corefile", 3, 12), is_quoted), "answer")


def written(text: str) -> str:
    """Return the text that a template gives for the data."""
    return template(text).text_for(DATA)
