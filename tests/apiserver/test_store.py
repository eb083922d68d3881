"""tests.apiserver.store: objects have identities and versions as in etcd."""

import pytest

from tests.apiserver.asking import Asker
from tests.apiserver.builders import headless, namespace, pod, service
from tests.apiserver.conftest import fill
from tests.apiserver.fake import FakeApiServer

WATCH = {"watch": "1"}


def test_every_change_gets_a_new_version_of_one_counter(server: FakeApiServer) -> None:
    stored = [server.put(each) for each in (service("shop/web"), pod("shop/web-0"), namespace())]
    versions = [int(each["metadata"]["resourceVersion"]) for each in stored]
    server.delete("Pod", "shop", "web-0")
    assert versions == [server.version - 3, server.version - 2, server.version - 1]


def test_versions_cross_a_power_of_ten_early(server: FakeApiServer) -> None:
    fill(server, 10)
    assert len(str(server.version)) > len(str(server.version - 10))


def test_an_object_keeps_its_identity_until_it_is_deleted(server: FakeApiServer) -> None:
    first = server.put(service("shop/web"))["metadata"]
    second = server.put(headless("shop/web"))["metadata"]
    assert second["uid"] == first["uid"]
    assert second["creationTimestamp"] == first["creationTimestamp"]
    server.delete("Service", "shop", "web")
    assert server.put(service("shop/web"))["metadata"]["uid"] != first["uid"]


def test_what_is_put_is_copied(server: FakeApiServer) -> None:
    given = service("shop/web")
    server.put(given)
    assert "uid" not in given["metadata"]


def test_what_is_not_there_cannot_be_deleted(server: FakeApiServer) -> None:
    with pytest.raises(KeyError):
        server.delete("Service", "shop", "web")


async def test_one_object_can_be_read(server: FakeApiServer, asker: Asker) -> None:
    stored = server.put(service("shop/web"))
    assert (await asker.ask("/api/v1/namespaces/shop/services/web")).tree == stored
    server.put(namespace("shop"))
    assert (await asker.ask("/api/v1/namespaces/shop")).tree["metadata"]["name"] == "shop"
