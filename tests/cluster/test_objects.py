"""kdns.cluster.objects: keys, and values that survive msgspec."""

import msgspec
import pytest
from hypothesis import given

from kdns.cluster.objects import (
    ClusterObject,
    EndpointSlice,
    Namespace,
    ObjectKey,
    Pod,
    Service,
    ServiceKey,
    ServiceKind,
    key_of,
)
from tests.cluster.strategies import objects

SERVICE = Service("n", "web", ServiceKind.HEADLESS)


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (SERVICE, ObjectKey("Service", "n", "web")),
        (EndpointSlice("n", "web-1", "web"), ObjectKey("EndpointSlice", "n", "web-1")),
        (Pod("n", "p"), ObjectKey("Pod", "n", "p")),
        (Namespace("n"), ObjectKey("Namespace", "", "n")),
    ],
)
def test_keys_name_the_kind_the_namespace_and_the_object(value: ClusterObject, key: ObjectKey) -> None:
    assert key_of(value) == key


def test_a_slice_refers_to_the_service_by_its_key() -> None:
    assert EndpointSlice("n", "web-1", "web").service_key == SERVICE.key == ServiceKey("n", "web")


@given(objects)
def test_values_come_back_from_msgspec(value: ClusterObject) -> None:
    for codec in (msgspec.json, msgspec.msgpack):
        assert codec.decode(codec.encode(value), type=ClusterObject) == value


@pytest.mark.parametrize("value", [SERVICE, EndpointSlice("n", "s", "web"), Pod("n", "p"), Namespace("n")])
def test_values_are_frozen_and_hashable(value: ClusterObject) -> None:
    with pytest.raises(AttributeError):
        value.name = "other"  # type: ignore[misc]
    assert len({value, msgspec.structs.replace(value)}) == 1
