"""kdns.sources.drafts: what one file says, and that nothing in it raises."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.cluster.objects import ObjectKey, Service
from kdns.sources.drafts import Contents, Problem, read_contents
from tests.sources.builders import ALL, NO_PODS, endpoint_slice, pod, service, write


def contents_of(tmp_path: Path, text: str | bytes, name: str = "a.yaml") -> Contents:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_contents(path, ALL)


def keys(contents: Contents) -> list[str]:
    return [f"{key.resource} {key.namespace}/{key.name}" for key in contents.drafts]


@pytest.mark.parametrize(
    ("version", "kind", "implied"),
    [("v1", "List", False), ("v1", "ServiceList", True), ("v1", "ServiceList", False)],
)
@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
def test_lists_are_their_items(tmp_path: Path, version: str, kind: str, implied: bool, name: str) -> None:
    items = [service("a"), service("b")]
    for item in items if implied else []:
        del item["apiVersion"], item["kind"]
    text = json.dumps({"items": items, "kind": kind, "apiVersion": version, "metadata": {}})
    contents = contents_of(tmp_path, text, name)
    assert keys(contents) == ["Service shop/a", "Service shop/b"]
    assert [draft.document for draft in contents.drafts.values()] == ["1, item 1", "1, item 2"]


def test_a_list_of_slices_implies_their_version(tmp_path: Path) -> None:
    item = endpoint_slice()
    del item["apiVersion"], item["kind"]
    tree = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSliceList", "items": [item]}
    assert keys(read_contents(write(tmp_path / "a.yaml", tree), ALL)) == ["EndpointSlice shop/web-1"]


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("apps/v1", "Deployment"),
        ("networking.k8s.io/v1", "Ingress"),
        ("networking.k8s.io/v1", "NetworkPolicy"),
        ("serving.knative.dev/v1", "Service"),
        ("apps/v1", "DeploymentList"),
        ("example.com/v1", "AllowList"),
    ],
)
def test_other_kinds_are_passed_over_in_silence(tmp_path: Path, version: str, kind: str) -> None:
    tree = {"apiVersion": version, "kind": kind, "metadata": {"name": "Any_Name"}, "spec": 7, "items": ["x"]}
    contents = read_contents(write(tmp_path / "a.yaml", tree), ALL)
    assert (contents.drafts, contents.problems, contents.namespaces) == ({}, [], set())


def test_objects_of_any_kind_make_their_namespace_exist(tmp_path: Path) -> None:
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "x"}}
    trees = [deployment, pod(namespace="y"), service(namespace=None)]
    contents = read_contents(write(tmp_path / "a.yaml", *trees), NO_PODS)
    assert contents.namespaces == {"x", "y", "default"}
    assert keys(contents) == ["Service default/web"]


BAD = [
    ("- a list\n", "", "no Kubernetes object: Expected `object`, got `array`"),
    ("just text\n", "", "no Kubernetes object: Expected `object`, got `str`"),
    ("replicas: 3\n", "", "no Kubernetes object: it has no kind"),
    ("kind: Service\nmetadata: {name: a}\n", "", "no Kubernetes object: it has no apiVersion"),
    ("apiVersion: v1\nkind: Service\n", "", "Object missing required field `metadata`"),
    ("apiVersion: v1\nkind: Service\nmetadata: {}\n", "", "name '' is no label"),
    ("apiVersion: v1\nkind: Service\nmetadata: {generateName: a-}\n", "", "generateName without a name"),
    ("apiVersion: v1\nkind: Service\nmetadata: {name: A}\n", "Service default/A", "name 'A' is no label"),
    (
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: x}]}\n",
        "Service default/a",
        "Expected `int`, got `str` - at `$.spec.ports[0].port`",
    ),
    (
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a, namespace: b}\n",
        "EndpointSlice b/a",
        "no label kubernetes.io/service-name",
    ),
    ("apiVersion: v1\nkind: List\nitems: {}\n", "", "Expected `array | null`"),
    ("a: [\n", "", "no YAML: line 2: "),
]


@pytest.mark.parametrize(("text", "named", "reason"), BAD)
def test_what_is_not_understood_is_named_and_the_rest_is_taken(
    tmp_path: Path, text: str, named: str, reason: str
) -> None:
    good = json.dumps(service("good"))
    contents = contents_of(tmp_path, f"{text}---\n{good}\n")
    assert keys(contents) == ["Service shop/good"]
    [problem] = contents.problems
    assert (problem.document, problem.object) == ("1", named)
    assert reason in problem.reason
    assert str(problem).startswith(f"{tmp_path / 'a.yaml'}, document 1")


def test_a_broken_item_spares_the_list(tmp_path: Path) -> None:
    items = [service("a"), 7, {"kind": "List", "apiVersion": "v1", "items": []}, service("b")]
    tree = {"apiVersion": "v1", "kind": "List", "items": items}
    contents = read_contents(write(tmp_path / "a.json", tree), ALL)
    assert keys(contents) == ["Service shop/a", "Service shop/b"]
    assert [problem.document for problem in contents.problems] == ["1, item 2", "1, item 3"]


def test_lost_addresses_of_a_slice_are_named(tmp_path: Path) -> None:
    tree = endpoint_slice(endpoints=[{"addresses": ["a.example", "b.example", "10.0.0.1"]}])
    contents = read_contents(write(tmp_path / "a.yaml", tree), ALL)
    assert keys(contents) == ["EndpointSlice shop/web-1"]
    assert [p.reason for p in contents.problems] == ["left out, being no IP address: 'a.example' and 1 more"]


def test_the_later_of_two_in_a_file_counts_and_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", service(clusterIP="10.96.0.1"), service(clusterIP="10.96.0.2"))
    contents = read_contents(path, ALL)
    [draft] = contents.drafts.values()
    assert isinstance(draft.value, Service)
    assert draft.value.cluster_ips == ("10.96.0.2",)
    assert contents.notices == [
        f"Service shop/web is given twice in {path}, in document 1 and in document 2: the later counts"
    ]


def test_a_file_that_cannot_be_opened_is_a_problem(tmp_path: Path) -> None:
    missing = tmp_path / "a.yaml"
    assert read_contents(missing, ALL).problems == [Problem(missing, "", "", "No such file or directory")]


def test_equal_values_of_the_last_reading_are_kept_themselves(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", service("a"), service("b"))
    before = read_contents(path, ALL)
    write(path, service("a"), service("b", ports=[{"port": 80}]))
    after = read_contents(path, ALL, before=before)
    a, b = ObjectKey("Service", "shop", "a"), ObjectKey("Service", "shop", "b")
    assert after.drafts[a].value is before.drafts[a].value
    assert after.drafts[b].value != before.drafts[b].value


FIELDS = (  # noqa: SIM905
    "apiVersion kind metadata name namespace spec ports port items labels endpoints addresses subsets"
    " status podIP podIPs ip clusterIP type hostname targetRef x"
).split()
trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("10.0.0.1"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5),
    max_leaves=20,
)
kinds = st.sampled_from(["Service", "Endpoints", "Pod", "Namespace", "List", "ServiceList"])


@given(
    st.lists(
        trees
        | st.builds(
            lambda kind, rest: {"apiVersion": "v1", "kind": kind, **rest},
            kinds,
            st.dictionaries(st.sampled_from(["metadata", "spec", "status", "items", "subsets"]), trees),
        )
    )
)
def test_no_tree_raises(tmp_path_factory: pytest.TempPathFactory, documents: list[Any]) -> None:
    folder = tmp_path_factory.getbasetemp()
    for name in ("tree.yaml", "tree.json"):
        separator = "\n---\n" if name == "tree.yaml" else "\n"
        (folder / name).write_text(separator.join(json.dumps(each) for each in documents))
        read_contents(folder / name, ALL)


TOKENS = (  # noqa: SIM905
    "a |: |- |\n|  |[|]|{|}|,|&x| *x|!!int |!!bool |!!timestamp |!!binary |!!set |!!omap |!!pairs |!!float "
    "|<<: |>|'|\"|? |%YAML|---|\n---\n|kind: Service\n|apiVersion: v1\n|metadata: |0x_|1_|=|\t|\x00"
).split("|")
yaml_like = st.lists(st.sampled_from(TOKENS), max_size=30).map("".join)


@given(st.binary() | yaml_like.map(str.encode) | st.text().map(lambda text: text.encode("utf-16")))
def test_no_octets_raise(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    for name in ("octets.yaml", "octets.json"):
        (folder / name).write_bytes(raw)
        read_contents(folder / name, ALL)
