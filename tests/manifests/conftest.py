"""A cluster for each test: empty, or with CoreDNS as kubeadm has made it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apiserver.real import RealServer, real_server
from tests.manifests.kubectl import KUBEADM, Kubectl

__all__ = ["real_server"]

_KEPT = ("default", "kube-system", "kube-public", "kube-node-lease")


@pytest.fixture
def empty(real_server: RealServer, tmp_path: Path) -> Iterator[Kubectl]:
    """The kubectl of a cluster without DNS; all that is made with it is deleted afterwards."""
    kubectl = Kubectl(real_server.kubeconfig, tmp_path)
    before = kubectl.everything()
    yield kubectl
    for kind, namespace, name in kubectl.everything().keys() - before.keys():
        kubectl(
            f"delete {kind} {name} --ignore-not-found --grace-period=0 --force"
            + (f" -n {namespace}" if namespace else "")
        )
    assert kubectl.everything() == before


@pytest.fixture
def kubeadm(empty: Kubectl) -> Kubectl:
    """The kubectl of a cluster with kubeadm's CoreDNS."""
    empty(f"create -f {KUBEADM}")
    return empty
