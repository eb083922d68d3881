"""`rewrite`: asks the rest of the chain something else than it was asked, and turns the response back."""

from collections.abc import Awaitable, Hashable, Sequence

from kdns.answering.chain import Rest
from kdns.answering.plugin import Plugin, Setting
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response, then
from kdns.corefile.values import Directive
from kdns.plugins._rewrite_reading import read_rule
from kdns.plugins._rewrite_responses import Ask, Change, turned_back
from kdns.plugins._rewrite_rules import Asked, Rule
from kdns.wire import codes
from kdns.wire.names import BadName, Name


class Rewrite(Plugin):
    """The `rewrite` directives of a server block, in their order.

    What comes back is remembered for the question that was asked, and forgotten with that which it became.
    """

    name = "rewrite"

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Rewrite":
        rules = [read_rule(directive) for directive in directives]
        return (_OfClients if any(rule.classify for rule in rules) else Rewrite)(rules)

    def respond(self, query: Query, rest: Rest) -> Outcome:
        asked, changes = Asked(query), list[Change]()
        try:
            for rule in self._rules:
                found = rule.act(asked)
                if found is not None:
                    changes += found
                    if rule.is_last:
                        break
        except BadName as error:
            return _bad_name(error)
        if asked.query is query:
            return _turned_back(rest(query), changes, query, rest) if changes else rest(query)
        outcome = rest(asked.query)
        if (
            asked.query.name != query.name
        ):  # the octets of another server's reply point to the name it was asked
            outcome = then(outcome, Response.opened)
        return _turned_back(outcome, changes, asked.query, rest) if changes else outcome


class _OfClients(Rewrite):
    """With rules whose work depends on the client's address."""

    def client_class(self, address: str) -> Hashable:
        return tuple(rule.classify(address) for rule in self._rules if rule.classify)


def _turned_back(outcome: Outcome, changes: Sequence[Change], query: Query, rest: Rest) -> Outcome:
    def ask(name: Name) -> Outcome:
        return rest.resolve(query._replace(rdclass=codes.IN), name)

    if isinstance(outcome, Response):
        return _changed(outcome, changes, ask)
    return _changed_later(outcome, changes, ask)


def _changed(response: Response, changes: Sequence[Change], ask: Ask) -> Outcome:
    try:
        return turned_back(response, changes, ask)
    except BadName as error:
        return _bad_name(error)


async def _changed_later(waiting: Awaitable[Response], changes: Sequence[Change], ask: Ask) -> Response:
    outcome = _changed(await waiting, changes, ask)
    return outcome if isinstance(outcome, Response) else await outcome


def _bad_name(error: BadName) -> Response:
    return Response(codes.SERVFAIL, remember=False, error=f"invalid name after rewrite: {error}")
