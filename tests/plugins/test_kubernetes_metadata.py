import pytest

from kdns.plugins._kubernetes_metadata import about_client, about_name
from kdns.plugins.kubernetes import Kubernetes
from kdns.records.options import RecordOptions
from kdns.wire.names import from_text
from tests.builders import pod, state_of
from tests.plugins.setups import query

LABELS = ("kind", "namespace", "service", "endpoint", "port-name", "protocol")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("", "- - - - - -"),
        ("svc", "- - - - - -"),
        ("pod", "- - - - - -"),
        ("ns.svc", "svc ns - - - -"),
        ("web.ns.svc", "svc ns web - - -"),
        ("10-0-0-1.ns.pod", "pod ns 10-0-0-1 - - -"),
        ("a.web.ns.svc", "svc ns web a - -"),
        ("_http._tcp.web.ns.svc", "svc ns web - http tcp"),
        ("http.tcp.web.ns.svc", "svc ns web - http tcp"),
    ],
)
def test_the_parts_of_a_name_have_labels(name: str, values: str) -> None:
    parts = ["" if each == "-" else each for each in values.split()]
    labels = [f"kubernetes/{label}" for label in LABELS]
    assert dict(about_name([each for each in name.split(".") if each])) == dict(
        zip(labels, parts, strict=True)
    )


@pytest.mark.parametrize("name", ["x", "web.ns", "ns.dns", "a.b.c.web.ns.svc", "svc.x"])
def test_of_other_names_it_is_said_that_they_are_none(name: str) -> None:
    assert dict(about_name(name.split("."))) == {"kubernetes/parse-error": "invalid query name"}


def test_a_client_is_the_pod_whose_first_address_it_has() -> None:
    state = state_of(pod("one", "10.0.0.1", "fd00::1"), pod("two/two", "10.0.0.2", "10.0.0.1"))
    assert dict(about_client(state, "10.0.0.1")) == {
        "kubernetes/client-namespace": "ns",
        "kubernetes/client-pod-name": "one",
    }
    assert dict(about_client(state, "fd00::1")) == dict(about_client(state, "10.0.0.3")) == {}


@pytest.mark.parametrize(
    ("pods", "name", "known"),
    [
        ("verified", "web.ns.svc.cluster.local.", {"client-namespace", "client-pod-name", *LABELS}),
        ("verified", "www.example.com.", {"client-namespace", "client-pod-name"}),
        ("insecure", "Web.ns.svc.Cluster.Local.", set(LABELS)),
        ("insecure", "www.example.com.", set()),
    ],
)
def test_clients_are_known_only_where_pods_are_verified(pods: str, name: str, known: set[str]) -> None:
    options = RecordOptions(pods=pods)  # type: ignore[arg-type]
    plugin = Kubernetes(state_of(pod("one", "10.0.0.1")), options, [from_text("cluster.local.")])
    found = plugin.metadata(query(name), "10.0.0.1")
    assert set(found) == {f"kubernetes/{label}" for label in known}
