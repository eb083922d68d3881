"""Answers themselves are tests/answers; here it is about what they depend on, and which RRsets they are."""

from collections.abc import Sequence

import pytest

from kdns.cluster.events import Applied, Deleted, WatchEvent
from kdns.cluster.objects import ClusterObject
from kdns.cluster.selectors import parse_selector
from kdns.records.cluster_zone import ClusterZone
from kdns.records.options import RecordOptions
from kdns.records.outcome import Outcome
from kdns.wire import codes
from kdns.wire.names import from_text, to_text
from tests.builders import (
    cluster_ip,
    deleted,
    endpoints,
    external,
    headless,
    namespace,
    pod,
    reverse_name,
    state_of,
)

ZONE = "cluster.local."
OWN = ("10.1.0.53",)
CLUSTER = (
    namespace(),
    namespace("other"),
    cluster_ip("web", "10.96.0.1"),
    endpoints("web", "10.1.0.1", "10.1.0.2 unready"),
    headless("hl"),
    endpoints("hl", "10.1.0.3 hostname=a", "10.1.0.4"),
    cluster_ip("other/web", "10.96.0.2"),
    external("ext", "www.example.com"),
    external("inside", "web.other.svc.cluster.local"),
    external("dangling", "new.other.svc.cluster.local"),
    pod("p", "10.1.0.1"),
    cluster_ip("dns", "10.96.0.53"),
    endpoints("dns", "10.1.0.53"),
)


def lookup(state: object, question: str, **options: object) -> Outcome:
    name, qtype = question.split()
    qname = from_text(name, from_text(ZONE))
    records = RecordOptions(**{"pods": "verified", "own_addresses": OWN, **options})  # type: ignore[arg-type]
    zone = next(z for z in ("in-addr.arpa.", "ip6.arpa.", ZONE) if qname.endswith(from_text(z)))
    return ClusterZone(state, records, from_text(zone)).lookup(  # type: ignore[arg-type]
        qname, codes.type_from_text(qtype)
    )


