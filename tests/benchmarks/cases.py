"""The questions of the benchmark with the answers that are right, and the check of a server against them.

A case is data; how it is asked and measured is decided elsewhere.
"""

from collections.abc import Iterator
from enum import Enum, auto
from ipaddress import ip_address
from itertools import islice
from typing import NamedTuple

from tests.benchmarks import plan
from tests.benchmarks.packets import Question, Response, read_response
from tests.benchmarks.plan import PlannedService, Size
from tests.benchmarks.probe import Address, ask, udp_socket


class Expected(NamedTuple):
    """A question, and the rcode and number of answers that it must get.

    A response that is truncated may hold fewer: what is cut is the server's choice.
    """

    question: Question
    rcode: str
    answers: int

    def accepts(self, response: Response) -> bool:
        return response.rcode == self.rcode and (response.answers == self.answers or response.truncated)


class Realm(Enum):
    """Where names lie: not every server is there for all of them."""

    CLUSTER = auto()
    REVERSE = auto()
    OUTSIDE = auto()


class Case(NamedTuple):
    """A row group of the table: all its questions are asked in turn, again and again.

    `edns`: its queries have an OPT record always, as the response does not fit otherwise.
    """

    name: str
    expected: tuple[Expected, ...]
    realm: Realm = Realm.CLUSTER
    edns: bool = False

    @property
    def questions(self) -> list[Question]:
        return [each.question for each in self.expected]


def _a(service: PlannedService) -> Expected:
    return Expected(Question(service.host, "A"), "NOERROR", service.endpoints if service.headless else 1)


def _aaaa(service: PlannedService) -> Expected:
    return Expected(Question(service.host, "AAAA"), "NOERROR", 0)


def _srv(service: PlannedService) -> Expected:
    answers = service.endpoints if service.headless else 1
    return Expected(Question(f"_http._tcp.{service.host}", "SRV"), "NOERROR", answers)


def _searched(service: PlannedService) -> Expected:
    """What a resolver with ndots:5 asks first for a full name: the name in its own search domain."""
    return Expected(Question(f"{service.host}.{service.namespace}.svc.{plan.ZONE}", "A"), "NXDOMAIN", 0)


def _ptr(service: PlannedService) -> Expected:
    return Expected(Question(ip_address(service.cluster_ip).reverse_pointer, "PTR"), "NOERROR", 1)


def _outside(number: int) -> Expected:
    return Expected(Question(f"host-{number}.{plan.OUTSIDE}", "A"), "NOERROR", 1)


MIX = (_a, _a, _a, _a, _a, _aaaa, _aaaa, _searched, _searched, _srv)
"""Of ten names five are asked for A, two for AAAA, two are search domains' misses, one is asked for SRV."""


CACHED_A = Case("cached A", (_a(plan.WEB),))


def remembered_cases(size: Size, names: int = 10_000) -> list[Case]:
    """Return the cases whose answers a server has given before; one is the mix of `names` names.

    A hundred addresses are asked for with EDNS only: they do not fit into 512 octets, and what servers
    leave in a truncated response differs too much to compare them. There are few names outside: a cache
    that keeps them for half a minute is not to be busy with asking for them anew.
    """
    numbered = list(islice(_ordinary(size), names))
    return [
        CACHED_A,
        Case("NODATA AAAA", (_aaaa(plan.WEB),)),
        Case("NXDOMAIN", (_searched(plan.WEB),)),
        Case("SRV", (_srv(plan.WEB),)),
        Case("headless 10", (_a(plan.HEADLESS_10),)),
        Case("headless 100", (_a(plan.HEADLESS_100),), edns=True),
        Case(f"mix of {len(numbered):,}", tuple(MIX[i % len(MIX)](s) for i, s in enumerate(numbered))),
        Case("PTR", (_ptr(plan.WEB),), Realm.REVERSE),
        Case("external A", (_outside(0),), Realm.OUTSIDE),
        Case("100 external A", tuple(map(_outside, range(100))), Realm.OUTSIDE),
    ]


def built_cases(size: Size, names: int = 10_000) -> list[Case]:
    """Return the cases whose answers must be built: a fresh server is asked each name once."""
    numbered = list(islice(_ordinary(size), names))
    clustered = [service for service in numbered if not service.headless]
    headless = [service for service in numbered if service.headless]
    return [
        Case("built A", tuple(map(_a, clustered))),
        Case("built NODATA AAAA", tuple(map(_aaaa, clustered))),
        Case("built NXDOMAIN", tuple(map(_searched, clustered))),
        Case("built SRV", tuple(map(_srv, clustered))),
        Case("built headless A", tuple(map(_a, headless))),
    ]


def _ordinary(size: Size) -> Iterator[PlannedService]:
    """Yield the Services that are not special and that exist in DNS (headless: with an endpoint)."""
    for service in islice(plan.services(size), len(plan.SPECIALS), None):
        if service.endpoints or not service.headless:
            yield service


def faults(address: Address, case: Case, *, edns: bool, limit: int = 3) -> list[str]:
    """Ask every question of the case once and say what came instead of the right answer, `limit` at most."""
    found: list[str] = []
    with udp_socket(address) as sock:
        sock.settimeout(2.0)
        for index, expected in enumerate(case.expected):
            question = expected.question
            try:
                response = read_response(ask(sock, question, index & 0xFFFF, edns=edns))
            except (OSError, ValueError) as error:
                found.append(f"{question.qname} {question.qtype}: {error}")
            else:
                if not expected.accepts(response):
                    found.append(
                        f"{question.qname} {question.qtype}: {response.describe()}, "
                        f"not {expected.rcode} with {expected.answers}"
                    )
            if len(found) == limit:
                break
    return found
