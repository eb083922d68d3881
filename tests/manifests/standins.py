"""What kind has and an API server alone has not: kind itself, docker, a Deployment controller and a kubelet.

The programs only check their words and note them. The controller says of every Deployment that it has rolled
out; the kubelet runs a Pod's command here, where `dig` asks a given port and searches as a Pod's would.
"""

import contextlib
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.apiserver.real import MERGE, RealServer
from tests.conftest import find_tool
from tests.manifests.kubectl import KUBEADM, Object

DEPLOYMENTS = "/apis/apps/v1/namespaces/kube-system/deployments"
PODS = "/api/v1/namespaces/default/pods"

_KIND = """\
#!/bin/sh
echo "kind $*" >>{calls}
case "$*" in
  "get clusters") cat {clusters} ;;
  "create cluster --name kdns-try --wait 5m")
    cp {kubeconfig} "$KUBECONFIG" && kubectl create -f {kubeadm} ;;
  "load docker-image "*" --name kdns-try") grep -qx "$3" {images} ;;
  "delete cluster --name kdns-try") ;;
  *) echo "kind does not know: $*" >&2; exit 2 ;;
esac
"""
_DOCKER = """\
#!/bin/sh
echo "docker $*" >>{calls}
case "$*" in
  "build -t "*" ..") test -e ../pyproject.toml && echo "$3" >>{images} ;;
  *) echo "docker does not know: $*" >&2; exit 2 ;;
esac
"""
_DIG = """\
#!{python}
import subprocess, sys
words = [word for word in sys.argv[1:] if word != "+search"]
place = next(place for place, word in enumerate(words) if word[0] != "+")
suffixes = [".default.svc.cluster.local.", ".svc.cluster.local.", ".cluster.local.", "."]
for suffix in suffixes if "+search" in sys.argv and words[place][-1] != "." else [""]:
    asked = words[:place] + [words[place] + suffix] + words[place + 1:]
    command = ["{dig}", "@127.0.0.1", "-p", "{port}", *asked]
    told = subprocess.run(command, capture_output=True, text=True).stdout
    if told:
        break
print(told, end="")
"""


class Node:
    """A machine with kind and docker on its PATH, and a cluster that begins when kind is told to make it."""

    def __init__(self, server: RealServer, folder: Path, dns_port: int) -> None:
        self._server = server
        self.folder = folder
        self._ended = threading.Event()
        self.images: list[str] = []
        """What the Pods of the cluster's DNS have run, in order."""
        for name in ("calls", "clusters", "images"):
            (folder / name).touch()
        texts = {"kind": _KIND, "docker": _DOCKER}
        names = ("calls", "clusters", "images")
        paths = {name: folder / name for name in names} | {"kubeadm": KUBEADM}
        for name, text in texts.items():
            self.put_program(name, text.format(kubeconfig=server.kubeconfig, **paths))
        self.put_program("dig", _DIG.format(python=sys.executable, dig=find_tool("dig"), port=dns_port))

    def put_program(self, name: str, text: str) -> None:
        program = self.folder / name
        program.write_text(text)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"PATH": f"{self.folder}:{os.environ['PATH']}", "TMPDIR": str(self.folder)}

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Let controller and kubelet work until the end."""
        thread = threading.Thread(target=self._work)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _work(self) -> None:
        while not self._ended.wait(0.1):
            for deployment in self._server.call("GET", DEPLOYMENTS)["items"]:
                self._roll_out(deployment)
            for pod in self._server.call("GET", PODS)["items"]:
                if pod["status"]["phase"] == "Pending":
                    self._run(pod)

    def _roll_out(self, deployment: Object) -> None:
        generation, count = deployment["metadata"]["generation"], deployment["spec"]["replicas"]
        if deployment["status"].get("observedGeneration") == generation:
            return
        self.images += [each["image"] for each in deployment["spec"]["template"]["spec"]["containers"]]
        names = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
        status = dict.fromkeys(names, count) | {"observedGeneration": generation}
        path = f"{DEPLOYMENTS}/{deployment['metadata']['name']}/status"
        self._server.call("PATCH", path, {"status": status}, MERGE)

    def _run(self, pod: Object) -> None:
        [container] = pod["spec"]["containers"]
        done = subprocess.run(container["command"], env=self.environment, stdout=subprocess.PIPE, text=True)
        terminated = {"exitCode": done.returncode, "message": done.stdout}
        ended = {
            "name": container["name"],
            "image": container["image"],
            "imageID": "",
            "ready": False,
            "restartCount": 0,
            "state": {"terminated": terminated},
        }
        status = {"phase": "Failed" if done.returncode else "Succeeded", "containerStatuses": [ended]}
        self._server.call("PATCH", f"{PODS}/{pod['metadata']['name']}/status", {"status": status}, MERGE)

    def verdicts(self) -> dict[str, Object]:
        """Return how the command of each Pod has ended, by the Pod's name."""
        pods = self._server.call("GET", PODS)["items"]
        statuses = {each["metadata"]["name"]: each["status"]["containerStatuses"] for each in pods}
        return {name: status["state"]["terminated"] for name, [status] in statuses.items()}
