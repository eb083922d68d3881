"""The DNS of a cluster that has none: what kubeadm and the tests of Kubernetes look for is there."""

from typing import Any

from kdns import __version__
from tests.apiserver.real import patient
from tests.manifests.kubectl import KUBEADM, Key, Kubectl, Object, read_objects
from tests.manifests.page import blocks

pytestmark = patient

[APPLY, ELSEWHERE] = blocks("In a cluster without DNS")
DEPLOYMENT: Key = ("Deployment", "kube-system", "coredns")
SERVICE: Key = ("Service", "kube-system", "kube-dns")

FILLED_IN = (
    "/metadata/annotations/deployment.kubernetes.io/revision",
    "/revisionHistoryLimit",
    "/progressDeadlineSeconds",
    "/maxSurge",
    "/serviceAccount",
    "/scheme",
    "/terminationMessagePath",
    "/terminationMessagePolicy",
    "/periodSeconds",
    "/successThreshold",
    "/readinessProbe/timeoutSeconds",
    "/readinessProbe/failureThreshold",
    "/defaultMode",
)
"""What an API server or a controller adds by itself."""


def missing(there: Any, wanted: Any, path: str = "") -> list[str]:
    """Return the paths of what is in `wanted` and not, or otherwise, in `there`; lists may go on longer."""
    if isinstance(wanted, dict) and isinstance(there, dict):
        return [
            line
            for key, value in wanted.items()
            for line in missing(there.get(key), value, f"{path}/{key}")
            if line
        ]
    if isinstance(wanted, list) and isinstance(there, list) and len(there) >= len(wanted):
        pairs = zip(there, wanted, strict=False)
        return [line for place, (a, b) in enumerate(pairs) for line in missing(a, b, f"{path}/{place}")]
    return [] if there == wanted else [path]


def test_a_dry_run_passes_and_changes_nothing(empty: Kubectl) -> None:
    before = empty.everything()
    empty.shell(f"{APPLY.strip()} --dry-run=server --validate=strict")
    assert empty.everything() == before


def test_everything_is_made_and_labelled_and_all_of_it_goes_again(empty: Kubectl) -> None:
    before = empty.everything()
    empty.shell(f"{APPLY.strip()} --validate=strict")
    made = {key: each for key, each in empty.everything().items() if key not in before}
    assert made.keys() == empty.rendered("fresh").keys()
    assert {each["metadata"]["labels"]["app.kubernetes.io/part-of"] for each in made.values()} == {"kdns"}
    empty(f"delete -k {APPLY.split()[-1]}")
    assert empty.everything() == before


def test_all_that_kubeadm_makes_is_there_but_the_image(empty: Kubectl) -> None:
    empty.shell(APPLY)
    made, wanted = empty.everything(), read_objects(KUBEADM.read_text())
    found = [line for key, each in wanted.items() for line in missing(made[key], each)]
    differing = [line for line in found if not line.endswith(FILLED_IN)]
    assert differing == ["/spec/template/spec/containers/0/image"]


def test_the_end_to_end_tests_find_what_they_look_for(empty: Kubectl) -> None:
    """test/e2e_kubeadm/dns_addon_test.go and test/e2e/network/dns_common.go of Kubernetes."""
    rendered = empty.rendered("fresh")
    for kind in ("ClusterRole", "ClusterRoleBinding"):
        assert (kind, "", "system:coredns") in rendered
    assert ("ServiceAccount", "kube-system", "coredns") in rendered
    assert "Corefile" in rendered["ConfigMap", "kube-system", "coredns"]["data"]
    template = rendered[DEPLOYMENT]["spec"]["template"]
    assert template["spec"]["serviceAccountName"] == "coredns"
    labels = {"k8s-app": "kube-dns"}
    assert template["metadata"]["labels"] == rendered[SERVICE]["spec"]["selector"] == labels


def test_it_has_what_the_default_of_coredns_lacks(empty: Kubectl) -> None:
    rendered = empty.rendered("fresh")
    guards = {key: each for key, each in empty.rendered("replace").items() if key != DEPLOYMENT}
    assert {key: rendered[key] for key in guards} == guards
    pod = rendered[DEPLOYMENT]["spec"]["template"]["spec"]
    [spread] = pod["topologySpreadConstraints"]
    assert spread["topologyKey"] == "topology.kubernetes.io/zone"
    assert pod["securityContext"]["runAsNonRoot"] is True


def test_address_and_domain_are_set_on_the_way(empty: Kubectl) -> None:
    script = ELSEWHERE.replace("| kubectl apply -f -", "")
    changed = read_objects(empty.shell(script))
    assert changed[SERVICE]["spec"]["clusterIP"] == "10.43.0.10"
    corefile = changed["ConfigMap", "kube-system", "coredns"]["data"]["Corefile"]
    assert "kubernetes k8s.example in-addr.arpa" in corefile and "cluster.local" not in corefile
    rendered = empty.rendered("fresh")
    assert [key for key in rendered if rendered[key] != changed[key]] == [
        ("ConfigMap", "kube-system", "coredns"),
        SERVICE,
    ]


def image_of(deployment: Object) -> str:
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    return str(container["image"])


def test_the_image_is_that_of_this_version_and_named_once(empty: Kubectl) -> None:
    deployments = [
        each
        for folder in ("replace", "fresh", "beside")
        for key, each in empty.rendered(folder).items()
        if key[0] == "Deployment"
    ]
    assert [image_of(each) for each in deployments] == [f"kdns:{__version__}"] * 3
