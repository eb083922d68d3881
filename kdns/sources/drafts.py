"""What one manifest file says: its objects as drafts, and everything in it that could not be taken.

A draft is an object as it was written, before anything is filled in that depends on other files.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeAlias

from msgspec import Struct

from kdns.cluster.objects import ClusterObject, EndpointSlice, ObjectKey, Service, ServiceKind
from kdns.sources.choice import Kept
from kdns.sources.decoding import slices_of_endpoints, slim
from kdns.sources.documents import Broken, Head, Opened
from kdns.sources.fields import NotUnderstood, canonical, is_label, shorten
from kdns.sources.largefiles import documents_in
from kdns.sources.shapes import SHAPES, AnyShape, EndpointSliceShape, EndpointsShape, ServiceShape

DEFAULT_NAMESPACE = "default"

_Kind: TypeAlias = tuple[str, str]

_LISTS: dict[_Kind, _Kind | None] = {("v1", "List"): None} | {
    (version, f"{kind}List"): (version, kind) for version, kind in SHAPES
}
"""(apiVersion, kind) of a list → what its items are if they do not say."""


class Problem(NamedTuple):
    """Something that was skipped: where it stands (`document` as in "2" or "1, item 7"), what and why.

    `object` is as in "Service default/web", "" where no object could be made out.
    """

    path: Path
    document: str
    object: str
    reason: str

    def __str__(self) -> str:
        place = f"{self.path}, document {self.document}" if self.document else str(self.path)
        return f"{place}, {self.object}: {self.reason}" if self.object else f"{place}: {self.reason}"


class Draft(Struct, gc=False):
    """An object as written; Endpoints are the slices they make. `document` is as in Problem.

    `families` and `policy` are the Service's ipFamilies and ipFamilyPolicy while it has no address.
    """

    value: ClusterObject | tuple[EndpointSlice, ...]
    document: str
    families: tuple[str, ...] = ()
    policy: str = ""


class Contents:
    """One file, read. `drafts` are by key (resource "Endpoints" among them), the later of two held.

    `namespaces` are those that objects of any kind are in. `is_torn` says that a document could not be
    read at all, so that nothing can be concluded from what is not there.
    """

    def __init__(self, path: Path, kept: Kept, before: "Contents | None" = None) -> None:
        self.path = path
        self.kept = kept
        self.drafts: dict[ObjectKey, Draft] = {}
        self.namespaces: set[str] = set()
        self.problems: list[Problem] = []
        self.notices: list[str] = []
        self.is_torn = False
        self._before = before

    def hold(self, key: ObjectKey, draft: Draft) -> None:
        """Keep a draft; the later of two counts. A value that was there before is in memory once."""
        if earlier := self.drafts.pop(key, None):
            self.notices.append(
                f"{object_text(key)} is given twice in {self.path}, in document {earlier.document}"
                f" and in document {draft.document}: the later counts"
            )
        held = self._before.drafts.get(key) if self._before else None
        if held and held.value == draft.value:
            draft.value = held.value
        self.drafts[key] = draft

    def close(self) -> "Contents":
        """Take over what must not be forgotten, and let go of what was before.

        While a document cannot be read, everything stays that was there; while an object is not
        understood, what it was.
        """
        before, self._before = self._before, None
        named = {problem.object for problem in self.problems}
        for key, draft in before.drafts.items() if before else ():
            if key not in self.drafts and (self.is_torn or object_text(key) in named):
                self.drafts[key] = draft
                self.namespaces.add(key.namespace or key.name)
        if before and self.is_torn:
            self.namespaces |= before.namespaces
        return self


def object_text(key: ObjectKey) -> str:
    """Return an object's name for people, as in "Service default/web"."""
    return f"{key.resource} {key.namespace}/{key.name}" if key.namespace else f"{key.resource} {key.name}"


def read_contents(path: Path, kept: Kept, before: Contents | None = None) -> Contents:
    """Read one file, which held `before`. Whatever there is, it raises nothing: a Problem tells."""
    contents = Contents(path, kept, before)
    try:
        with path.open("rb") as file:
            _read(contents, file)
    except OSError as error:
        contents = Contents(path, kept, before)
        contents.is_torn = True
        contents.problems.append(Problem(path, "", "", error.strerror or str(error)))
    return contents.close()


