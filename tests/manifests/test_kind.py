"""manifests/kind.sh: every line of it but those of kind, docker and the kubelet, which are stood in for."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.apiserver.real import RealServer, patient
from tests.cli.servers import free_port, running
from tests.manifests.kubectl import KUBEADM, MANIFESTS, Kubectl, read_objects
from tests.manifests.standins import Node

pytestmark = patient

CREATE, DELETE = "kind create cluster --name kdns-try --wait 5m", "kind delete cluster --name kdns-try"
COREDNS = "registry.k8s.io/coredns/coredns:v1.13.1"
DEMO = MANIFESTS.parent / "kdns" / "demo"
WRONG_DIG = "#!/bin/sh\necho 10.9.9.9\n"


@pytest.fixture
def node(real_server: RealServer, empty: Kubectl, tmp_path: Path) -> Iterator[Node]:
    """A machine whose cluster's DNS is a kdns that follows the API server."""
    port = free_port()
    corefile = read_objects(KUBEADM.read_text())["ConfigMap", "kube-system", "coredns"]["data"]["Corefile"]
    own = corefile.replace(".:53", f".:{port}").splitlines()
    served = [line for line in own if line.split()[0] not in ("ready", "prometheus", "reload", "loop")]
    text = "\n".join(served).replace("health {\n       lameduck 5s\n    }", "bind 127.0.0.1")
    variables = {"KDNS_KUBECONFIG": str(real_server.kubeconfig)}
    (machine := tmp_path / "machine").mkdir()
    with running(tmp_path, port, "-conf", "stdin", corefile=text, variables=variables):
        node = Node(real_server, machine, port)
        with node.working():
            yield node


def run(node: Node, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MANIFESTS / "kind.sh", *words],
        env=node.environment | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_kdns_takes_the_place_of_coredns_and_gives_it_back(node: Node, empty: Kubectl) -> None:
    before = empty.everything()
    done = run(node)
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("kdns took CoreDNS's place, and gave it back\n")
    load = "kind load docker-image kdns:dev --name kdns-try"
    assert node.calls == ["kind get clusters", "docker build -t kdns:dev ..", CREATE, load, DELETE]
    assert node.images == [COREDNS, "kdns:dev", COREDNS]
    told = {name: (each["exitCode"], each.get("message")) for name, each in node.verdicts().items()}
    assert told == dict.fromkeys(["as-coredns", "as-kdns", "as-coredns-again"], (0, None))
    made = {key for key in empty.everything().keys() - before.keys() if key[0] != "Pod"}
    assert made == read_objects(KUBEADM.read_text()).keys() | demo()


def demo() -> set[tuple[str, str, str]]:
    """Return the objects of the demo that a real cluster is given."""
    paths = [path for path in DEMO.glob("*.yaml") if path.name != "cluster.yaml"]
    return {key for path in paths for key in read_objects(path.read_text()) if key[0] != "Pod"}


def test_an_image_that_is_named_is_not_built(node: Node) -> None:
    (node.folder / "images").write_text("example.com/kdns:1\n")
    done = run(node, "example.com/kdns:1")
    assert done.returncode == 0, done.stdout
    assert node.calls[1:3] == [CREATE, "kind load docker-image example.com/kdns:1 --name kdns-try"]
    assert node.images == [COREDNS, "example.com/kdns:1", COREDNS]


def test_wrong_answers_end_it_and_the_cluster_before_anything_is_changed(node: Node) -> None:
    node.put_program("dig", WRONG_DIG)
    done = run(node)
    assert done.returncode != 0
    assert node.calls[-1] == DELETE
    assert node.images == [COREDNS]
    [(name, ended)] = node.verdicts().items()
    assert (name, ended["exitCode"]) == ("as-coredns", 1)
    assert "nginx-service A: not 10.96.10.10 but 10.9.9.9" in ended["message"]
    assert "external-db.default A: not 10.96.30.10 but 10.9.9.9" in ended["message"]


def test_a_cluster_can_be_kept(node: Node) -> None:
    node.put_program("dig", WRONG_DIG)
    done = run(node, KEEP="1")
    assert DELETE not in node.calls
    assert "left: KUBECONFIG=" in done.stdout


@pytest.mark.parametrize(
    "clusters", ["other\nkdns-try\n", "kdns-try\n" + 20_000 * "other\n"], ids=["two", "many"]
)
def test_a_cluster_of_that_name_is_left_alone(node: Node, clusters: str) -> None:
    """Many are more than a pipe holds: kind has not written all of them yet when its own is found."""
    (node.folder / "clusters").write_text(clusters)
    done = run(node)
    assert done.returncode == 1
    assert "already; it is left alone" in done.stdout
    assert node.calls == ["kind get clusters"]
    assert not list(node.folder.glob("tmp.*"))


@pytest.mark.parametrize("program", ["kind", "docker"])
def test_what_fails_before_there_is_a_cluster_leaves_nothing(node: Node, program: str) -> None:
    node.put_program(program, "#!/bin/sh\nexit 1\n")
    assert run(node).returncode == 1
    assert node.calls == ["kind get clusters"] * (program == "docker")
    assert not list(node.folder.glob("tmp.*"))


def test_the_script_is_short_enough_to_be_read_as_right() -> None:
    assert len((MANIFESTS / "kind.sh").read_text().splitlines()) < 80


def test_what_the_pods_are_told_is_what_the_demo_says() -> None:
    """The questions are as good as their table: each address in it stands in the demo's manifests."""
    script = (MANIFESTS / "kind.sh").read_text()
    table = [line.split() for line in script.splitlines() if line.startswith("try ")]
    addresses = {words[-1] for words in table if words[-1][0].isdigit()}
    assert len(addresses) == 3
    texts = [path.read_text() for path in DEMO.glob("*.yaml")]
    assert all(any(address in str(list(yaml.safe_load_all(text))) for text in texts) for address in addresses)
