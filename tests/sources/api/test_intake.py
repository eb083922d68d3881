"""kdns.sources.api.intake: the API's JSON becomes events of the state; nothing is believed unread."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.cluster.events import Deleted, Tag, address_tag, namespace_tag, service_tag
from kdns.cluster.objects import EndpointSlice, ObjectKey, ServiceKey
from kdns.cluster.state import ClusterState
from kdns.sources.api.health import Health
from kdns.sources.api.intake import Identity, Intake, identify
from kdns.sources.api.resources import ENDPOINT_SLICES, NAMESPACES, PODS, SERVICES, Resource
from kdns.sources.fields import NotUnderstood
from tests.apiserver.builders import Object, changed, endpoint_slice, namespace, pod, service
from tests.sources.api.following import held

WEB = ServiceKey("shop", "web")


class Taking:
    """An Intake, what it was told and what it told."""

    def __init__(self, resource: Resource = SERVICES) -> None:
        self.state = ClusterState()
        self.tags: list[Tag] = []
        self.slices: list[EndpointSlice] = []
        self.health = Health(resource.plural)
        self.intake = Intake(resource, self.state, self.health, self.tags.extend, self.slices.append)

    def take(self, event_type: str, obj: Object, version: object = "1") -> str:
        return self.intake.take(event_type, raw(obj, version))

    def relist(self, *objects: Object, version: object = "1") -> list[ObjectKey]:
        """List these anew and return what was deleted for it."""
        self.intake.begin()
        for obj in objects:
            self.take("ADDED", obj, version)
        events = [event for event in self.intake.missing() if event]
        for event in events:
            self.intake.apply(event)
        assert all(isinstance(event, Deleted) for event in events)
        return [event.key for event in events if isinstance(event, Deleted)]

    @property
    def names(self) -> list[str]:
        return sorted(name for _, name in self.intake.held_keys())


def raw(obj: Object, version: object = "1") -> bytes:
    return json.dumps(obj | {"metadata": obj["metadata"] | {"resourceVersion": version}}).encode()


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        (service("shop/web"), Identity("shop", "web", "7")),
        (namespace("shop"), Identity("", "shop", "7")),
        ({"metadata": {"name": "x"}, "spec": 7, "extra": [None]}, Identity("", "x", "7")),
    ],
)
def test_an_object_is_identified_whatever_else_it_holds(obj: Object, expected: Identity) -> None:
    assert identify(raw(obj, "7")) == expected


@pytest.mark.parametrize(
    "said",
    [
        b"null",
        b"7",
        b"[]",
        b"{}",
        b'{"metadata":null}',
        b'{"metadata":{}}',
        b'{"metadata":{"name":"x"}}',
        b'{"metadata":{"resourceVersion":"1"}}',
        b'{"metadata":{"name":"","resourceVersion":"1"}}',
        b'{"metadata":{"name":"x","resourceVersion":""}}',
        b'{"metadata":{"name":"x","resourceVersion":1}}',
        b'{"metadata":{"name":["x"],"resourceVersion":"1"}}',
        b'{"metadata":{"name":"x","namespace":null,"resourceVersion":"1"}}',
        b'{"metadata":{"name":"\xff","resourceVersion":"1"}}',
        b'{"metadata":{"name":"x","resourceVersion":"1"},"spec":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=lambda each: repr(each[:60]),
)
@pytest.mark.parametrize("event_type", ["ADDED", "MODIFIED", "DELETED"])
def test_without_name_and_version_it_is_not_understood_and_nothing_changes(
    said: bytes, event_type: str
) -> None:
    taking = Taking()
    taking.take("ADDED", service("shop/web", "10.96.0.1"))
    before = held(taking.state)
    with pytest.raises(NotUnderstood):
        taking.intake.take(event_type, said)
    assert held(taking.state) == before


@given(st.sampled_from(["ADDED", "MODIFIED", "DELETED"]), st.binary(max_size=50))
def test_bytes_are_taken_or_not_understood(event_type: str, said: bytes) -> None:
    with pytest.raises(NotUnderstood):
        Taking().intake.take(event_type, said)


def test_an_addition_a_change_and_a_deletion_become_events_and_their_tags() -> None:
    taking = Taking()
    assert taking.take("ADDED", service("shop/web", "10.96.0.1"), "5") == "5"
    assert taking.state.services[WEB].cluster_ips == ("10.96.0.1",)
    assert {service_tag(WEB), address_tag("10.96.0.1")} == set(taking.tags)
    taking.tags.clear()
    assert taking.take("MODIFIED", service("shop/web", "10.96.0.2"), "6") == "6"
    assert taking.state.services[WEB].cluster_ips == ("10.96.0.2",)
    assert set(taking.tags) >= {address_tag("10.96.0.1"), address_tag("10.96.0.2")}
    assert taking.take("DELETED", service("shop/web", "10.96.0.2"), "7") == "7"
    assert not taking.state.services
    assert taking.health.events == {"ADDED": 1, "MODIFIED": 1, "DELETED": 1}


def test_the_deletion_of_what_is_not_held_is_nothing() -> None:
    taking = Taking()
    assert taking.take("DELETED", service("shop/web"), "7") == "7"
    assert not taking.tags


def test_a_version_that_is_held_is_not_read_again() -> None:
    taking = Taking()
    taking.take("ADDED", service("shop/web", "10.96.0.1"), "5")
    taking.tags.clear()
    assert taking.take("ADDED", service("shop/web", "10.96.0.9"), "5") == "5"
    assert taking.state.services[WEB].cluster_ips == ("10.96.0.1",)
    assert not taking.tags


def test_a_change_that_dns_cannot_show_moves_the_version_only() -> None:
    taking = Taking()
    taking.take("ADDED", service("shop/web", "10.96.0.1"), "5")
    taking.tags.clear()
    taking.take("MODIFIED", changed(service("shop/web", "10.96.0.1"), labels={"a": "b"}), "6")
    assert (taking.intake.version_of(WEB), taking.tags) == ("6", [])


BROKEN: list[tuple[Resource, Object]] = [
    (SERVICES, service("shop/web", "no address")),
    (SERVICES, service("shop/web", type="ExternalName", externalName="..")),
    (SERVICES, service("shop/web", type="Teleporter")),
    (SERVICES, service("shop/web") | {"spec": []}),
    (SERVICES, service("shop/web", ports=()) | {"spec": {"ports": [{"port": 0}]}}),
    (ENDPOINT_SLICES, endpoint_slice("shop/web", name="web") | {"endpoints": {}}),
    (PODS, pod("shop/web", "10.0.0.300")),
    (NAMESPACES, changed(namespace("web"), labels={"a": 7})),
]
GOOD = {
    SERVICES: service("shop/web", "10.96.0.1"),
    ENDPOINT_SLICES: endpoint_slice("shop/web", "10.0.0.1", name="web"),
    PODS: pod("shop/web", "10.0.0.1"),
    NAMESPACES: namespace("web"),
}


@pytest.mark.parametrize(("resource", "broken"), BROKEN)
def test_what_is_not_understood_is_named_and_keeps_what_was_held(
    resource: Resource, broken: Object, caplog: pytest.LogCaptureFixture
) -> None:
    taking = Taking(resource)
    taking.take("ADDED", GOOD[resource], "5")
    before = held(taking.state)
    assert taking.take("MODIFIED", broken, "6") == "6"
    assert held(taking.state) == before
    assert taking.health.not_understood == 1
    assert f"{resource.kind} {broken['metadata'].get('namespace', '')}/web is passed over" in caplog.text
    key = (broken["metadata"].get("namespace", ""), "web")
    assert taking.intake.version_of(key) == "6", "it is no difference to what the server has"
    taking.take("MODIFIED", broken, "6")
    assert taking.health.not_understood == 1, "the same version is not complained of again"
    taking.take("MODIFIED", GOOD[resource], "7")
    assert taking.intake.version_of(key) == "7"
    taking.take("MODIFIED", broken, "8")
    taking.take("DELETED", broken, "9")
    assert not held(taking.state)
    assert taking.intake.version_of(key) is None


@pytest.mark.parametrize("phase", ["Succeeded", "Failed", "Unknown"])
def test_a_pod_that_ends_is_dropped_and_no_difference(phase: str) -> None:
    taking = Taking(PODS)
    taking.take("ADDED", pod("shop/web", "10.0.0.1"), "5")
    taking.tags.clear()
    taking.take("MODIFIED", pod("shop/web", "10.0.0.1", phase=phase), "6")
    assert not taking.state.pods
    assert taking.tags == [address_tag("10.0.0.1")]
    assert taking.intake.version_of(WEB) == "6"


def test_a_pod_that_is_going_is_dropped_and_one_without_address_is_not_held_yet() -> None:
    taking = Taking(PODS)
    taking.take("ADDED", pod("shop/web"), "4")
    assert not taking.state.pods
    taking.take("MODIFIED", pod("shop/web", "10.0.0.1"), "5")
    assert WEB in taking.state.pods
    going = pod("shop/web", "10.0.0.1")
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    taking.take("MODIFIED", going, "6")
    assert not taking.state.pods


@pytest.mark.parametrize("labels", [{}, {"kubernetes.io/service-name": ""}, {"other": "web"}])
def test_a_slice_that_loses_its_service_is_dropped_and_comes_back_with_it(labels: dict[str, str]) -> None:
    taking = Taking(ENDPOINT_SLICES)
    whole = endpoint_slice("shop/web", "10.0.0.1")
    taking.take("ADDED", whole, "5")
    taking.tags.clear()
    taking.take("MODIFIED", changed(whole, labels=labels), "6")
    assert not taking.state.slices_of(WEB)
    assert service_tag(WEB) in taking.tags
    assert taking.intake.version_of(("shop", "web-1")) == "6"
    taking.take("MODIFIED", whole, "7")
    assert len(taking.state.slices_of(WEB)) == 1


def test_a_slice_that_changes_its_service_belongs_to_the_new_one() -> None:
    taking = Taking(ENDPOINT_SLICES)
    taking.take("ADDED", endpoint_slice("shop/web", "10.0.0.1", name="x"), "5")
    taking.tags.clear()
    taking.take("MODIFIED", endpoint_slice("shop/api", "10.0.0.1", name="x"), "6")
    assert not taking.state.slices_of(WEB)
    assert {service_tag(WEB), service_tag(ServiceKey("shop", "api"))} <= set(taking.tags)


def test_slices_are_told_of_when_they_change_but_not_when_they_are_listed() -> None:
    taking = Taking(ENDPOINT_SLICES)
    taking.relist(endpoint_slice("shop/web", "10.0.0.1"))
    assert not taking.slices
    taking.take("MODIFIED", endpoint_slice("shop/web", "10.0.0.2"), "2")
    taking.take("MODIFIED", endpoint_slice("shop/web", "10.0.0.2"), "2")
    assert [each.endpoints[0].address for each in taking.slices] == ["10.0.0.2"]


def test_a_relist_deletes_what_it_has_not_seen_and_nothing_else() -> None:
    taking = Taking()
    assert taking.relist(*map(service, ("shop/a", "shop/b", "other/a"))) == []
    assert taking.relist(service("shop/b"), service("shop/c")) == [
        ObjectKey("Service", "shop", "a"),
        ObjectKey("Service", "other", "a"),
    ]
    assert taking.names == ["b", "c"]
    assert len(taking.relist()) == 2
    assert taking.names == []


@given(
    st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("abc"))
)
def test_after_a_relist_what_was_listed_is_held(first: set[str], then: set[str], broken: set[str]) -> None:
    taking = Taking()
    taking.relist(*(service(f"shop/{name}") for name in first))
    objects: list[Any] = [service(f"shop/{name}", *["bad"] * (name in broken)) for name in then]
    deleted = {key.name for key in taking.relist(*objects, version="2")}
    assert deleted == first - then
    assert set(taking.names) == (then - broken) | (first & then)
    for name in "abcdef":
        assert (taking.intake.version_of(("shop", name)) == "2") == (name in then)


def test_what_is_listed_and_not_understood_is_not_deleted() -> None:
    taking = Taking()
    taking.relist(service("shop/web", "10.96.0.1"))
    assert taking.relist(service("shop/web", "bad"), version="2") == []
    assert taking.state.services[WEB].cluster_ips == ("10.96.0.1",)


def test_a_deletion_while_everything_is_listed_counts() -> None:
    taking = Taking()
    taking.intake.begin()
    taking.take("ADDED", service("shop/a"))
    taking.take("DELETED", service("shop/a"), "2")
    assert not any(taking.intake.missing())
    assert taking.names == []


def test_a_relist_that_is_given_up_leaves_no_trace_in_the_next() -> None:
    taking = Taking()
    taking.relist(service("shop/a"), service("shop/b"))
    taking.intake.begin()
    taking.take("ADDED", service("shop/a"))
    assert taking.relist(service("shop/b")) == [ObjectKey("Service", "shop", "a")]


def test_namespaces_are_told_by_their_labels() -> None:
    taking = Taking(NAMESPACES)
    taking.take("ADDED", namespace("shop", team="a"))
    taking.take("MODIFIED", namespace("shop", team="b"), "2")
    assert taking.tags == [namespace_tag("shop")] * 2
    assert taking.state.namespaces["shop"].labels == (("team", "b"),)
