"""kubectl as a user has it, for one API server, and what that server holds seen through it."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import find_tool

ROOT = Path(__file__).parents[2]
MANIFESTS = ROOT / "manifests"
KUBEADM = Path(__file__).parent / "kubeadm.yaml"

OLDEST = 28
"""The minor version of kubectl that the manifests and the script of kind want at least."""

KINDS = (
    "namespaces,serviceaccounts,configmaps,services,endpoints,endpointslices,pods,deployments,"
    "poddisruptionbudgets,networkpolicies,clusterroles,clusterrolebindings,roles,rolebindings"
)

Object = dict[str, Any]
Key = tuple[str, str, str]

_PASSING = ("resourceVersion", "generation", "managedFields")
"""What of metadata counts writes and writers, and says nothing about what is there."""


class Kubectl:
    """Runs kubectl against one server, in a folder where `manifests` is that of this repository."""

    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        self.path = find_kubectl()
        self.folder = folder
        self.environment = os.environ | {"KUBECONFIG": str(kubeconfig)}
        (folder / "manifests").symlink_to(MANIFESTS)

    def __call__(self, line: str, given: str = "") -> str:
        """Return what `kubectl LINE` prints; fail the test if it fails. `given` is its standard input."""
        return self.shell(f"kubectl {line}", given)

    def shell(self, script: str, given: str = "") -> str:
        """Return what a user's lines print; fail the test if one of them fails."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout

    def get(self, line: str) -> Object:
        found: Object = json.loads(self(f"get {line} -o json"))
        return found

    def everything(self) -> dict[Key, Object]:
        """Return all objects by kind, namespace and name, without what counts writes."""
        return {_key(each): _lasting(each) for each in self.get(f"{KINDS} -A")["items"]}

    def rendered(self, folder: str) -> dict[Key, Object]:
        """Return the objects that a folder of the manifests stands for, by kind, namespace and name."""
        return read_objects(self(f"kustomize manifests/{folder}"))


def read_objects(text: str) -> dict[Key, Object]:
    """Return the objects of YAML documents by kind, namespace and name."""
    return {_key(each): each for each in yaml.safe_load_all(text)}


def find_kubectl() -> str:
    """Return the path of a kubectl that is new enough; skip the test without one."""
    path = find_tool("kubectl", optional=True)
    told = json.loads(subprocess.check_output([path, "version", "--client", "-o", "json"], text=True))
    minor = int(told["clientVersion"]["gitVersion"].split(".")[1])
    if minor < OLDEST:
        pytest.skip(f"kubectl 1.{minor} is older than 1.{OLDEST}")
    return path


def _key(obj: Mapping[str, Any]) -> Key:
    about = obj["metadata"]
    return obj["kind"], about.get("namespace", ""), about["name"]


def _lasting(obj: Object) -> Object:
    about = {key: value for key, value in obj["metadata"].items() if key not in _PASSING}
    return obj | {"metadata": about}