def _read(contents: Contents, file: BinaryIO) -> None:
    path = contents.path
    for number, document in documents_in(file, is_json=path.suffix == ".json"):
        if isinstance(document, Broken):
            contents.is_torn = True
            contents.problems.append(Problem(path, str(number), "", document.reason))
            continue
        try:
            for place, opened, implied in _objects(document, str(number)):
                _take(contents, opened, implied, place)
        except NotUnderstood as error:
            contents.problems.append(Problem(path, str(number), "", str(error)))


def _objects(document: Opened, place: str) -> Iterator[tuple[str, Opened, _Kind | None]]:
    """Yield the document itself or the items of the list that it is, with places and implied kinds."""
    head = _head(document, None)
    kind = (head.api_version or "", head.kind or "")
    if kind not in _LISTS:
        yield place, document, None
        return
    items: Iterator[Opened] = document.items()
    for number, item in enumerate(items, 1):
        yield f"{place}, item {number}", item, _LISTS[kind]


def _head(document: Opened, implied: _Kind | None) -> Head:
    try:
        head = document.read(Head)
    except NotUnderstood as error:
        raise NotUnderstood(f"no Kubernetes object: {error}") from error
    if implied:
        head.api_version, head.kind = head.api_version or implied[0], head.kind or implied[1]
    if not head.kind or not head.api_version:
        raise NotUnderstood(f"no Kubernetes object: it has no {'apiVersion' if head.kind else 'kind'}")
    return head


def _take(contents: Contents, document: Opened, implied: _Kind | None, place: str) -> None:
    """Note the namespace of an object of any kind; hold a draft of it if DNS needs its kind."""
    key = None
    try:
        head = _head(document, implied)
        kind = (head.api_version or "", head.kind or "")
        if kind in _LISTS:
            raise NotUnderstood("a list inside a list")
        shape = SHAPES.get(kind)
        key = _key(head, DEFAULT_NAMESPACE if shape else "")
        draft = None
        if shape and contents.kept.takes(key.resource, document):
            draft = _draft(contents, key, document.read(shape), place)
    except NotUnderstood as error:
        contents.problems.append(
            Problem(contents.path, place, object_text(key) if key and key.name else "", str(error))
        )
        return
    if is_label(key.namespace):
        contents.namespaces.add(key.namespace)
    if draft:
        contents.hold(key, draft)


def _key(head: Head, default_namespace: str) -> ObjectKey:
    name, namespace = (head.metadata.name, head.metadata.namespace) if head.metadata else ("", "")
    if head.kind == "Namespace":
        return ObjectKey("Namespace", "", name or "")
    return ObjectKey(head.kind or "", namespace or default_namespace, name or "")


def _draft(contents: Contents, key: ObjectKey, shape: AnyShape, place: str) -> Draft | None:
    """Convert one object. None where there is nothing to hold. Raises NotUnderstood."""
    shape.metadata.namespace = key.namespace
    if isinstance(shape, EndpointsShape):
        return Draft(slices_of_endpoints(shape), place)
    value = slim(shape)
    if isinstance(shape, EndpointSliceShape):
        if value is None:
            raise NotUnderstood("no label kubernetes.io/service-name")
        _name_lost_addresses(contents, key, shape, place)
    if value is None:
        return None
    draft = Draft(value, place)
    if isinstance(shape, ServiceShape) and shape.spec and lacks_address(value):
        draft.families = tuple(shape.spec.ip_families or ())
        draft.policy = shape.spec.ip_family_policy or ""
    return draft


def lacks_address(value: object) -> bool:
    """Tell whether this is a Service that an API server would have given an address."""
    return isinstance(value, Service) and value.kind is ServiceKind.CLUSTER_IP and not value.cluster_ips


def _name_lost_addresses(contents: Contents, key: ObjectKey, shape: EndpointSliceShape, place: str) -> None:
    """Name what a slice lists beside addresses (addressType FQDN): no A or AAAA record can hold it."""
    lost = [text for each in shape.endpoints or () for text in each.addresses or () if not canonical(text)]
    if lost:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        reason = f"left out, being no IP address: {shorten(lost[0])}{more}"
        contents.problems.append(Problem(contents.path, place, object_text(key), reason))
