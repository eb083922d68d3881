"""Pods as manifests have them, whether or not they run: Pods themselves, and the templates of workloads.

What kdns serves is read by `drafts`; here everything counts that a person may ask about.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

from kdns.cluster.objects import Pod
from kdns.sources.documents import Broken, Document, Head, Opened
from kdns.sources.drafts import DEFAULT_NAMESPACE, Problem
from kdns.sources.fields import NotUnderstood
from kdns.sources.largefiles import documents_in
from kdns.sources.pods import pod_of
from kdns.sources.shapes import PodMetadata, PodShape, PodSpec, ServiceShape, Shape


class _Template(Shape):
    spec: PodSpec | None = None


class _Templated(Shape):
    template: _Template | None = None


class _JobTemplate(Shape):
    spec: _Templated | None = None


class _WorkloadSpec(_Templated):
    job_template: _JobTemplate | None = None


class _Workload(Shape):
    metadata: PodMetadata
    spec: _WorkloadSpec | None = None


_Kind: TypeAlias = tuple[str, str]

_IN_TEMPLATE, _IN_JOB = "spec.template.spec", "spec.jobTemplate.spec.template.spec"

_FIELDS: dict[_Kind, str] = {
    ("v1", "Pod"): "spec",
    ("v1", "ReplicationController"): _IN_TEMPLATE,
    ("apps/v1", "Deployment"): _IN_TEMPLATE,
    ("apps/v1", "StatefulSet"): _IN_TEMPLATE,
    ("apps/v1", "DaemonSet"): _IN_TEMPLATE,
    ("apps/v1", "ReplicaSet"): _IN_TEMPLATE,
    ("batch/v1", "Job"): _IN_TEMPLATE,
    ("batch/v1", "CronJob"): _IN_JOB,
}
"""(apiVersion, kind) → where a Pod's spec stands in it."""


class Written(NamedTuple):
    """A Pod, or what would become one: then it has the workload's name. `field` is where its spec stands."""

    kind: str
    pod: Pod
    field: str

    @property
    def title(self) -> str:
        """Its name for people."""
        return f"{self.kind} {self.pod.namespace}/{self.pod.name}"


class PodFiles:
    """What files hold: Pods, ClusterIPs of Services by namespace and name, what could not be read.

    `namespace` is that of objects which name none. Of two objects of the same kind and name the later counts.
    """

    def __init__(self, namespace: str = DEFAULT_NAMESPACE) -> None:
        self.namespace = namespace
        self.problems: list[Problem] = []
        self.cluster_ips: dict[tuple[str, str], tuple[str, ...]] = {}
        self._written: dict[tuple[str, str, str], Written] = {}

    @property
    def written(self) -> list[Written]:
        return list(self._written.values())

    def read(self, path: Path) -> None:
        """Read one file. Raises OSError, FileChanged."""
        with path.open("rb") as file:
            self.take(path, documents_in(file, is_json=path.suffix == ".json"))

    def take(self, path: Path, documents: Iterable[tuple[int, Document]]) -> None:
        """Take the documents of a file; what is wrong with one is a Problem."""
        for number, document in documents:
            if isinstance(document, Broken):
                self.problems.append(Problem(path, str(number), "", document.reason))
            else:
                self._take_document(path, str(number), document)

    def named(self, namespace: str, name: str) -> list[Written]:
        """Return the Pod of this name; without one, the workloads of this name."""
        found = [each for each in self.written if each.pod.namespace == namespace and each.pod.name == name]
        return [each for each in found if each.kind == "Pod"] or found

    def _take_document(
        self, path: Path, place: str, document: Opened, implied: _Kind = ("", ""), in_list: bool = False
    ) -> None:
        try:
            version, kind = _kind(document, implied)
            if not kind.endswith("List"):
                self._take(document, (version, kind))
            elif in_list:
                raise NotUnderstood("a list inside a list")
            else:
                item_kind = ("", "") if kind == "List" else (version, kind.removesuffix("List"))
                items: Iterator[Opened] = document.items()
                for number, item in enumerate(items, 1):
                    self._take_document(path, f"{place}, item {number}", item, item_kind, in_list=True)
        except NotUnderstood as error:
            self.problems.append(Problem(path, place, "", str(error)))

    def _take(self, document: Opened, kind: _Kind) -> None:
        if kind == ("v1", "Service"):
            self._take_service(document.read(ServiceShape))
        elif kind in _FIELDS:
            written = Written(kind[1], pod_in(document, kind, self.namespace), _FIELDS[kind])
            key = (kind[1], written.pod.namespace, written.pod.name)
            self._written.pop(key, None)
            self._written[key] = written

    def _take_service(self, shape: ServiceShape) -> None:
        spec, key = shape.spec, (shape.metadata.namespace or self.namespace, shape.metadata.name or "")
        given = (spec.cluster_ips or [spec.cluster_ip or ""]) if spec else []
        self.cluster_ips[key] = tuple(each for each in given if each not in ("", "None"))


def pod_in(document: Opened, kind: _Kind, namespace: str) -> Pod:
    """Return the Pod that an object of this kind is or describes. Raises NotUnderstood."""
    if kind == ("v1", "Pod"):
        shape = document.read(PodShape)
    else:
        workload = document.read(_Workload)
        shape = PodShape(workload.metadata, _spec(workload, _FIELDS[kind]))
    metadata = shape.metadata
    metadata.namespace = metadata.namespace or namespace
    if not metadata.name and metadata.generate_name:
        metadata.name = metadata.generate_name.rstrip("-.")
    return pod_of(shape)


def _spec(workload: _Workload, field: str) -> PodSpec | None:
    templated: _Templated | None = workload.spec
    if field == _IN_JOB and workload.spec:
        templated = workload.spec.job_template.spec if workload.spec.job_template else None
    return templated.template.spec if templated and templated.template else None


def _kind(document: Opened, implied: _Kind) -> _Kind:
    """Return what an object says that it is, or what its list implies. Raises NotUnderstood."""
    head = document.read(Head)
    version, kind = head.api_version or implied[0], head.kind or implied[1]
    if not version or not kind:
        raise NotUnderstood(f"no Kubernetes object: it has no {'apiVersion' if kind else 'kind'}")
    return version, kind