NEW = cluster_ip("new", "10.96.0.9")
CHANGES = [
    # question, event, does the answer change?
    ("web.ns.svc A", cluster_ip("web", "10.96.0.8"), True),
    ("web.ns.svc A", deleted(cluster_ip("web")), True),
    ("web.ns.svc A", headless("web"), True),
    ("web.ns.svc A", external("web", "x."), True),
    ("web.ns.svc A", cluster_ip("web", "10.96.0.1"), False),
    ("web.ns.svc A", cluster_ip("other/web", "10.96.0.8"), False),
    ("web.ns.svc A", deleted(namespace()), True),
    ("web.ns.svc A", deleted(namespace("other")), False),
    ("web.ns.svc A", NEW, False),
    ("web.ns.svc SRV", cluster_ip("web", "10.96.0.1", ports=("http:81/tcp",)), True),
    ("new.ns.svc A", NEW, True),
    ("new.ns.svc A", endpoints("hl", "10.1.0.9"), False),
    ("new.ns.svc TXT", NEW, True),
    ("new.ns.svc A", pod("new", "10.96.0.9"), False),
    ("_http._tcp.new.ns.svc SRV", NEW, True),
    ("_tcp.new.ns.svc A", NEW, True),
    ("a.new.ns.svc A", endpoints("other/new", "10.1.0.9 hostname=a"), False),
    ("web.new.svc A", namespace("newer"), False),
    ("new.svc A", namespace("new"), True),
    ("new.svc A", namespace("newer"), False),
    ("new.pod A", namespace("new"), True),
    ("other.svc A", deleted(namespace("other")), True),
    ("10-1-0-1.web.ns.svc A", endpoints("web", "10.1.0.2"), True),
    ("10-1-0-2.web.ns.svc A", endpoints("web", "10.1.0.2"), True),
    ("10-1-0-9.web.ns.svc A", endpoints("web", "10.1.0.9", name="web-2"), True),
    ("hl.ns.svc A", endpoints("hl", "10.1.0.3 hostname=a"), True),
    ("hl.ns.svc A", deleted(endpoints("hl")), True),
    ("hl.ns.svc A", endpoints("hl", "10.1.0.3 hostname=a", "10.1.0.4", changed_at=7.0), False),
    ("hl.ns.svc A", endpoints("web", "10.1.0.9"), False),
    ("hl.ns.svc A", endpoints("other", "10.1.0.9", name="hl-1"), True),
    ("hl.ns.svc AAAA", endpoints("hl", "fd00::1", name="hl-2"), True),
    ("_http._tcp.hl.ns.svc SRV", endpoints("hl", "10.1.0.3 hostname=b", "10.1.0.4"), True),
    ("10-1-0-1.ns.pod A", deleted(pod("p")), True),
    ("10-1-0-1.ns.pod A", pod("q", "10.1.0.9"), False),
    ("10-1-0-9.ns.pod A", pod("q", "10.1.0.9"), True),
    (f"{reverse_name('10.1.0.1')} PTR", endpoints("web", "10.1.0.2"), True),
    (f"{reverse_name('10.1.0.1')} PTR", endpoints("web", "10.1.0.1", "10.1.0.2"), False),
    (f"{reverse_name('10.1.0.1')} PTR", endpoints("web", "10.1.0.1 hostname=h"), True),
    (f"{reverse_name('10.1.0.1')} PTR", endpoints("web", "10.1.0.1 unready"), True),
    (f"{reverse_name('10.1.0.1')} PTR", endpoints("hl", "10.1.0.1", name="web-1"), True),
    (f"{reverse_name('10.1.0.1')} PTR", cluster_ip("new", "10.1.0.1"), True),
    (f"{reverse_name('10.96.0.9')} PTR", NEW, True),
    (f"{reverse_name('10.96.0.9')} PTR", cluster_ip("new", "10.96.0.10"), False),
    (f"{reverse_name('10.96.0.1')} PTR", deleted(cluster_ip("web")), True),
    (f"{reverse_name('10.96.0.1')} PTR", deleted(namespace()), False),
    ("ext.ns.svc A", external("ext", "www.example.org"), True),
    ("ext.ns.svc A", NEW, False),
    ("inside.ns.svc A", cluster_ip("other/web", "10.96.0.8"), True),
    ("inside.ns.svc A", deleted(namespace("other")), True),
    ("inside.ns.svc A", deleted(cluster_ip("other/web")), True),
    ("inside.ns.svc CNAME", deleted(cluster_ip("other/web")), False),
    ("dangling.ns.svc A", cluster_ip("other/new", "10.96.0.9"), True),
    ("dangling.ns.svc A", NEW, False),
    ("@ NS", cluster_ip("dns", "10.96.0.54"), True),
    ("@ NS", deleted(endpoints("dns")), True),
    ("@ NS", NEW, False),
    ("ns.dns A", cluster_ip("dns", "10.96.0.54"), True),
    ("ns.dns A", endpoints("dns", "10.1.0.54"), True),
    ("ns.dns TXT", cluster_ip("dns", "10.96.0.54"), False),
    ("@ SOA", NEW, False),
    ("@ A", NEW, False),
    ("svc A", NEW, False),
    ("x.y A", NEW, False),
    ("a.b.c.new.ns.svc A", NEW, False),
]

NEEDLESS = [
    ("10-1-0-9.ns.pod A", endpoints("web", "10.1.0.9")),
    ("10-1-0-9.new.pod A", namespace("new")),
    ("@ NS", endpoints("new", "10.1.0.53")),
    ("web.ns.svc A", namespace("ns", team="a")),
    ("web.ns.svc A", endpoints("web", "10.1.0.9")),
]
"""Questions whose answers an event leaves as they are, although it shares a tag with them."""


def applied(event: ClusterObject | WatchEvent) -> WatchEvent:
    return event if isinstance(event, Applied | Deleted) else Applied(event)


def shown(outcome: Outcome) -> Outcome:
    """Return what of an outcome a client can see once everything has been seen."""
    return outcome._replace(tags=frozenset(), needs=frozenset())


def before_and_after(question: str, event: ClusterObject | WatchEvent) -> tuple[Outcome, bool, bool]:
    """Return the outcome before the event, whether another one follows, and whether their tags say so."""
    state = state_of(*CLUSTER)
    before = lookup(state, question)
    tags = state.apply(applied(event))
    after = lookup(state, question)
    differs = shown(before) != shown(after)
    return before, differs, not tags.isdisjoint(before.tags)


@pytest.mark.parametrize(("question", "event", "changes"), CHANGES)
def test_tags_of_an_event_meet_those_of_an_answer_exactly_when_it_changes(
    question: str, event: ClusterObject | WatchEvent, changes: bool
) -> None:
    _, differs, is_forgotten = before_and_after(question, event)
    assert (differs, is_forgotten) == (changes, changes)


@pytest.mark.parametrize(("question", "event"), NEEDLESS)
def test_an_answer_may_be_forgotten_needlessly_where_a_tag_is_coarser_than_it(
    question: str, event: ClusterObject | WatchEvent
) -> None:
    _, differs, is_forgotten = before_and_after(question, event)
    assert (differs, is_forgotten) == (False, True)


