"""kdns beside the cluster's DNS: it has its own of everything, and nothing of CoreDNS's notices."""

import pytest
import yaml

from tests.apiserver.real import patient
from tests.manifests.kubectl import Kubectl
from tests.manifests.page import blocks, quoted

pytestmark = patient

[COMMANDS] = blocks("Beside the cluster's DNS")
APPLY, ADDRESS = COMMANDS.splitlines()
[EXAMPLE] = blocks("Beside the cluster's DNS", "yaml")
DELETE = quoted("kubectl delete -k")


@pytest.mark.parametrize("cluster", ["empty", "kubeadm"])
def test_all_of_it_comes_and_goes_and_nothing_else_changes(
    cluster: str, request: pytest.FixtureRequest
) -> None:
    kubectl: Kubectl = request.getfixturevalue(cluster)
    before = kubectl.everything()
    kubectl.shell(f"{APPLY} --validate=strict")
    after = kubectl.everything()
    made = after.keys() - before.keys()
    assert {key: after[key] for key in before} == before
    assert made == kubectl.rendered("beside").keys()
    assert {(name, namespace or "kdns") for _, namespace, name in made} == {("kdns", "kdns")}
    assert {after[key]["metadata"]["labels"]["app.kubernetes.io/part-of"] for key in made} == {"kdns"}
    kubectl.shell(DELETE)
    assert kubectl.everything() == before


def test_a_dry_run_passes_where_the_namespace_is_and_changes_nothing(empty: Kubectl) -> None:
    """Without it, a real API server would refuse to try what goes into it."""
    empty("create namespace kdns")
    before = empty.everything()
    empty.shell(f"{APPLY} --dry-run=server --validate=strict")
    assert empty.everything() == before


def test_the_service_has_an_address_of_its_own_and_finds_kdns(kubeadm: Kubectl) -> None:
    kubeadm.shell(APPLY)
    address = kubeadm.shell(ADDRESS)
    assert address.startswith("10.96.") and address != "10.96.0.10"
    everything = kubeadm.everything()
    selector = everything["Service", "kdns", "kdns"]["spec"]["selector"]
    template = everything["Deployment", "kdns", "kdns"]["spec"]["template"]
    assert template["metadata"]["labels"] == selector
    assert not selector.items() & {"k8s-app": "kube-dns"}.items()


def test_a_pod_asks_it_as_the_page_says(kubeadm: Kubectl) -> None:
    kubeadm.shell(APPLY)
    example = EXAMPLE.replace("10.96.123.45", kubeadm.shell(ADDRESS))
    kubeadm("apply --validate=strict -f -", example)
    pod = kubeadm.get("pod asks-kdns")["spec"]
    assert pod["dnsPolicy"] == "None"
    assert pod["dnsConfig"] == yaml.safe_load(example)["spec"]["dnsConfig"]


def test_its_container_is_that_of_fresh_under_another_name(empty: Kubectl) -> None:
    deployments = [
        empty.rendered("beside")["Deployment", "kdns", "kdns"],
        empty.rendered("fresh")["Deployment", "kube-system", "coredns"],
    ]
    beside, fresh = (each["spec"]["template"]["spec"] for each in deployments)
    [own], [its] = beside["containers"], fresh["containers"]
    assert own == its | {"name": "kdns"}
    assert beside["securityContext"] == fresh["securityContext"]
    config, state = beside["volumes"]
    assert config["configMap"] == fresh["volumes"][0]["configMap"] | {"name": "kdns"}
    assert state == fresh["volumes"][1]


def test_its_namespace_takes_only_what_is_restricted(empty: Kubectl) -> None:
    """What the level asks for, of those fields that it looks at (Pod Security Standards)."""
    labels = empty.rendered("beside")["Namespace", "", "kdns"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    pod = empty.rendered("beside")["Deployment", "kdns", "kdns"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}
    assert {kind for volume in pod["volumes"] for kind in volume if kind != "name"} == {
        "configMap",
        "emptyDir",
    }
