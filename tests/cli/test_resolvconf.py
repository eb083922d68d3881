"""`kdns resolvconf` as a user calls it: every option, what it refuses, and a real API server."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kdns.search.kubelet import MISSING_CLUSTER_DNS
from tests.apiserver.builders import namespace, pod, service
from tests.apiserver.real import RealServer, patient, real_apiserver
from tests.cli.servers import KDNS

POD = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  dnsConfig:
    nameservers: [1.1.1.1]
    searches: [corp.example]
    options: [{name: ndots, value: "2"}, {name: rotate}]
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec: {template: {spec: {dnsPolicy: Default}}}
"""
KUBE_DNS = """
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system}
spec: {clusterIP: 10.43.0.10}
"""
NODE = "nameserver 192.168.1.1\nsearch home.example corp.example\noptions edns0\n"


def run(*arguments: str | Path, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KDNS_")}
    return subprocess.run(
        [KDNS, "resolvconf", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env=clean | environment,
    )


def printed(*arguments: str | Path, stdin: str = "", **environment: str) -> str:
    done = run(*arguments, stdin=stdin, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def as_json(*arguments: str | Path, stdin: str = "", **environment: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads(
        printed(*arguments, "--output", "json", stdin=stdin, **environment)
    )
    return found


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


@pytest.fixture
def node(tmp_path: Path) -> Path:
    path = tmp_path / "node-resolv.conf"
    path.write_text(NODE)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Manifests of a cluster with its own DNS address."""
    path = tmp_path / "manifests"
    path.mkdir()
    (path / "pod.yaml").write_text(POD)
    (path / "rest.yaml").write_text(f"{DEPLOYMENT}---{KUBE_DNS}")
    return path


def test_every_line_of_a_pods_file_has_a_comment(node: Path) -> None:
    assert printed("-f", "-", "--node-resolv-conf", node, stdin=POD) == (
        "# Pod shop/web, dnsPolicy ClusterFirst\n"
        f"# kubelet --cluster-dns=10.96.0.10 --cluster-domain=cluster.local --resolv-conf={node}\n"
        "# namespace: shop.svc.cluster.local\n"
        "# cluster domain: svc.cluster.local cluster.local\n"
        "# node: home.example corp.example\n"
        "search shop.svc.cluster.local svc.cluster.local cluster.local home.example corp.example\n"
        "# cluster DNS: 10.96.0.10\n"
        "nameserver 10.96.0.10\n"
        "# dnsConfig: 1.1.1.1\n"
        "nameserver 1.1.1.1\n"
        "# dnsConfig: ndots:2 rotate\n"
        "options ndots:2 rotate\n"
        "# cut: search corp.example (dnsConfig): it is there already\n"
        "# cut: options ndots:5 (kubelet's default): it is set again later\n"
    )


def test_json_has_the_file_and_the_warnings(node: Path) -> None:
    assert as_json("-f", "-", "--node-resolv-conf", node, stdin=POD) == {
        "nameservers": ["10.96.0.10", "1.1.1.1"],
        "searches": [
            "shop.svc.cluster.local",
            "svc.cluster.local",
            "cluster.local",
            "home.example",
            "corp.example",
        ],
        "options": ["ndots:2", "rotate"],
        "warnings": [],
    }


def test_a_manifest_may_be_json_and_in_a_file(tmp_path: Path, node: Path) -> None:
    path = tmp_path / "pod.json"
    path.write_text('{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {}}')
    found = as_json("-f", path, "--node-resolv-conf", node)
    assert found["searches"][0] == "default.svc.cluster.local"
    assert found["options"] == ["ndots:5"]


def test_a_workloads_template_is_a_pod(node: Path) -> None:
    text = printed("-f", "-", "--node-resolv-conf", node, stdin=DEPLOYMENT)
    assert text.startswith("# Deployment default/api, dnsPolicy Default\n")
    assert lines(text) == ["search home.example corp.example", "nameserver 192.168.1.1", "options edns0"]


def test_the_namespace_of_a_manifest_that_names_none_may_be_given(node: Path) -> None:
    text = "{apiVersion: v1, kind: Pod, metadata: {name: a}}"
    where = ("--node-resolv-conf", node)
    assert as_json("-f", "-", *where, stdin=text)["searches"][0] == "default.svc.cluster.local"
    assert as_json("-n", "shop", "-f", "-", *where, stdin=text)["searches"][0] == "shop.svc.cluster.local"
    other = run("-n", "other", "-f", "-", *where, stdin=POD)
    assert (other.returncode, other.stderr) == (1, "kdns: no Pod other in -; there is Pod shop/web\n")


def test_of_several_documents_the_pod_is_named(node: Path) -> None:
    both = ("-f", "-", "--node-resolv-conf", node)
    unclear = run(*both, stdin=f"{POD}---{DEPLOYMENT}")
    assert unclear.returncode == 1
    assert unclear.stderr == "kdns: more than one Pod in -; there is Pod shop/web, Deployment default/api\n"
    assert "Deployment default/api" in printed("api", *both, stdin=f"{POD}---{DEPLOYMENT}")
    missing = run("db", *both, stdin=f"{POD}---{DEPLOYMENT}")
    assert missing.stderr == "kdns: no Pod db in -; there is Pod shop/web, Deployment default/api\n"


def test_a_pod_in_a_clusters_manifests_needs_no_address(folder: Path, node: Path) -> None:
    found = as_json("-n", "shop", "web", "--cluster", folder, "--node-resolv-conf", node)
    assert found["searches"][0] == "shop.svc.cluster.local"
    assert found["nameservers"] == ["10.43.0.10", "1.1.1.1"]


def test_the_clusters_dns_address_is_that_of_its_service(folder: Path, node: Path) -> None:
    where = ("-f", "-", "--node-resolv-conf", node)
    assert as_json(*where, "--cluster", folder, stdin=POD)["nameservers"][0] == "10.43.0.10"
    told = as_json(*where, "--cluster", folder, "--cluster-dns", "10.0.0.1,fd00:0::1", stdin=POD)
    assert told["nameservers"] == ["10.0.0.1", "fd00::1", "1.1.1.1"]
    assert as_json(*where, stdin=POD)["nameservers"][0] == "10.96.0.10"


def test_the_demo_cluster_has_pods_too(node: Path) -> None:
    found = as_json("postgres-0", "--demo", "--node-resolv-conf", node)
    assert found["nameservers"] == ["10.96.0.10"]


def test_where_the_cluster_is_may_stand_in_the_environment(folder: Path, node: Path) -> None:
    found = as_json("api", "--node-resolv-conf", node, KDNS_CLUSTER=str(folder))
    assert found["nameservers"] == ["192.168.1.1"]
    alone = as_json("-f", "-", "--node-resolv-conf", node, stdin=POD, KDNS_CLUSTER=str(folder))
    assert alone["nameservers"][0] == "10.96.0.10"


def test_an_empty_value_says_that_kubelet_has_none(tmp_path: Path, node: Path) -> None:
    text = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {dnsPolicy: %s}}"
    first, default = text % "ClusterFirst", text % "Default"
    (tmp_path / "empty").touch()
    empty = ("--node-resolv-conf", tmp_path / "empty")
    assert as_json("-f", "-", "--cluster-domain", "", *empty, stdin=first)["searches"] == []
    assert as_json("-f", "-", "--cluster-dns", "", "--node-resolv-conf", node, stdin=first) == {
        "nameservers": ["192.168.1.1"],
        "searches": ["home.example", "corp.example"],
        "options": ["edns0"],
        "warnings": [MISSING_CLUSTER_DNS],
    }
    assert as_json("-f", "-", *empty, stdin=default)["nameservers"] == []
    none = ("--node-resolv-conf", "")
    assert as_json("-f", "-", *none, stdin=default)["nameservers"] == ["127.0.0.1"]
    assert as_json("-f", "-", *none, "--node-ip", "", stdin=default)["searches"] == ["."]
    both = as_json("-f", "-", *none, "--node-ip", "10.1.1.1,fd00::1", stdin=default)
    assert both["nameservers"] == ["127.0.0.1", "::1"]


def test_warnings_of_pod_and_node_are_printed(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text(f"search {' '.join(f'd{number}.example' for number in range(30))}\n")
    text = printed("-f", "-", "--node-resolv-conf", path, stdin=POD)
    assert f"# warning about the node: Resolv.conf file '{path}' contains search line consisting of" in text
    assert "# warning: Search Line limits were exceeded, some search paths have been omitted" in text
    assert "# cut: search d29.example (node): more than 32 search domains\n" in text
    assert len(as_json("-f", "-", "--node-resolv-conf", path, stdin=POD)["warnings"]) == 1


def test_the_policy_that_was_followed_is_told(node: Path) -> None:
    text = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostNetwork: true%s}}"
    where = ("-f", "-", "--node-resolv-conf", node)
    as_default = "# Pod default/a, dnsPolicy ClusterFirst with hostNetwork, treated as Default\n"
    assert printed(*where, stdin=text % "").startswith(as_default)
    with_host_net = printed(*where, stdin=text % ", dnsPolicy: ClusterFirstWithHostNet")
    assert with_host_net.startswith("# Pod default/a, dnsPolicy ClusterFirstWithHostNet with hostNetwork\n")


def test_a_pod_that_kubelet_refuses_is_an_error_with_its_reason(tmp_path: Path, node: Path) -> None:
    node.write_text("nameserver\n")
    for path, reason in (
        (
            node,
            "Encountered error while parsing resolv conf file. Error: nameserver list is empty",
        ),
        (tmp_path / "missing", f"open {tmp_path}/missing: no such file or directory"),
        (tmp_path, f"open {tmp_path}: is a directory"),
    ):
        done = run("-f", "-", "--node-resolv-conf", path, "--output", "json", stdin=POD)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"kdns: kubelet refuses the Pod: {reason}\n"


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (
            "dnsPolicy: None",
            "Pod default/a is invalid: spec.dnsConfig: Required value: must provide `dnsConfig` when "
            "`dnsPolicy` is None",
        ),
        ("dnsPolicy: Bogus", 'Pod default/a is invalid: spec.dnsPolicy: Unsupported value: "Bogus"'),
        (
            "dnsConfig: {nameservers: [1.1.1.1, 1.1.1.2, 1.1.1.3, 1.1.1.4]}",
            "must not have more than 3 nameservers",
        ),
        ("dnsConfig: {options: [{name: ndots, value: 2}]}", "$.spec.dnsConfig.options[0].value"),
    ],
)
def test_a_manifest_that_an_api_server_refuses_is_an_error(spec: str, reason: str) -> None:
    text = f"{{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {{{spec}}}}}"
    done = run("-f", "-", stdin=text)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("kdns: ")
    assert reason in done.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "name a Pod"),
        (["web"], "--cluster PATH"),
        (["web", "--cluster", "/missing"], "/missing: No such file or directory"),
        (["web", "--demo"], "no Pod default/web; there is Pod default/"),
        (["web", "--kubeconfig", "/missing"], "/missing"),
        (["web", "--demo", "--kubeconfig", "/missing"], "either from an API server or from --cluster"),
        (["web", "--demo", "--context", "x"], "--context goes with --kubeconfig"),
        (["-f", "/missing"], "/missing: No such file or directory"),
        (["-f", "/dev/null"], "no Pod in /dev/null"),
        (["-f", "-"], "no YAML"),
        (["web", "--demo", "--cluster-dns", "10.96.0"], "'10.96.0' does not appear to be an IPv4 or IPv6"),
        (["web", "--demo", "--node-ip", "node"], "--node-ip: 'node'"),
        (["web", "--demo", "--resolver", "musl"], "--resolver goes with --search"),
        (["web", "--demo", "--search", "a", "--resolver", "bind"], "invalid choice"),
        (["--resolv-conf", "/dev/null"], "--resolv-conf goes with --search"),
        (["web", "--resolv-conf", "/dev/null", "--search", "a"], "takes the place of a Pod"),
        (["--resolv-conf", "/missing", "--search", "a"], "/missing: No such file or directory"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments: list[str], reason: str) -> None:
    done = run(*arguments, stdin="kind: [")
    assert done.returncode != 0
    assert done.stdout == ""
    assert reason in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_broken_document_beside_the_pod_is_named(node: Path) -> None:
    done = run("-f", "-", "--node-resolv-conf", node, stdin=f"{POD}---\nkind: [\n")
    assert done.returncode == 0
    assert "<standard input>, document 2: no YAML" in done.stderr
    assert "search shop.svc.cluster.local" in done.stdout


def test_search_prints_the_questions_in_order(node: Path) -> None:
    where = ("-f", "-", "--node-resolv-conf", node)
    expected = [
        "db.shop.svc.cluster.local.",
        "db.svc.cluster.local.",
        "db.cluster.local.",
        "db.home.example.",
        "db.corp.example.",
        "db.",
    ]
    assert printed(*where, "--search", "db", stdin=POD).splitlines() == expected
    assert as_json(*where, "--search", "db", stdin=POD) == {"queries": expected}
    absolute = as_json(*where, "--search", "db.example.", "--resolver", "musl", stdin=POD)
    assert absolute == {"queries": ["db.example."]}


@pytest.mark.parametrize("resolver", ["glibc", "musl", "go", "c-ares", "busybox"])
def test_search_takes_a_plain_file_and_any_resolver(node: Path, resolver: str) -> None:
    where = ("--resolv-conf", node, "--resolver", resolver, "--search")
    assert as_json(*where, "db")["queries"][0] == "db.home.example."
    by_input = as_json(
        "--resolv-conf", "-", "--resolver", resolver, "--search", "db", stdin=f"# mine\n{NODE}"
    )
    assert by_input == as_json(*where, "db")


def test_a_name_that_nobody_can_ask_for_is_no_question(node: Path) -> None:
    for name in (b"a..b", b"", b"\xff" * 64):
        done = run("--resolv-conf", node, "--output", "json", "--search", os.fsdecode(name))
        assert (done.returncode, json.loads(done.stdout)) == (0, {"queries": []})
        assert done.stderr.startswith("kdns: glibc asks nothing for ")


def test_the_examples_of_the_page_are_what_is_printed(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "resolvconf.md").read_text()
    page, _, _ = page.partition("## How resolvers differ")
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", page, re.S | re.M)
    assert [kind for kind, _ in blocks[:2]] == ["yaml", "text"]
    (tmp_path / "web.yaml").write_text(blocks[0][1])
    (tmp_path / "node-resolv.conf").write_text(blocks[1][1])
    examples = "".join(text for kind, text in blocks if kind == "console")
    for example in examples.split("$ kdns resolvconf ")[1:]:
        command, _, expected = example.partition("\n")
        done = subprocess.run(
            [KDNS, "resolvconf", *command.split()], capture_output=True, text=True, timeout=60, cwd=tmp_path
        )
        assert (done.stdout, done.stderr) == (expected, "")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """An API server with two Pods and, at first, no Service kube-dns."""
    with real_apiserver(tmp_path_factory.mktemp("server")) as found:
        new = pod("shop/new", phase="Pending")
        new["spec"]["dnsConfig"] = {"options": [{"name": "ndots", "value": "1"}]}
        found.put(namespace("shop"), new, pod("shop/web", "10.1.1.1"))
        yield found


@patient
def test_a_pod_at_an_api_server_needs_no_address(server: RealServer, node: Path) -> None:
    told = ("--kubeconfig", server.kubeconfig, "--node-resolv-conf", node)
    found = as_json("-n", "shop", "new", *told, "--cluster-dns", "10.43.0.10")
    assert found["nameservers"] == ["10.43.0.10"]
    assert found["searches"][0] == "shop.svc.cluster.local"
    assert found["options"] == ["ndots:1"]
    missing = run("-n", "shop", "missing", *told, "--cluster-dns", "")
    assert missing.returncode == 1
    assert missing.stderr.startswith("kdns: Pod shop/missing: ")
    nobody = run("-n", "shop", "new", "--kubeconfig", server.kubeconfig_nobody)
    assert (nobody.returncode, len(nobody.stderr.splitlines())) == (1, 1)


@patient
def test_the_clusters_dns_address_is_asked_for(server: RealServer, node: Path) -> None:
    told = ("--kubeconfig", server.kubeconfig, "--node-resolv-conf", node)
    without = run("-n", "shop", "web", *told)
    assert "Service kube-system/kube-dns: " in without.stderr
    assert without.stderr.endswith("; --cluster-dns is its default\n")
    assert "nameserver 10.96.0.10\n" in without.stdout
    server.put(namespace("kube-system"), service("kube-system/kube-dns", "10.96.7.7"))
    assert as_json("-n", "shop", "web", *told)["nameservers"] == ["10.96.7.7"]
    assert as_json("-f", "-", *told, stdin=POD)["nameservers"] == ["10.96.7.7", "1.1.1.1"]
    context = as_json("-n", "shop", "web", "--context", "", KDNS_KUBECONFIG=str(server.kubeconfig))
    assert context["nameservers"] == ["10.96.7.7"]


def test_what_is_no_text_is_printed_all_the_same(tmp_path: Path) -> None:
    pod, node = tmp_path / "pod.yaml", tmp_path / os.fsdecode(b"node-\xff")
    pod.write_text(POD)
    node.write_text(NODE)
    said = printed(
        *("-f", pod, "--node-resolv-conf", node, "--cluster-domain", os.fsdecode(b"\xff.test")),
        PYTHONIOENCODING="utf-8:strict",
    )
    assert "node-\ufffd" in said
    assert "shop.svc.\ufffd.test" in said


def test_a_nodes_file_without_an_end_is_refused_as_kubelet_does(tmp_path: Path) -> None:
    pod = tmp_path / "pod.yaml"
    pod.write_text(POD)
    done = run("-f", pod, "--node-resolv-conf", "/dev/zero")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("the read limit is reached\n")
