"""kdns in CoreDNS's place: what changes in a cluster, what does not, and what the way back leaves."""

import copy
import sys
from pathlib import Path

import pytest

from kdns import __version__
from tests.apiserver.real import patient
from tests.manifests.kubectl import Key, Kubectl, Object
from tests.manifests.page import blocks, quoted

pytestmark = patient

FORTH, BACK = blocks("In CoreDNS's place")
SAVE, DRY, APPLY, _WAIT = FORTH.splitlines()
DEPLOYMENT: Key = ("Deployment", "kube-system", "coredns")
BUDGET: Key = ("PodDisruptionBudget", "kube-system", "kdns")
POLICY: Key = ("NetworkPolicy", "kube-system", "kdns")
IMAGE = f"kdns:{__version__}"
PART_OF = "app.kubernetes.io/part-of"
ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"


def with_kdns(deployment: Object) -> Object:
    """Return what becomes of a Deployment: three additions and an image, whatever else it has."""
    changed = copy.deepcopy(deployment)
    pod = changed["spec"]["template"]["spec"]
    [coredns] = [each for each in pod["containers"] if each["name"] == "coredns"]
    coredns["image"] = IMAGE
    coredns["env"] = [{"name": "KDNS_STATE_DIR", "value": "/var/lib/kdns"}, *coredns.get("env", [])]
    mount = {"name": "kdns-state", "mountPath": "/var/lib/kdns"}
    coredns["volumeMounts"] = [mount, *coredns["volumeMounts"]]
    pod["volumes"] = [{"name": "kdns-state", "emptyDir": {}}, *pod["volumes"]]
    return changed


def without_annotation(objects: dict[Key, Object]) -> dict[Key, Object]:
    """Return objects without what `kubectl apply` writes into each to find its own work again."""
    bare = copy.deepcopy(objects)
    for each in bare.values():
        annotations = each["metadata"].get("annotations", {})
        annotations.pop(ANNOTATION, None)
        if not annotations:
            each["metadata"].pop("annotations", None)
    return bare


CUSTOMISED = """
metadata: {labels: {team: platform}, annotations: {owner: someone}}
spec:
  replicas: 5
  template:
    metadata: {annotations: {scrape: "yes"}}
    spec:
      nodeSelector: {pool: system}
      tolerations: [{key: dedicated, operator: Exists}]
      containers:
        - name: coredns
          resources: {limits: {memory: 1Gi}}
          env: [{name: GOMAXPROCS, value: "2"}]
          volumeMounts: [{name: hosts, mountPath: /etc/coredns/hosts}]
        - {name: sidecar, image: example.com/sidecar}
      volumes: [{name: hosts, configMap: {name: hosts}}]
"""


def test_a_dry_run_passes_and_changes_nothing(kubeadm: Kubectl) -> None:
    before = kubeadm.everything()
    told = kubeadm.shell(f"{DRY} --validate=strict")
    assert told.count("(server dry run)") == len(told.splitlines()) == 3
    assert kubeadm.everything() == before


def test_only_the_deployment_changes_and_only_what_kdns_needs(kubeadm: Kubectl) -> None:
    before = kubeadm.everything()
    kubeadm.shell(f"{APPLY} --validate=strict")
    after = without_annotation(kubeadm.everything())
    added = {key: after.pop(key) for key in (BUDGET, POLICY)}
    assert after == before | {DEPLOYMENT: with_kdns(before[DEPLOYMENT])}
    assert all(each["metadata"]["labels"] == {PART_OF: "kdns"} for each in added.values())


def test_what_was_applied_can_be_applied_again(kubeadm: Kubectl) -> None:
    kubeadm.shell(APPLY)
    before = kubeadm.everything()
    kubeadm.shell(APPLY)
    assert kubeadm.everything() == before


def test_the_way_back_leaves_exactly_what_was_there(kubeadm: Kubectl) -> None:
    before = kubeadm.everything()
    kubeadm.shell(SAVE)
    kubeadm.shell(APPLY)
    kubeadm.shell(BACK)
    assert kubeadm.everything() == before