def test_pointers_depend_on_namespaces_where_some_are_hidden() -> None:
    state = state_of(*CLUSTER)
    question = f"{reverse_name('10.1.0.1')} PTR"
    hidden = lookup(state, question, namespaces=frozenset({"other"}))
    shown = lookup(state, question, namespaces=frozenset({"ns"}))
    tags = state.apply(deleted(namespace()))
    assert not tags.isdisjoint(hidden.tags)
    assert not tags.isdisjoint(shown.tags)
    assert shown.exists
    assert not lookup(state, question, namespaces=frozenset({"ns"})).exists


LABELS = {"namespace_labels": parse_selector("show=yes")}
POINTER = f"{reverse_name('10.96.0.1')} PTR"


@pytest.mark.parametrize(
    "question",
    ["web.ns.svc A", "web.ns.svc SRV", "hl.ns.svc A", "ns.svc A", "ns.pod A", "10-1-0-1.ns.pod A", POINTER],
)
def test_namespace_labels_show_and_hide_everything_of_a_namespace_as_they_change(question: str) -> None:
    state = state_of(*CLUSTER)
    for labels, is_shown in (({}, False), ({"show": "yes"}, True), ({"show": "no"}, False)):
        before = lookup(state, question, **LABELS)
        tags = state.apply(Applied(namespace("ns", **labels)))
        after = lookup(state, question, **LABELS)
        assert after.exists is is_shown
        assert before.exists == after.exists or not tags.isdisjoint(before.tags)


def test_pointers_of_hidden_namespaces_are_left_out_of_those_that_are_shown() -> None:
    state = state_of(*CLUSTER, namespace("other", show="yes"), endpoints("other/web", "10.1.0.1"))
    question = f"{reverse_name('10.1.0.1')} PTR"
    (shown,) = lookup(state, question, **LABELS).answer
    assert len(shown.rdatas) == 1
    (both,) = lookup(state, question).answer
    assert len(both.rdatas) == 2


@pytest.mark.parametrize("question", ["web.ns.svc A", POINTER])
def test_before_labels_are_known_nothing_is_told_nor_denied(question: str) -> None:
    state = state_of(*CLUSTER[2:])
    state.unsynced = frozenset({"Namespace"})
    found = lookup(state, question, **LABELS)
    assert (found.exists, "Namespace" in found.needs) == (False, True)
    assert lookup(state, question).exists, "without them, a namespace that may exist is answered for"


@pytest.mark.parametrize(
    "name", ["x", "a.b.c.web.ns.foo", "dns", "svc", "pod", "dns-version", "1.in-addr.arpa."]
)
@pytest.mark.parametrize("qtype", ["A", "SRV"])
def test_names_that_no_object_can_have_carry_no_tags(name: str, qtype: str) -> None:
    assert lookup(state_of(*CLUSTER), f"{name} {qtype}").tags == frozenset()


@pytest.mark.parametrize(
    ("question", "alias"),
    [
        ("ext.ns.svc A", "www.example.com."),
        ("ext.ns.svc CNAME", None),
        ("inside.ns.svc A", None),
        ("dangling.ns.svc A", None),
        ("web.ns.svc A", None),
    ],
)
def test_alias_is_the_name_that_somebody_else_has_to_chase(question: str, alias: str | None) -> None:
    found = lookup(state_of(*CLUSTER), question).alias
    assert (found and to_text(found)) == alias


def test_a_chain_that_leaves_the_zone_on_the_way_carries_all_its_tags() -> None:
    links = [external("one", "two.ns.svc.cluster.local"), external("two", "www.example.com")]
    found = lookup(state_of(*CLUSTER, *links), "one.ns.svc TXT")
    assert [to_text(rrset.owner) for rrset in found.answer] == [
        "one.ns.svc.cluster.local.",
        "two.ns.svc.cluster.local.",
    ]
    assert found.alias == from_text("www.example.com.")
    assert {("service", "ns", "one"), ("service", "ns", "two"), ("namespace", "ns")} == found.tags


@pytest.mark.parametrize("target", ["a..b", "x" * 64, "x." * 130])
def test_an_external_name_that_is_no_name_does_not_exist(target: str) -> None:
    assert not lookup(state_of(namespace(), external("bad", target)), "bad.ns.svc A").exists


def test_ttl_zero_is_kept() -> None:
    objects: Sequence[ClusterObject] = [namespace(), cluster_ip("web", "10.96.0.1")]
    (answer,) = lookup(state_of(*objects), "web.ns.svc A", ttl=0).answer
    assert answer.ttl == 0
