"""Pods and templates in manifest files."""

from pathlib import Path

import pytest

from kdns.cluster.objects import DnsConfig
from kdns.sources.documents import documents
from kdns.sources.podfiles import PodFiles

SPEC = "{dnsPolicy: Default, dnsConfig: {options: [{name: ndots, value: '2'}]}}"
CONFIG = DnsConfig(options=(("ndots", "2"),))


def read(text: str, namespace: str = "default") -> PodFiles:
    files = PodFiles(namespace)
    files.take(Path("x.yaml"), documents(text.encode(), is_json=False))
    return files


def titles(files: PodFiles) -> list[str]:
    return [each.title for each in files.written]


def test_a_pod_without_address_or_at_its_end_counts() -> None:
    files = read(
        "{apiVersion: v1, kind: Pod, metadata: {name: new}}\n---\n"
        "{apiVersion: v1, kind: Pod, metadata: {name: old}, status: {phase: Succeeded, podIP: 10.1.1.1}}\n"
    )
    assert titles(files) == ["Pod default/new", "Pod default/old"]
    assert files.problems == []


@pytest.mark.parametrize(
    ("version", "kind", "spec", "field"),
    [
        ("v1", "Pod", SPEC, "spec"),
        ("v1", "ReplicationController", f"{{template: {{spec: {SPEC}}}}}", "spec.template.spec"),
        ("apps/v1", "Deployment", f"{{template: {{spec: {SPEC}}}}}", "spec.template.spec"),
        ("apps/v1", "StatefulSet", f"{{template: {{spec: {SPEC}}}}}", "spec.template.spec"),
        ("apps/v1", "DaemonSet", f"{{template: {{spec: {SPEC}}}}}", "spec.template.spec"),
        ("apps/v1", "ReplicaSet", f"{{template: {{spec: {SPEC}}}}}", "spec.template.spec"),
        ("batch/v1", "Job", f"{{template: {{spec: {SPEC}}}}}", "spec.template.spec"),
        (
            "batch/v1",
            "CronJob",
            f"{{jobTemplate: {{spec: {{template: {{spec: {SPEC}}}}}}}}}",
            "spec.jobTemplate.spec.template.spec",
        ),
    ],
)
def test_a_workload_is_the_pod_of_its_template(version: str, kind: str, spec: str, field: str) -> None:
    text = f"{{apiVersion: {version}, kind: {kind}, metadata: {{name: web, namespace: shop}}, spec: {spec}}}"
    (written,) = read(text).written
    assert (written.kind, written.field) == (kind, field)
    pod = written.pod
    assert (pod.namespace, pod.name, pod.dns_policy, pod.dns_config) == ("shop", "web", "Default", CONFIG)


@pytest.mark.parametrize("spec", ["", ", spec: {}", ", spec: {template: {}}", ", spec: {jobTemplate: {}}"])
@pytest.mark.parametrize("kind", ["apps/v1, kind: Deployment", "batch/v1, kind: CronJob"])
def test_a_workload_without_a_template_is_a_pod_that_says_nothing(kind: str, spec: str) -> None:
    (written,) = read(f"{{apiVersion: {kind}, metadata: {{name: web}}{spec}}}").written
    assert (written.pod.dns_policy, written.pod.dns_config) == ("ClusterFirst", None)


def test_lists_are_read_whatever_they_list() -> None:
    files = read(
        "{apiVersion: v1, kind: List, items: ["
        "{apiVersion: v1, kind: Pod, metadata: {name: a}},"
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: b}}]}\n---\n"
        "{apiVersion: apps/v1, kind: DeploymentList, items: [{metadata: {name: c}}]}\n---\n"
        "{apiVersion: v1, kind: PodList, items: null}\n"
    )
    assert titles(files) == ["Pod default/a", "Deployment default/b", "Deployment default/c"]


def test_objects_without_a_namespace_are_in_the_given_one() -> None:
    text = "{apiVersion: v1, kind: Pod, metadata: {name: a}}\n---\n"
    text += "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: b}}\n"
    assert titles(read(text, "shop")) == ["Pod shop/a", "Pod b/a"]


def test_a_generated_name_is_shown_without_what_would_be_generated() -> None:
    assert titles(read("{apiVersion: v1, kind: Pod, metadata: {generateName: web-}}")) == ["Pod default/web"]


def test_the_later_of_two_counts() -> None:
    text = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {dnsPolicy: %s}}\n---\n"
    (written,) = read(text % "Default" + text % "None").written
    assert written.pod.dns_policy == "None"


def test_a_pod_goes_before_a_workload_of_its_name() -> None:
    text = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}\n---\n"
    assert [each.kind for each in read(text).named("default", "web")] == ["Deployment"]
    text += "{apiVersion: v1, kind: Pod, metadata: {name: web}}\n"
    assert [each.kind for each in read(text).named("default", "web")] == ["Pod"]
    assert read(text).named("shop", "web") == []


def test_the_addresses_of_services_are_known() -> None:
    files = read(
        "{apiVersion: v1, kind: Service, metadata: {name: kube-dns, namespace: kube-system}, spec: "
        "{clusterIP: 10.96.0.10, clusterIPs: [10.96.0.10, 'fd00::a']}}\n---\n"
        "{apiVersion: v1, kind: Service, metadata: {name: old}, spec: {clusterIP: 10.96.0.11}}\n---\n"
        "{apiVersion: v1, kind: Service, metadata: {name: headless}, spec: {clusterIP: None}}\n---\n"
        "{apiVersion: v1, kind: Service, metadata: {name: bare}}\n"
    )
    assert files.cluster_ips == {
        ("kube-system", "kube-dns"): ("10.96.0.10", "fd00::a"),
        ("default", "old"): ("10.96.0.11",),
        ("default", "headless"): (),
        ("default", "bare"): (),
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("kind: [", "no YAML"),
        ("a: b", "it has no kind"),
        ("kind: Pod", "it has no apiVersion"),
        ("{apiVersion: v1, kind: Pod}", "metadata"),
        ("{apiVersion: v1, kind: Pod, metadata: {name: A_b}}", "'A_b' is no name"),
        (
            "{apiVersion: v1, kind: Pod, metadata: {name: a}, "
            "spec: {dnsConfig: {options: [{name: ndots, value: 5}]}}}",
            "$.spec.dnsConfig.options[0].value",
        ),
        ("{apiVersion: v1, kind: List, items: [{a: b}]}", "it has no kind"),
    ],
)
def test_what_is_wrong_is_a_problem(text: str, reason: str) -> None:
    files = read(f"{text}\n---\n{{apiVersion: v1, kind: Pod, metadata: {{name: good}}}}\n")
    assert reason in files.problems[0].reason
    assert files.problems[0].document.startswith("1")
    assert titles(files) == ["Pod default/good"]


def test_what_is_wrong_in_a_list_leaves_the_rest() -> None:
    files = read("{apiVersion: v1, kind: PodList, items: [{metadata: {name: A}}, {metadata: {name: b}}]}")
    assert titles(files) == ["Pod default/b"]
    assert [each.document for each in files.problems] == ["1, item 1"]


def test_a_large_file_is_read_item_by_item(tmp_path: Path) -> None:
    items = ",".join(
        f'{{"metadata": {{"name": "p{number}", "annotations": {{"x": "{"y" * 900}"}}}}}}'
        for number in range(3000)
    )
    path = tmp_path / "pods.json"
    path.write_text(f'{{"apiVersion": "v1", "kind": "PodList", "items": [{items}]}}')
    files = PodFiles()
    files.read(path)
    assert (len(files.written), files.problems) == (3000, [])
