"""A real Kubernetes API server for tests, run by the command that KDNS_TEST_APISERVER names.

All that is known of it is that command and the folder it keeps; it is spoken to over HTTPS, without kubectl.
"""

import contextlib
import json
import os
import shlex
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest

from tests.apiserver.resources import BY_KIND, Object

VARIABLE = "KDNS_TEST_APISERVER"
"""Names a command `run.sh STATE_DIR [flags]`; it prints `ready: <kubeconfig>` and stays in the foreground."""

BUILD_PATIENCE = 1200.0
"""Seconds after which the server will never be ready: the first start builds it, which takes minutes."""

PATIENCE = 90.0

patient = pytest.mark.timeout(BUILD_PATIENCE)
"""For modules that may be the first to start the server: `pytestmark = patient`."""

MERGE, APPLY = "application/merge-patch+json", "application/apply-patch+yaml"


class RealServer:
    """A server and its folder, which may be stopped and started again; `flags` are the command's."""

    def __init__(self, command: list[str], folder: Path, *flags: str) -> None:
        self.folder = folder
        self.flags = flags
        self._command = command
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # Files of the folder

    @property
    def kubeconfig(self) -> Path:
        """The admin's."""
        return self.folder / "kubeconfig"

    @property
    def kubeconfig_reader(self) -> Path:
        """The one that may read what `rights` names."""
        return self.folder / "kubeconfig-reader"

    @property
    def kubeconfig_nobody(self) -> Path:
        """The one that may do nothing."""
        return self.folder / "kubeconfig-nobody"

    @property
    def rights(self) -> Path:
        """One resource a line, read anew at each request of the reader."""
        return self.folder / "rights" / "reader"

    @property
    def service_account(self) -> Path:
        """What a Pod finds mounted: token, ca.crt, namespace."""
        return self.folder / "serviceaccount"

    @property
    def ca(self) -> Path:
        return self.folder / "tls" / "ca.crt"

    @property
    def port(self) -> int:
        return int((self.folder / "port").read_text())

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def token(self, user: str = "admin") -> str:
        """Return the token of `admin`, `reader` or `nobody`."""
        return (self.folder / "tokens" / user).read_text().strip()

    # Life

    def start(self) -> None:
        """Start etcd and the server over what the folder holds, on the port it had, and wait until ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [*self._command, str(self.folder), *self.flags]
        with (self.folder / "command.log").open("a") as log:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._process.stdout is not None
        if not any(line.startswith("ready:") for line in self._process.stdout):
            self.stop()
            raise RuntimeError(f"{shlex.join(command)} ended: {(self.folder / 'command.log').read_text()}")

    def stop(self) -> None:
        """End server and etcd; the data stay."""
        if self._process is None:
            return
        with contextlib.suppress(OSError, ValueError):
            self.resume()  # a server that hangs does not hear that it should end
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        finally:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def restart(self) -> None:
        """Restart the server alone, and wait until ready: watches end, and versions from before get 410."""
        assert self._process is not None
        before = self._read_pid()
        self._process.send_signal(signal.SIGHUP)
        _wait_until(lambda: self._read_pid() not in (0, before) and self._is_ready())

    def pause(self) -> None:
        """Make the server hang, until `resume`."""
        os.kill(self._read_pid(), signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self._read_pid(), signal.SIGCONT)

    def compact(self) -> None:
        """Let etcd forget its history; the server's own cache remembers until `restart`."""
        self.run_tool("compact", "--state", str(self.folder))

    def run_tool(self, *arguments: str) -> str:
        """Run a subcommand of the server's binary as admin (`load`, `churn`, ...); return its output."""
        command = [f"/proc/{self._read_pid()}/exe", *arguments]
        environment = os.environ | {"KUBECONFIG": str(self.kubeconfig)}
        return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout

    def _read_pid(self) -> int:
        text = (self.folder / "apiserver.pid").read_text().strip()
        return int(text or 0)

    def _is_ready(self) -> bool:
        try:
            return self.request("GET", "/readyz")[0] == 200
        except OSError:
            return False

    # Objects

    def put(self, *objects: Object) -> None:
        """Create or replace objects, whole, the status of Pods included."""
        query = "?fieldManager=tests&force=true"
        for obj in objects:
            path = _path(obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
            self.call("PATCH", path + query, obj, APPLY)
            if obj["kind"] == "Pod" and "status" in obj:
                self.call("PATCH", f"{path}/status{query}", obj, APPLY)

    def patch(self, kind: str, namespace: str, name: str, change: Object) -> Object:
        """Change an object by a JSON merge patch and return it."""
        return self.call("PATCH", _path(kind, namespace, name), change, MERGE)

    def delete(self, kind: str, namespace: str, name: str) -> Object:
        """Delete an object at once."""
        return self.call("DELETE", _path(kind, namespace, name), {"gracePeriodSeconds": 0})

    def call(
        self, method: str, path: str, body: Object | None = None, kind: str = "application/json"
    ) -> Object:
        """Return the body of a successful response to a request of the admin's; fail the test otherwise."""
        code, text = self.request(method, path, body, kind)
        assert code < 300, f"{method} {path}: {code} {text}"
        answer: Object = json.loads(text)
        return answer

    def request(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        kind: str = "application/json",
        *,
        token: str | None = None,
    ) -> tuple[int, str]:
        """Return code and body of the response to a request, the admin's by default; OSError without one."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token or self.token()}", "Content-Type": kind}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        context = ssl.create_default_context(cafile=str(self.ca))
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE, context=context) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


def real_apiserver(folder: Path, *flags: str) -> RealServer:
    """Return a server over a folder, not started yet; skip the test if there is no command for it."""
    if not (command := os.environ.get(VARIABLE)):
        pytest.skip(f"{VARIABLE} is not set")
    return RealServer(shlex.split(command), folder, *flags)


@pytest.fixture(scope="session")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A real API server that runs, shared by all tests that import this: leave it as it was found."""
    with real_apiserver(tmp_path_factory.mktemp("apiserver")) as server:
        yield server


def _path(kind: str, namespace: str, name: str) -> str:
    resource = BY_KIND[kind]
    root, _, plural = resource.path.rpartition("/")
    return f"{root}/namespaces/{namespace}/{plural}/{name}" if namespace else f"{resource.path}/{name}"


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the API server did not become ready")
        time.sleep(0.05)
