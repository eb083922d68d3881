"""`template`: answers with records that are made of the question, by templates and regular expressions."""

from collections.abc import Awaitable, Hashable, Iterable, Iterator, Sequence
from itertools import groupby

from kdns.answering.chain import Rest
from kdns.answering.plugin import Plugin, Setting, server_label
from kdns.answering.queries import Query
from kdns.answering.responses import Outcome, Response, followed
from kdns.corefile.values import Directive
from kdns.measures import Family
from kdns.plugins._lines import name_text
from kdns.plugins._template_data import data_of, depends_on_client, depends_on_header
from kdns.plugins._template_figures import MATCHES, RR_FAILURES, TEMPLATE_FAILURES, Figures
from kdns.plugins._template_records import RecordFailure
from kdns.plugins._template_rules import ANY_CLASS, QUERY_CLASSES, SECTIONS, Groups, Rule, read_rule
from kdns.wire import codes
from kdns.wire.names import Name, fold
from kdns.wire.rrsets import RRset

_CLASS_NAMES = {number: name for name, number in QUERY_CLASSES.items()}
_FOLLOWED = frozenset({codes.A, codes.AAAA})
"""The types for which it is looked up where a CNAME leads."""


class Template(Plugin):
    """The first rule that is for a question answers it, or fails if no pattern of it matches the name.

    An answer depends on the question alone, and is remembered for good, unless its rule asks for more.
    """

    name = "template"

    def __init__(self, rules: Iterable[Rule], figures: Figures) -> None:
        self._rules = tuple(rules)
        self._figures = figures

    @classmethod
    def setup(cls, directives: Sequence[Directive], setting: Setting) -> "Template":
        rules = [read_rule(directive, setting.block) for directive in directives]
        figures = Figures(server_label(setting.listen[0]) if setting.listen else "")
        has_clients = any(depends_on_client(rule.fields) for rule in rules)
        return (_TemplateByClient if has_clients else Template)(rules, figures)

    def respond(self, query: Query, rest: Rest) -> Outcome:
        name = fold(query.name)
        for rule in self._rules:
            zone = rule.zone_for(name, query.rdclass, query.type)
            if zone is None:
                continue
            found = rule.match(name_text(name))
            if found is not None:
                return self._answer(query, rest, rule, name_text(zone), found)
            if not rule.passes_on(name):
                return Response(codes.SERVFAIL)
        return rest(query)

    def _answer(self, query: Query, rest: Rest, rule: Rule, zone: str, found: tuple[str, Groups]) -> Outcome:
        rdclass = _CLASS_NAMES.get(rule.rdclass if query.rdclass == ANY_CLASS else query.rdclass, "")
        qtype = _type_name(rule.type if query.type == codes.ANY else query.type)
        matched = self._figures.count(MATCHES, zone, rdclass, qtype)
        if rule.rcode == codes.SERVFAIL:
            return Response(codes.SERVFAIL, counts=(matched,))
        data = data_of(query, zone, rdclass, qtype, *found)
        try:
            answer, additional, authority = (
                [each.record(data) for each in rule.records[section]] for section in SECTIONS
            )
        except RecordFailure as failure:
            family = RR_FAILURES if failure.is_text else TEMPLATE_FAILURES
            failed = self._figures.count(family, zone, rdclass, qtype, failure.section, failure.source)
            return Response(codes.SERVFAIL, remember=False, counts=(matched, failed), error=str(failure))
        response = Response(
            rule.rcode,
            _together(answer),
            _together(authority),
            _together(additional),
            authoritative=True,
            remember=not depends_on_header(rule.fields),
            counts=(matched,),
            extended_error=rule.ederror,
        )
        return _led_on(response, query, rest)

    def measure(self) -> Iterator[Family]:
        return self._figures.measure()


class _TemplateByClient(Template):
    """One whose answers hold the address of whoever asks."""

    def client_class(self, address: str) -> Hashable:
        return address


def _type_name(qtype: int) -> str:
    """Return the name of a type, "" for one that has none: CoreDNS's `.Type`."""
    name = codes.type_to_text(qtype)
    return "" if name.startswith("TYPE") else name


def _together(records: Iterable[RRset]) -> tuple[RRset, ...]:
    """Return neighbours of one RRset as one, so that its addresses can take turns; aliases stay alone."""
    sets = groupby(
        records, lambda record: record if record.type == codes.CNAME else record._replace(rdatas=())
    )
    return tuple(alike._replace(rdatas=tuple(each.rdatas[0] for each in found)) for alike, found in sets)


def _led_on(response: Response, query: Query, rest: Rest) -> Outcome:
    """Follow the CNAMEs of an answer: what they lead to comes right after each."""
    if query.type not in _FOLLOWED or all(rrset.type != codes.CNAME for rrset in response.answer):
        return response
    targets = [
        rest.resolve(query, Name(rrset.rdatas[0])) if rrset.type == codes.CNAME else Response()
        for rrset in response.answer
    ]
    found = [each for each in targets if isinstance(each, Response)]
    return _joined(response, found) if len(found) == len(targets) else _joined_later(response, targets)


async def _joined_later(response: Response, targets: Sequence[Outcome]) -> Response:
    return _joined(response, [await each if isinstance(each, Awaitable) else each for each in targets])


def _joined(response: Response, targets: Sequence[Response]) -> Response:
    """Return a response with what is behind each RRset of its answer. Only answers are passed on."""
    joined = response._replace(answer=())
    for rrset, target in zip(response.answer, targets, strict=True):
        joined = followed(joined._replace(answer=(*joined.answer, rrset)), target)
    return joined._replace(additional=response.additional)
