"""The property that guards the fast path and invalidation: a warm responder answers as a fresh one does.

The warm one has met every query and every event so far. The fresh one is made for one query, has an empty
table and no fast path. For the same rotation turn they must agree to the octet.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kdns.answering import admission
from kdns.answering.by_client import Classify, ClassifyingResponder
from kdns.answering.chain import Link
from kdns.answering.prepared import Prepared
from kdns.answering.queries import Query
from kdns.answering.responder import Responder
from kdns.answering.responses import Response
from kdns.answering.table import DEFAULT_LIMIT, AnswerTable, question_key
from kdns.cluster.events import WatchEvent
from kdns.cluster.state import NEEDED_ALWAYS, ClusterState
from kdns.plugins._autopath_answers import aliased, flat
from kdns.plugins._autopath_paths import PodPaths
from kdns.plugins.autopath import AutoPath
from kdns.plugins.kubernetes import Kubernetes
from kdns.records.options import RecordOptions
from kdns.records.reverse import IN_ADDR_ARPA
from kdns.wire import codes, rrsets
from kdns.wire.names import ROOT, Name, from_text
from kdns.wire.rrsets import RRset
from tests.answering import universe
from tests.answering.fleeting import Fleeting
from tests.answering.particular import Particular, class_of
from tests.builders import TCP, UDP, Sender, Static, responder_of, reverse_name

WWW = from_text("www.example.com.")
STATIC_SOA = rrsets.SOA(WWW, WWW, 7, 1, 2, 3, 4).rdata()
ELSEWHERE = Static(
    {
        ("www.example.com.", codes.A): Response(
            answer=(RRset(WWW, codes.A, 60, tuple(map(rrsets.address, ("192.0.2.1", "192.0.2.2")))),)
        ),
        ("www.example.com.", codes.SOA): Response(answer=(RRset(WWW, codes.SOA, 60, (STATIC_SOA,)),)),
        ("gone.example.com.", codes.A): Response(
            codes.NXDOMAIN, authority=(RRset(WWW, codes.SOA, 60, (STATIC_SOA,)),)
        ),
        ("www.example.com.", codes.HTTPS): Response(answer=(RRset(WWW, codes.HTTPS, 60, (b"\0\1\0",)),)),
        ("www.example.com.", codes.HTTPS + 32): Response(answer=(RRset(WWW, codes.HTTPS + 32, 60, (b"x",)),)),
        (reverse_name("10.0.0.9"), codes.PTR): Response(answer=(RRset(WWW, codes.PTR, 60, (WWW,)),)),
    }
)


OUTSIDE = Sender(is_stream=False, address=("198.51.100.1", 53))

PLAIN = b"\0\7\1\0\0\1\0\0\0\0\0\0"
"""The header of a plain query."""


class Careful(Responder):
    """A responder without a fast path."""

    def recall(self, packet: bytes, kind: int, client_class: bytes = b"") -> bytes | None:
        return None


class CarefulByClass(Careful, ClassifyingResponder):
    """One that tells clients apart."""


class Twins:
    """A cluster, its warm responder, and a fresh one for every question.

    They tell clients apart if `particular` or `autopath` is before everything else in their chain.
    """

    def __init__(self, options: RecordOptions, limit: int = DEFAULT_LIMIT, before: str = "") -> None:
        ticks = count(1_000_000)
        self.state = ClusterState(lambda: next(ticks))
        self.state.mark_synced()
        self._options = options
        self.second = 0
        self._first, classify = self._telling_apart(before)
        self._careful = partial(CarefulByClass, classify=classify) if classify else Careful
        self._warm = self._responder(
            partial(ClassifyingResponder, classify=classify) if classify else Responder
        )
        self._warm.table = AnswerTable(self.state.serial, limit)
        self.recalled = self.forgotten = 0

    def _telling_apart(self, before: str) -> tuple[list[Link], Classify | None]:
        if before == "particular":
            return [Particular()], class_of
        if not before:
            return [], None
        paths = PodPaths(
            Kubernetes(self.state, self._options, [self._options.zone]), "search none.cluster.local"
        )
        plugin = AutoPath([ROOT], lambda: paths, make=flat if before.endswith("flat") else aliased)
        return [plugin], plugin.client_class

    @property
    def table(self) -> AnswerTable:
        return self._warm.table

    def _responder(self, kind: Callable[[AnswerTable], Responder]) -> Responder:
        made = responder_of(
            self.state,
            self._options,
            Fleeting(lambda: self.second),
            ELSEWHERE,
            fallthrough=[IN_ADDR_ARPA],
            kind=kind,
            origins=["example.com."],
            first=self._first,
        )
        made.table.tick(self.second)
        return made

    def pass_time(self) -> None:
        """Let a second go by."""
        self.second += 1
        self.table.tick(self.second)

    def happen(self, event: WatchEvent) -> None:
        before = len(self.table.entries)
        self._warm.forget(self.state.apply(event), self.state.serial)
        self.forgotten += before - len(self.table.entries)

    def see_all(self, kind: str) -> None:
        """All objects of a kind have been seen."""
        self._warm.forget(self.state.mark_synced(kind), self.state.serial)

    def ask(self, packet: bytes, client: Sender) -> None:
        """Ask both, and compare."""
        entry = self._entry(packet, client)
        turn = entry.turn if entry else 0
        expected = self._fresh_answer(packet, client, turn)
        self.recalled += self._is_recalled(packet, client)
        assert self._warm.respond(packet, client) == expected, f"{packet.hex()} over {client}, turn {turn}"

    def _fresh_answer(self, packet: bytes, client: Sender, turn: int) -> object:
        fresh = self._responder(self._careful)
        if turn:
            as_query = packet[:2] + bytes((packet[2] & 0x87,)) + packet[3:]  # only these are remembered
            fresh.respond(as_query, client)
            for entry in fresh.table.entries.values():
                entry.turn = turn
        return fresh.respond(packet, client)

    def _entry(self, packet: bytes, client: Sender) -> Prepared | None:
        """Return the answer that is remembered for this packet, if it is a query and one is."""
        query = admission.judge(packet)
        if not isinstance(query, Query):
            return None
        key = question_key(packet[12 : packet.find(0, 12) + 5]) + self._class(client)
        return self.table.find(key, query.variant)

    def _class(self, client: Sender) -> bytes:
        warm = self._warm
        if not isinstance(warm, ClassifyingResponder):
            return b""
        return warm._classes.get(client.host) or warm._classified(client.host, client.address[0])

    def _is_recalled(self, packet: bytes, client: Sender) -> bool:
        entry = self._entry(packet, client)
        if entry is None:
            return False
        hits = entry.turn
        answer = self._warm.recall(packet, client.kind, self._class(client))
        entry.turn = hits
        return answer is not None

    def ask_again(self, dice: Random, number: int, clients: Sequence[Sender] = (TCP,)) -> None:
        """Ask some of what is remembered once more: an answer that should have been forgotten shows here."""
        keys = [*self.table.entries]
        for key in dice.sample(keys, min(number, len(keys))):
            self.ask(PLAIN + key[: key.find(0) + 5], dice.choice(clients))


def walk(
    twins: Twins,
    dice: Random,
    steps: int,
    clients: Sequence[Sender] = (UDP, UDP, TCP, OUTSIDE),
    popular: Sequence[Name] = universe.POPULAR,
    qtypes: Sequence[int] = universe.QTYPES,
) -> None:
    """Let things happen and ask; for the first tenth not everything has been seen yet, then more and more."""
    twins.state.unsynced = frozenset(NEEDED_ALWAYS)
    for _ in range(30):
        twins.happen(universe.event(dice))
    for step in range(steps):
        for number, kind in enumerate(NEEDED_ALWAYS, 1):
            if step == steps * number // 30:
                twins.see_all(kind)
        if dice.random() < 0.05:
            twins.pass_time()
        if dice.random() < 0.08:
            twins.happen(universe.event(dice))
            twins.ask_again(dice, 12, clients)
        else:
            twins.ask(universe.packet(dice, popular, qtypes), dice.choice(clients))


@pytest.mark.parametrize(
    "options", universe.OPTIONS, ids=["default", "verified", "one namespace", "no endpoints"]
)
@pytest.mark.parametrize("seed", range(3))
def test_fast_is_careful_on_a_long_walk(seed: int, options: RecordOptions) -> None:
    limit = DEFAULT_LIMIT if seed else 40_000
    twins = Twins(options, limit)
    walk(twins, Random(seed), 2500)
    assert twins.recalled > 300, "or this test shows nothing"
    assert twins.forgotten > 100


@pytest.mark.parametrize("seed", range(3))
def test_fast_is_careful_with_errors_silence_and_clients_told_apart(seed: int) -> None:
    twins = Twins(universe.OPTIONS[0], before="particular")
    walk(twins, Random(seed), 2500)
    assert twins.recalled > 300, "or this test shows nothing"
    assert twins.forgotten > 100


PODS = [Sender(is_stream, (address, 53)) for address in universe.ADDRESSES for is_stream in (False, True)]
"""Clients who are Pods, now these and now others."""


@pytest.mark.parametrize("seed", range(4))
def test_fast_is_careful_while_addresses_pass_from_pod_to_pod(seed: int) -> None:
    twins = Twins(universe.OPTIONS[1], before="autopath flat" if seed % 2 else "autopath")
    walk(
        twins,
        Random(seed),
        2500,
        [*PODS, OUTSIDE],
        universe.SEARCHED,
        [*universe.QTYPES, *[codes.A, codes.AAAA] * 8],
    )
    assert twins.recalled > 300, "or this test shows nothing"
    assert twins.forgotten > 100
    twins.table.settle()
    [family] = twins._first[0].measure()
    assert family.samples[0][1] > 10


@given(st.randoms(use_true_random=False), st.sampled_from(universe.OPTIONS))
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_fast_is_careful_on_any_short_walk(dice: Random, options: RecordOptions) -> None:
    twins = Twins(options)
    for _ in range(dice.randrange(1, 12)):
        twins.happen(universe.event(dice))
    packets = [universe.packet(dice) for _ in range(dice.randrange(1, 4))]
    for _ in range(dice.randrange(1, 6)):
        for packet in packets:
            twins.ask(packet, dice.choice((UDP, TCP)))
        twins.happen(universe.event(dice))
        twins.pass_time()
        twins.ask_again(dice, 5)


@pytest.mark.parametrize("options", universe.OPTIONS[:3], ids=["default", "verified", "one namespace"])
def test_every_remembered_answer_is_right_after_every_event(options: RecordOptions) -> None:
    """All questions of the universe are asked; then all that is remembered is checked, event by event."""
    twins, dice = Twins(options), Random(11)
    for _ in range(30):
        twins.happen(universe.event(dice))
    everything = [
        name + qtype.to_bytes(2, "big") + b"\0\1"
        for name in universe.QNAMES
        for qtype in sorted({*universe.QTYPES})
    ]
    for _ in range(12):
        for question in dice.sample(everything, 400):
            twins.ask(PLAIN + question, TCP)
        twins.happen(universe.event(dice))
        twins.ask_again(dice, 1000)


def test_a_responder_that_forgets_nothing_is_caught() -> None:
    """The walk can tell a defect: without `forget` it fails at once."""
    twins = Twins(universe.OPTIONS[0])
    twins.table.forget = lambda tags, serial: setattr(twins.table, "serial", serial)  # type: ignore[method-assign]
    with pytest.raises(AssertionError, match="over Sender"):
        walk(twins, Random(0), 2500)
