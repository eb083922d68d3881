"""How objects look on the wire: list items, events, bookmarks, whole or as metadata only.

Objects in, JSON out; what is sent to whom is decided elsewhere.
"""

import json
from collections.abc import Iterable

from tests.apiserver.resources import Object, Resource
from tests.apiserver.statuses import not_acceptable

WHOLE, PARTIAL, PARTIAL_LIST = "", "PartialObjectMetadata", "PartialObjectMetadataList"

INITIAL_EVENTS_END = "k8s.io/initial-events-end"


def read_accept(header: str, *, is_collection: bool) -> str:
    """Return the first shape of an Accept header that is offered; raise 406 if there is none."""
    for clause in (header or "*/*").split(","):
        media, *rest = (part.strip() for part in clause.split(";"))
        shape = dict(part.split("=", 1) for part in rest if "=" in part).get("as", WHOLE)
        if media in ("application/json", "application/*", "*/*") and shape in (WHOLE, PARTIAL, PARTIAL_LIST):
            return shape
    raise not_acceptable(has_streams=is_collection)


def encode(tree: object) -> bytes:
    """Return one line of JSON, its end included."""
    return json.dumps(tree, separators=(",", ":")).encode() + b"\n"


def list_of(resource: Resource, shape: str, items: Iterable[Object], metadata: Object) -> Object:
    """Return a list object. Its items do not say their kind, unless they are metadata only."""
    if shape == WHOLE:
        head: Object = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version}
        bare = [{key: value for key, value in item.items() if key not in _TYPE} for item in items]
        return head | {"metadata": metadata, "items": bare}
    head = {"kind": PARTIAL_LIST, "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
    return head | {"items": [shaped(item, PARTIAL) for item in items]}


def shaped(obj: Object, shape: str) -> Object:
    if shape == WHOLE:
        return {key: obj[key] for key in _TYPE if key in obj} | obj
    return {"kind": PARTIAL, "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def bookmark(resource: Resource, version: int, shape: str, *, ends_initial: bool = False) -> bytes:
    """Return the line of a bookmark: a blank object of its resource that has a version only."""
    metadata: Object = {"resourceVersion": str(version)}
    if ends_initial:
        metadata["annotations"] = {INITIAL_EVENTS_END: "true"}
    blank = {
        "kind": resource.kind,
        "apiVersion": resource.api_version,
        "metadata": metadata,
        **resource.blank,
    }
    return encode({"type": "BOOKMARK", "object": shaped(blank, shape)})


_TYPE = ("kind", "apiVersion")