def test_the_way_back_with_apply_leaves_nothing_but_its_annotation(kubeadm: Kubectl) -> None:
    before = kubeadm.everything()
    kubeadm.shell(SAVE)
    kubeadm.shell(APPLY)
    kubeadm.shell(BACK.replace("kubectl replace -f -", quoted("kubectl apply -f -")))
    after = kubeadm.everything()
    assert without_annotation(after) == before
    assert [key for key, each in after.items() if ANNOTATION in str(each)] == [DEPLOYMENT]


def test_what_others_have_changed_stays(kubeadm: Kubectl) -> None:
    (kubeadm.folder / "change.yaml").write_text(CUSTOMISED)
    kubeadm("patch -n kube-system deployment coredns --patch-file change.yaml")
    before = kubeadm.everything()
    kubeadm.shell(SAVE)
    kubeadm.shell(APPLY)
    after = without_annotation(kubeadm.everything())
    assert after[DEPLOYMENT] == with_kdns(before[DEPLOYMENT])
    kubeadm.shell(BACK)
    assert kubeadm.everything() == before


def test_a_coredns_that_was_applied_is_replaced_once_that_is_forgotten(kubeadm: Kubectl) -> None:
    kubeadm.shell(SAVE)
    kubeadm("delete -n kube-system deployment coredns")
    kubeadm.shell("sed '/^  \\(resourceVersion\\|uid\\):/d' coredns.yaml | kubectl apply -f -")
    before = kubeadm.everything()
    assert ANNOTATION in str(before)
    kubeadm.shell(SAVE)
    kubeadm.shell(quoted("kubectl annotate"))
    kubeadm.shell(APPLY)
    after = without_annotation(kubeadm.everything())
    assert after[DEPLOYMENT] == with_kdns(without_annotation(before)[DEPLOYMENT])
    kubeadm.shell(BACK)
    restored = kubeadm.everything()
    assert without_annotation(restored) == without_annotation(before)
    assert ANNOTATION in restored[DEPLOYMENT]["metadata"]["annotations"]


def test_it_holds_no_service_no_configmap_and_no_selector_of_coredns(empty: Kubectl) -> None:
    rendered = empty.rendered("replace")
    assert rendered.keys() == {DEPLOYMENT, BUDGET, POLICY}
    deployment = rendered[DEPLOYMENT]
    assert deployment["metadata"] == {"name": "coredns", "namespace": "kube-system"}
    assert deployment["spec"].keys() == {"template"}
    assert deployment["spec"]["template"].keys() == {"spec"}


@pytest.mark.parametrize("key", [BUDGET, POLICY], ids=lambda key: key[0])
def test_budget_and_policy_are_for_the_pods_of_the_service(kubeadm: Kubectl, key: Key) -> None:
    spec = kubeadm.rendered("replace")[key]["spec"]
    selector = spec["selector"] if key == BUDGET else spec["podSelector"]
    service = kubeadm.get("-n kube-system service kube-dns")
    assert selector == {"matchLabels": service["spec"]["selector"]}


def test_the_policy_lets_in_what_the_service_sends(kubeadm: Kubectl) -> None:
    [rule] = kubeadm.rendered("replace")[POLICY]["spec"]["ingress"]
    ports = kubeadm.get("-n kube-system service kube-dns")["spec"]["ports"]
    assert rule.keys() == {"ports"}
    sent = {(each["targetPort"], each["protocol"]) for each in ports}
    assert {(each["port"], each["protocol"]) for each in rule["ports"]} == sent


def test_the_page_shows_how_to_look_before(kubeadm: Kubectl) -> None:
    folder = Path(sys.executable).parent
    assert kubeadm.shell(f"PATH={folder}:$PATH; {quoted('kubectl get -n kube-system configmap')}") == ""
    shown = kubeadm.shell(f"{quoted('kubectl diff')} || [ $? = 1 ]").splitlines()
    assert f"+        image: {IMAGE}" in shown
    assert [line for line in shown if line.startswith("-  ") and "generation" not in line] == [
        "-        image: registry.k8s.io/coredns/coredns:v1.13.1"
    ]
