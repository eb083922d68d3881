"""Write to a Kubernetes API server as the user of a kubeconfig, and note when each write was answered.

One connection that is kept, plain HTTPS, no client library: what is measured is the server's answer alone.
"""

import base64
import http.client
import json
import ssl
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import yaml

Object = dict[str, Any]

JSON, MERGE = "application/json", "application/merge-patch+json"
ROOTS = {
    "ConfigMap": "/api/v1/configmaps",
    "Namespace": "/api/v1/namespaces",
    "Service": "/api/v1/services",
    "Pod": "/api/v1/pods",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/endpointslices",
}
"""Where the objects of each kind are listed, in all namespaces."""


class WriteError(Exception):
    """The API server refused a request; the message has the request, the status and the reason."""


class Write(NamedTuple):
    """A request that changes something. `body` is an object or a patch, by `content_type`."""

    method: str
    path: str
    body: Object
    content_type: str = JSON


def path_of(kind: str, namespace: str = "", name: str = "") -> str:
    """Return the path of an object, of one namespace's collection, or of all of that kind."""
    root, _, plural = ROOTS[kind].rpartition("/")
    where = f"{root}/namespaces/{namespace}/{plural}" if namespace else ROOTS[kind]
    return f"{where}/{name}" if name else where


def create(obj: Object) -> Write:
    """Return the request that creates this object."""
    return Write("POST", path_of(obj["kind"], obj["metadata"].get("namespace", "")), obj)


def patch(kind: str, namespace: str, name: str, change: Object, part: str = "") -> Write:
    """Return the request of a JSON merge patch; `part` may be "/status"."""
    return Write("PATCH", path_of(kind, namespace, name) + part, change, MERGE)


def delete(kind: str, namespace: str = "", name: str = "") -> Write:
    """Return the request that deletes an object, or a namespace's collection, without a grace period."""
    return Write("DELETE", path_of(kind, namespace, name), {"gracePeriodSeconds": 0})


class KubeApi:
    """The connection. Raises KeyError, OSError or ValueError for a kubeconfig that leads nowhere."""

    def __init__(self, kubeconfig: Path) -> None:
        cluster, user = _current(yaml.safe_load(kubeconfig.read_text(encoding="utf-8")))
        self._headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}
        url = urlsplit(cluster["server"])
        self._connection = http.client.HTTPSConnection(
            url.hostname or "", url.port or 443, timeout=30, context=_context(cluster, user)
        )

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def send(self, write: Write) -> float:
        """Send a request and return when its response was there (monotonic seconds). Raises WriteError."""
        return self._request(write)[0]

    def count(self, kind: str, namespace: str = "") -> int:
        """Return how many objects there are."""
        path = path_of(kind, namespace) + "?limit=1"
        listed = json.loads(self._request(Write("GET", path, {}))[1])
        return len(listed["items"]) + int(listed["metadata"].get("remainingItemCount", 0))

    def _request(self, write: Write) -> tuple[float, bytes]:
        headers = {**self._headers, "Content-Type": write.content_type}
        body = json.dumps(write.body) if write.body else None
        try:
            self._connection.request(write.method, write.path, body, headers)
            response = self._connection.getresponse()
        except (ConnectionError, http.client.HTTPException):
            self._connection.close()  # it had been idle for too long: once more, with another one
            self._connection.request(write.method, write.path, body, headers)
            response = self._connection.getresponse()
        content = response.read()
        moment = time.monotonic()
        if response.status >= 300:
            said = content[:500].decode("utf-8", "replace")
            raise WriteError(f"{write.method} {write.path}: {response.status}: {said}")
        return moment, content


def _current(config: Object) -> tuple[Object, Object]:
    """Return cluster and user of the current context."""

    def named(plural: str, singular: str, name: str) -> Object:
        found: Object = next(each[singular] for each in config[plural] if each["name"] == name)
        return found

    context = named("contexts", "context", config["current-context"])
    return named("clusters", "cluster", context["cluster"]), named("users", "user", context["user"])


def _context(cluster: Object, user: Object) -> ssl.SSLContext:
    context = ssl.create_default_context(
        cafile=cluster.get("certificate-authority"), cadata=_decoded(cluster, "certificate-authority-data")
    )
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    certificate, key = _decoded(user, "client-certificate-data"), _decoded(user, "client-key-data")
    if certificate and key:
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(certificate + key)
            file.flush()
            context.load_cert_chain(file.name)
    elif "client-certificate" in user:
        context.load_cert_chain(user["client-certificate"], user["client-key"])
    return context


def _decoded(part: Object, key: str) -> str | None:
    return base64.b64decode(part[key]).decode("ascii") if key in part else None
