"""`header`: sets and clears bits in the header of queries, before others see them, and of responses."""

from collections.abc import Mapping, Sequence

from kdns.answering.chain import Rest
from kdns.answering.encoding import AA, RA
from kdns.answering.plugin import Plugin, Setting
from kdns.answering.queries import RD, Query
from kdns.answering.responses import Outcome, then
from kdns.corefile.errors import CorefileError, unexpected
from kdns.corefile.reading import arguments, plain
from kdns.corefile.values import Directive

_BITS = {"aa": AA, "ra": RA, "rd": RD}
_FIELDS = {"aa": "authoritative", "ra": "recursion_available", "rd": "recursion_desired"}
"""Flag → its bit in the header, and the field of a Response that says it."""

_SELECTORS, _ACTIONS = ("query", "response"), {"set": True, "clear": False}

Rules = Mapping[str, bool]
"""Flag → whether it is set or cleared."""


class Header(Plugin):
    """Changes the flags of queries, and those of responses, which repeat RD of the query as it is then."""

    name = "header"

    def __init__(self, query: Rules, response: Rules) -> None:
        self._set = sum(_BITS[each] for each, is_set in query.items() if is_set)
        self._kept = 0xFFFF & ~sum(_BITS[each] for each in query)
        repeated = {each: is_set for each, is_set in query.items() if each == "rd"}
        self._changes = {_FIELDS[each]: is_set for each, is_set in {**repeated, **response}.items()}

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Header":
        """As in CoreDNS, the first directive with rules counts."""
        for directive in directives:
            rules = _rules(directive)
            if any(rules.values()):
                return cls(**rules)
        raise CorefileError(
            directives[-1].position, "header without rules", "query or response, set or clear"
        )

    def respond(self, query: Query, rest: Rest) -> Outcome:
        changed = query._replace(flags=query.flags & self._kept | self._set)
        return then(rest(changed), lambda response: response._replace(**self._changes))  # type: ignore[arg-type]


def _rules(directive: Directive) -> dict[str, dict[str, bool]]:
    """Read lines of `query|response set|clear FLAGS...`; for each flag the last one counts."""
    found: dict[str, dict[str, bool]] = {selector: {} for selector in _SELECTORS}
    for line in directive.block or ():
        selector = line.name.text.lower()
        if selector not in found:
            raise unexpected(line.name, " or ".join(_SELECTORS), _SELECTORS)
        action, *flags = arguments(plain(line), 2)
        if action.text.lower() not in _ACTIONS:
            raise unexpected(action, " or ".join(_ACTIONS), _ACTIONS)
        for word in flags:
            if word.text.lower() not in _BITS:
                raise unexpected(word, f"one of {', '.join(_BITS)}", _BITS)
            found[selector][word.text.lower()] = _ACTIONS[action.text.lower()]
    return found
