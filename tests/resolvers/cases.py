"""What is looked up, and what each resolver in each Pod is to find: a table, and the resolvers' habits."""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from tests.resolvers.places import Place
from tests.resolvers.pods import Pod
from tests.resolvers.resolvers import Ask, Outcomes, Resolver
from tests.resolvers.world import CROWD

_WEB = "nginx-service.default.svc.cluster.local"
_PORTS = "multi-port-service.default.svc.cluster.local"
_HOSTS = [f"postgres-{n}.postgres-headless.default.svc.cluster.local" for n in range(3)]

WORDS = {
    "web": "10.96.10.10",
    "shop-web": "10.96.40.20",
    "cart": "10.96.40.10",
    "apiserver": "10.96.0.1",
    "dns": "10.96.0.10",
    "external-db": "10.96.30.10",
    "postgres": "10.244.1.21,10.244.2.21,10.244.3.21",
    "postgres-0": "10.244.1.21",
    "postgres-9": "198.51.100.3",
    "pod": "10.244.1.10",
    "www": "192.0.2.80,2001:db8::80",
    "six": "2001:db8::6",
    "intranet": "198.51.100.1",
    "db": "198.51.100.2",
    "kube-system": "198.51.100.4",
    "wiki": "198.51.100.5",
    "team": "198.51.100.6",
    "noted": "198.51.100.7",
    "half": "198.51.100.8",
    "whole": "198.51.100.9,2001:db8::9",
    "wild": "198.51.100.99",
    "web:80": f"80:{_PORTS}",
    "web:8080": "8080:www.example.com",
    "postgres:5432": ",".join(f"5432:{host}" for host in _HOSTS),
    "sip": "5060:mail.example.com",
    "mail": "10:mail.example.com",
    "note": "a note",
    "web.full": _WEB,
    "shop-web.full": _WEB.replace("default", "shop"),
    "www.name": "www.example.com",
    "api.name": "api.example.com",
    "www.wild": "www.example.com.wild.example.net",
    "api.wild": "api.example.com.wild.example.net",
    "no.wild": "nothing.wild.example.net",
    "crowd": ",".join(sorted(CROWD)),
}
_NAMED = {outcome: word for word, outcome in WORDS.items()}


class Habit(NamedTuple):
    """Resolvers that find something else: `outcome`, or one of several; None means that it is not asked."""

    resolvers: str
    lookups: str
    columns: str
    outcome: str | None
    why: str

    def covers(self, resolver: str, lookup: str, column: str) -> bool:
        lookups = any(fnmatchcase(lookup, pattern) for pattern in self.lookups.split())
        return lookups and resolver in self.resolvers.split() and column in self.columns.split()


_ALL = "first shop config own short wild"
_SEARCHING = "first shop config wild"
_STOPS = "an empty answer ends the search"
_OTHER_TYPES = "MX=example.com TXT=text.example.com SRV=_sip._tcp.example.com CNAME=api.example.com"

HABITS = (
    Habit("musl dig dnspython", "ADDR=kube-system ADDR=default.svc", _SEARCHING, "empty", _STOPS),
    Habit("musl dig dnspython", "ADDR=note.example.org", "first shop wild", "empty", _STOPS),
    Habit("musl dig dnspython", "ADDR=default ADDR=notes", "wild", "empty", _STOPS),
    Habit("dig dnspython", _OTHER_TYPES, "wild", "empty", _STOPS),
    Habit("musl", "ADDR=crowd*", _ALL, "crowd|part", "has TCP since 1.2.4"),
    Habit("busybox", "ADDR=crowd*", _ALL, "part", "has no TCP"),
    Habit("go", "CANON=external-service", _ALL, "api.name|www.name", "two answers race"),
    Habit("busybox", "ADDR=broken*", f"{_ALL} node", None, "asks again until it gives up"),
    Habit(
        "musl", "ADDR=broken*", "first shop own short wild node", None, "waits for a better answer until then"
    ),
)


def _read_table() -> dict[str, dict[str, str]]:
    text = (Path(__file__).parent / "names.txt").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    columns = lines[0].split()
    rows = (line.split() for line in lines[1:])
    return {
        lookup: dict(zip(columns, ["missing" if cell == "-" else cell for cell in cells], strict=True))
        for lookup, *cells in rows
    }


TABLE = _read_table()
"""Lookup → column → the word for the outcome."""


def expected(resolver: Resolver, pod: Pod) -> dict[str, str]:
    """Return what a resolver is asked in a Pod, and words for what it is to find, "|" between them."""
    asked = [each for each in TABLE if each.partition("=")[0] in resolver.kinds]
    said = {each: _expected(resolver, pod, each) for each in asked}
    return {each: outcome for each, outcome in said.items() if outcome is not None}


def _expected(resolver: Resolver, pod: Pod, lookup: str) -> str | None:
    outcome: str | None = TABLE[lookup][pod.like]
    if not lookup.endswith(".") and resolver.as_written(lookup, pod.ndots):
        outcome = TABLE.get(f"{lookup}.", {}).get(pod.like, "missing")
    for each in HABITS:
        if outcome != "missing" and each.covers(resolver.name, lookup, pod.like):
            outcome = each.outcome
    if outcome and resolver.one_word:
        outcome = outcome.replace("empty", "missing")
    return outcome


def wrong(resolver: Resolver, ask: Ask, where: Place, pod: Pod) -> Outcomes:
    """Ask everything; return of the lookups that have another outcome than they should what they have."""
    wanted = expected(resolver, pod)
    found = named(ask(where, pod, list(wanted)))
    return {
        lookup: f"{found.get(lookup)}, not {outcome}"
        for lookup, outcome in wanted.items()
        if found.get(lookup) not in outcome.split("|")
    }


def named(outcomes: Outcomes) -> Outcomes:
    """Put words in place of outcomes where there are such words."""
    return {lookup: _name(outcome) for lookup, outcome in outcomes.items()}


def _name(outcome: str) -> str:
    found = set(outcome.split(","))
    some = len(found) >= 20 and found < set(CROWD)
    return "part" if some else _NAMED.get(outcome, outcome)
