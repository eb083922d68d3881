"""`acl`: decides by a client's network and the type it asks for whether it gets an answer."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import partial

from kdns.answering.chain import Rest
from kdns.answering.counts import Count
from kdns.answering.plugin import Plugin, Setting, server_label
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response, then
from kdns.corefile.values import Directive
from kdns.measures import Family
from kdns.plugins._acl_rules import ALLOW, BLOCK, DROP, FILTER, Rule, read_rule
from kdns.plugins._addresses import packed
from kdns.wire import codes
from kdns.wire.names import Name, fold, longest_suffix, to_text

_BLOCKED, _FILTERED = 15, 17
"""INFO-CODEs of extended errors (RFC 8914)."""

_RESPONSES: Mapping[str, Response] = {
    BLOCK: Response(codes.REFUSED, extended_error=(_BLOCKED, "")),
    FILTER: Response(extended_error=(_FILTERED, "")),
    DROP: Response(silent=True),
}
_NAMES = {BLOCK: "blocked", FILTER: "filtered", DROP: "dropped"}


class Acl(Plugin):
    """The first policy that is for a query decides; one that none is for is allowed."""

    name = "acl"

    def __init__(self, rules: Sequence[Rule], server: str) -> None:
        self._rules, self._server = rules, server
        policies = (policy for rule in rules for policy in rule.policies)
        self._networks = {policy.networks.networks: policy.networks for policy in policies}
        self._allowed = Count()
        self._counts: dict[tuple[str, Name], Count] = {}

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Acl":
        server = server_label(setting.listen[0]) if setting.listen else ""
        return cls([read_rule(directive, setting.block) for directive in directives], server)

    def client_class(self, address: str) -> Hashable:
        """Return the networks of rules that a client is in."""
        octets = packed(address) or b""
        return frozenset(key for key, networks in self._networks.items() if octets in networks)

    def respond(self, query: Query, rest: Rest) -> Outcome:
        action, zone = self._decision(query)
        if action != ALLOW:
            count = self._counts.setdefault((action, zone), Count())
            return _RESPONSES[action]._replace(counts=(count,))
        return then(rest(query), partial(_counted, self._allowed))

    def _decision(self, query: Query) -> tuple[str, Name]:
        """Return what to do with a query, and the zone of the rule that says so."""
        name, octets = fold(query.name), packed(query.client) or b""
        for rule in self._rules:
            zone = longest_suffix(name, rule.zones)
            if zone is None:
                continue
            for policy in rule.policies:
                if policy.is_for(query.type) and octets in policy.networks:
                    return policy.action, zone
        return ALLOW, name

    def measure(self) -> Iterator[Family]:
        """Yield the families of what has happened, as CoreDNS does."""
        for action, said in _NAMES.items():
            samples = [
                ((self._server, to_text(zone), ""), float(count.value))
                for (counted, zone), count in self._counts.items()
                if counted == action and count.value
            ]
            if samples:
                yield _family(said, ("server", "zone", "view"), samples)
        if self._allowed.value:
            yield _family("allowed", ("server", "view"), [((self._server, ""), float(self._allowed.value))])


def _counted(count: Count, response: Response) -> Response:
    return response._replace(counts=(*response.counts, count))


def _family(said: str, labels: tuple[str, ...], samples: Sequence[tuple[tuple[str, ...], float]]) -> Family:
    help = f"Counter of DNS requests being {said}."
    return Family("counter", f"coredns_acl_{said}_requests_total", help, labels, samples)
