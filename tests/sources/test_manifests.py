"""kdns.sources.manifests: files read once, read anew when they change, and never forgotten by accident."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kdns.cluster.objects import (
    Endpoint,
    EndpointSlice,
    Namespace,
    ObjectKey,
    Pod,
    Port,
    Service,
    ServiceKind,
    key_of,
)
from kdns.cluster.wish import ClusterWish
from kdns.sources.addresses import BadServiceCidr
from kdns.sources.manifests import Manifests, UnreadablePath
from tests.sources.builders import endpoint_slice, endpoints, names, pod, read, reasons, service, write

KUBECTL_OUTPUT = Path(__file__).with_name("kubectl-get.yaml")


def test_what_kubectl_prints_is_read_as_it_stands() -> None:
    reading = read(KUBECTL_OUTPUT)
    assert reading.problems == []
    assert reading.notices == []
    slice_of_web = EndpointSlice(
        namespace="shop",
        name="web-8xk2p",
        service="web",
        endpoints=(
            Endpoint("10.244.1.17", "", "web-5d8f7c9b6d-q2wzk", True),
            Endpoint("10.244.2.9", "", "web-5d8f7c9b6d-zt7mv", False),
        ),
        ports=(Port("http", 8080, "tcp"),),
        changed_at=1788264612.0,
        version="48213",
    )
    expected = [
        Namespace("kube-system", (("kubernetes.io/metadata.name", "kube-system"),), "4"),
        Namespace("shop", (("kubernetes.io/metadata.name", "shop"), ("team", "sales")), "1023"),
        Service(
            "shop",
            "web",
            ServiceKind.CLUSTER_IP,
            ("10.96.118.4",),
            (Port("http", 80, "tcp"),),
            version="1187",
        ),
        slice_of_web,
        Pod("shop", "web-5d8f7c9b6d-q2wzk", ("10.244.1.17",), False, "48199", started=1788264603),
        Pod("kube-system", "kube-proxy-x7bqd", ("192.168.49.2",), True, "402", started=1788076781 + 19),
    ]
    assert reading.objects == {key_of(each): each for each in expected}


def test_pods_are_not_kept_unless_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", pod(), service(clusterIP="10.96.0.1"))
    assert names(read(path, keep_pods=False).objects) == {"Service shop/web"}


def test_slices_and_endpoints_are_not_kept_where_nobody_wishes_to_see_them(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", endpoints(), endpoint_slice(), service(clusterIP="10.96.0.1"))
    seen = Manifests([path]).as_seen_by(ClusterWish(endpoint_slices=False)).read()
    assert names(seen.objects) == {"Service shop/web"}
    assert names(Manifests([path]).read().objects) == {"Service shop/web", "EndpointSlice shop/web-1"}


def test_labels_choose_among_objects_and_leave_namespaces(tmp_path: Path) -> None:
    chosen = service("api", clusterIP="10.96.0.2")
    chosen["metadata"]["labels"] = {"app": "api"}
    other = service("web", "other", clusterIP="10.96.0.1")
    path = write(tmp_path / "a.yaml", chosen, other, pod(), endpoint_slice())
    seen = Manifests([path]).as_seen_by(ClusterWish(pods=True, labels="app in (api, web)")).read()
    assert names(seen.objects) == {"Service shop/api"}
    assert {key.name for key in seen.objects if key.resource == "Namespace"} == {"shop", "other"}
    unlabelled = Manifests([path]).as_seen_by(ClusterWish(labels="!app")).read()
    assert names(unlabelled.objects) == {"Service other/web", "EndpointSlice shop/web-1"}


def test_a_tutorials_services_without_addresses_are_served(tmp_path: Path) -> None:
    (tmp_path / "tutorial.yaml").write_text(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: hello}\nspec: {replicas: 2}\n---\n"
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: hello\nspec:\n  selector: {app: hello}\n"
        "  ports:\n  - port: 80\n    targetPort: 8080\n"
    )
    reading = read(tmp_path)
    held = reading.objects[ObjectKey("Service", "default", "hello")]
    assert isinstance(held, Service)
    assert len(held.cluster_ips) == 1
    assert reading.problems == []


def test_unchanged_files_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifests = Manifests([tmp_path])
    write(tmp_path / "a.yaml", service("a", clusterIP="10.96.0.1"))
    first = manifests.read()
    os.truncate(write(tmp_path / "b.yaml", service("b", clusterIP="10.96.0.2")), 0)
    monkeypatch.setattr(
        Path, "read_bytes", lambda path: pytest.fail(f"{path} is read") if path.name == "a.yaml" else b""
    )
    assert manifests.read().objects == first.objects


def _break(path: Path) -> None:
    path.write_text(path.read_text() + "\n---\na: [\n")


def _misspell(path: Path) -> None:
    path.write_text(path.read_text().replace("10.96.0.1", "10.96.0.x"))


def _empty(path: Path) -> None:
    path.write_text("")


def _lock(path: Path) -> None:
    path.unlink()
    path.mkdir()
    path.rmdir()
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    ("change", "stays"),
    [(_break, True), (_misspell, True), (_lock, True), (_empty, False), (Path.unlink, False)],
    ids=["broken", "misspelt", "unreadable", "emptied", "deleted"],
)
def test_what_is_broken_keeps_its_objects_and_what_is_gone_goes(
    tmp_path: Path, change: Callable[[Path], None], stays: bool
) -> None:
    path = write(tmp_path / "a.yaml", service("a", clusterIP="10.96.0.1"))
    write(tmp_path / "b.yaml", service("b", clusterIP="10.96.0.2"))
    manifests = Manifests([tmp_path])
    before = manifests.read()
    change(path)
    for _ in range(2):
        after = manifests.read()
        assert names(after.objects) == ({"Service shop/a", "Service shop/b"} if stays else {"Service shop/b"})
        assert bool(after.problems) == stays
    write(tmp_path / "c.yaml", service("a", clusterIP="10.96.0.1"))
    assert names(manifests.read().objects) == names(before.objects)


def test_an_object_taken_out_of_a_file_with_an_old_problem_goes(tmp_path: Path) -> None:
    bad = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "Bad"}}
    path = write(tmp_path / "a.yaml", bad, service("a"), service("b"))
    manifests = Manifests([path])
    assert names(manifests.read().objects) == {"Service shop/a", "Service shop/b"}
    write(path, bad, service("a"))
    reading = manifests.read()
    assert names(reading.objects) == {"Service shop/a"}
    assert len(reading.problems) == 1


def test_a_mended_file_is_believed_again(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", service("a"), service("b"))
    manifests = Manifests([path])
    manifests.read()
    _break(path)
    manifests.read()
    write(path, service("b"))
    reading = manifests.read()
    assert (names(reading.objects), reading.problems) == ({"Service shop/b"}, [])


def test_a_folder_that_vanishes_takes_nothing_with_it_and_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "mounted"
    write(folder / "a.yaml", service("a"))
    manifests = Manifests([folder])
    before = manifests.read()
    folder.rename(tmp_path / "elsewhere")
    after = manifests.read()
    assert after.objects == before.objects
    assert reasons(after) == [": No such file or directory"]


def test_a_named_file_that_is_deleted_takes_its_objects_with_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", service("a"))
    manifests = Manifests([path])
    manifests.read()
    path.unlink()
    reading = manifests.read()
    assert (names(reading.objects), reasons(reading)) == (set(), [": No such file or directory"])


def test_a_folder_without_manifests_is_named(tmp_path: Path) -> None:
    assert read(tmp_path).notices == ["no file named *.json or *.yaml or *.yml found"]


def test_check_refuses_a_path_that_cannot_be_read(tmp_path: Path) -> None:
    Manifests([tmp_path]).check()
    with pytest.raises(UnreadablePath, match="missing: No such file or directory"):
        Manifests([tmp_path, tmp_path / "missing"]).check()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_check_refuses_a_path_without_permission(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml")
    path.chmod(0)
    with pytest.raises(UnreadablePath, match="Permission denied"):
        Manifests([path]).check()


def test_a_bad_service_cidr_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadServiceCidr):
        Manifests([tmp_path], service_cidr="10.96.0.0/33")
